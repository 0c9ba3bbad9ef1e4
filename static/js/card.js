// The card's editor: order by dragging or by arrows, filters, sheets.
// Every change is a small POST; what could not be sent stays on the page and is said.
"use strict";

const card = document.getElementById("card");
const list = document.getElementById("card-list");
const panel = document.getElementById("card-panel");
const lost = document.getElementById("card-lost");

// --- Order ------------------------------------------------------------------------------------------------------------

function siblings(row) {
  return [...row.parentElement.children].filter((one) => one.dataset.kind === row.dataset.kind);
}

function tellPlace(row) {
  const following = siblings(row)[siblings(row).indexOf(row) + 1];
  const values = { before: following ? following.dataset.pk : "" };
  const part = row.parentElement.closest(".card-part");
  if (row.dataset.kind === "plat" && part) values.category = part.dataset.pk;
  htmx.ajax("POST", `${card.dataset.base}${row.dataset.kind}/${row.dataset.pk}/deplacer/`, {
    source: list, target: "#card-told", swap: "none", values,
  });
}

function step(row, by) {
  const rows = siblings(row);
  const other = rows[rows.indexOf(row) + by];
  if (other) {
    if (by < 0) other.before(row);
    else other.after(row);
  } else if (row.dataset.kind === "plat") {
    // Past the last dish comes the next part of the card.
    const parts = [...document.querySelectorAll("#card-parts > .card-part")];
    const next = parts[parts.indexOf(row.closest(".card-part")) + by];
    if (!next) return;
    const dishes = next.querySelector(".card-dishes");
    if (by < 0) dishes.append(row);
    else dishes.prepend(row);
  } else return;
  tellPlace(row);
  row.querySelector(`[data-step="${by}"]`)?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

// Pointers rather than the browser's own drag: fingers, pens and mice alike, on every tablet.
let dragged = null;
let startParent = null;
let startNext = null;
let scroller = 0;

// By height alone: what floats over the page, or a finger beside it, changes nothing.
function dropPlace(y) {
  let rows = [...dragged.parentElement.children];
  let into = dragged.parentElement;
  if (dragged.dataset.kind === "plat") {
    const parts = [...document.querySelectorAll("#card-parts > .card-part:not([hidden])")];
    const part = parts.find((one) => y < one.getBoundingClientRect().bottom) || parts.at(-1);
    into = part.querySelector(".card-dishes");
    rows = [...into.children];
  }
  const others = rows.filter((one) => one !== dragged && one.dataset.kind === dragged.dataset.kind);
  const next = others.find((one) => {
    const box = one.getBoundingClientRect();
    return y < box.top + box.height / 2;
  });
  const last = others.at(-1);
  if (next && next.previousElementSibling !== dragged) next.before(dragged);
  else if (!next && last && last.nextElementSibling !== dragged) last.after(dragged);
  else if (!next && !last && dragged.parentElement !== into) into.append(dragged);
}

card.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest(".card-grip");
  if (!grip || event.button > 0) return;
  event.preventDefault();
  dragged = grip.closest("[data-kind]");
  startParent = dragged.parentElement;
  startNext = dragged.nextElementSibling;
  dragged.classList.add("is-dragged");
  if (dragged.dataset.kind === "categorie") {
    // Folded, the parts fit on the screen; the one that is held stays under the finger.
    list.classList.add("is-sorting");
    window.scrollBy(0, dragged.getBoundingClientRect().top - event.clientY + 20);
  }
});

document.addEventListener("pointermove", (event) => {
  if (!dragged) return;
  dropPlace(event.clientY);
  window.clearInterval(scroller);
  const edge = event.clientY < 48 ? -14 : event.clientY > window.innerHeight - 48 ? 14 : 0;
  if (edge) {
    scroller = window.setInterval(() => {
      window.scrollBy(0, edge);
      if (dragged) dropPlace(event.clientY);
    }, 16);
  }
});

function endDrag(isKept) {
  if (!dragged) return;
  const row = dragged;
  dragged = null;
  window.clearInterval(scroller);
  row.classList.remove("is-dragged");
  list.classList.remove("is-sorting");
  if (!isKept) startParent.insertBefore(row, startNext);
  else if (row.parentElement !== startParent || row.nextElementSibling !== startNext) tellPlace(row);
}

document.addEventListener("pointerup", () => endDrag(true));
document.addEventListener("pointercancel", () => endDrag(false));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (dragged) endDrag(false);
  else if (panel.childElementCount && !isWriting(event.target)) closePanel();
});

function isWriting(target) {
  return target.closest("input, textarea, select") !== null;
}

card.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step]");
  if (button) step(button.closest("[data-kind]"), Number(button.dataset.step));
});

// --- Filters ----------------------------------------------------------------------------------------------------------

const search = document.getElementById("card-search");
let flag = "";

function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

function filter() {
  const wanted = plain(search.value.trim());
  let shown = 0;
  document.querySelectorAll("#card-parts > .card-part").forEach((part) => {
    let inPart = 0;
    part.querySelectorAll(".card-dish").forEach((dish) => {
      const name = dish.querySelector(".card-name")?.value || "";
      const isThere = (!flag || dish.dataset.flags.split(" ").includes(flag)) && plain(name).includes(wanted);
      dish.hidden = !isThere;
      inPart += isThere;
    });
    part.hidden = !inPart && Boolean(flag || wanted);
    shown += inPart;
  });
  const isFiltered = Boolean(flag || wanted);
  list.classList.toggle("is-filtered", isFiltered);
  list.querySelector(".card-nothing").hidden = !isFiltered || shown > 0;
}

function count() {
  document.querySelectorAll(".card-filter[data-flag]").forEach((button) => {
    const number = button.querySelector("[data-count]");
    if (number) number.textContent = document.querySelectorAll(`#card-parts .card-dish[data-flags~="${button.dataset.flag}"]`).length;
  });
}

search.addEventListener("input", filter);
document.querySelectorAll(".card-filter").forEach((button) => {
  button.addEventListener("click", () => {
    flag = button.dataset.flag;
    document.querySelectorAll(".card-filter").forEach((one) => one.setAttribute("aria-pressed", String(one === button)));
    filter();
  });
});
card.querySelector("[data-go]")?.addEventListener("change", (event) => window.location.assign(event.target.value));

// --- Sheets -----------------------------------------------------------------------------------------------------------

let isDirty = false;
let opener = null;

function closePanel() {
  if (isDirty && !window.confirm("Fermer sans enregistrer ce que vous venez d'écrire ?")) return;
  panel.replaceChildren();
  isDirty = false;
  document.body.classList.remove("has-sheet");
  if (opener?.isConnected) opener.focus({ preventScroll: true });
}

panel.addEventListener("input", (event) => {
  if (event.target.closest("[data-watch]")) isDirty = true;
});

panel.addEventListener("click", (event) => {
  const target = event.target;
  if (target.closest("[data-close]")) closePanel();
  const add = target.closest("[data-add]");
  if (add) {
    const lines = add.closest("[data-lines]");
    const template = [...lines.children].find((one) => one.tagName === "TEMPLATE");
    const mark = template.innerHTML.includes("__n__") ? "__n__" : "__m__";
    const holder = document.createElement("div");
    holder.innerHTML = template.innerHTML.replaceAll(mark, String(Date.now() % 1e8));
    const line = holder.firstElementChild;
    template.before(line);
    isDirty = true;
    htmx.process(line);
    line.querySelector("input:not([type=hidden]), select")?.focus();
  }
  const raise = target.closest("[data-raise]");
  if (raise) {
    const line = raise.closest(".card-line");
    const above = line.previousElementSibling;
    if (above?.matches(".card-line")) {
      above.before(line);
      raise.focus({ preventScroll: true });
      isDirty = true;
    }
  }
  const drop = target.closest("[data-drop]");
  if (drop) {
    drop.closest(".card-line").remove();
    isDirty = true;
  }
});

document.body.addEventListener("htmx:beforeRequest", (event) => {
  const from = event.detail.elt;
  if (event.detail.target !== panel || panel.contains(from)) return;
  if (isDirty && !window.confirm("Quitter cette fiche sans enregistrer ce que vous venez d'écrire ?")) event.preventDefault();
  else opener = from;
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === panel) {
    isDirty = panel.querySelector("[data-watch] [role=alert]") !== null;
    document.body.classList.toggle("has-sheet", panel.childElementCount > 0);
    panel.scrollTop = 0;
    panel.querySelector("[role=alert], h2")?.focus({ preventScroll: true });
  }
});

document.body.addEventListener("htmx:afterSettle", () => {
  count();
  if (flag || search.value) filter();
});

document.body.addEventListener("htmx:afterRequest", (event) => {
  const from = event.detail.elt;
  if (!event.detail.successful) return;
  if (from.matches("[data-closes]") && event.detail.xhr.getResponseHeader("HX-Reswap") !== "none") {
    isDirty = false;
    closePanel();
  }
  if (from.matches("[data-empties]") && event.detail.xhr.getResponseHeader("HX-Reswap") !== "none") from.reset();
});

// --- Nothing is lost --------------------------------------------------------------------------------------------------

const waiting = new Set();

function keep(event) {
  const from = event.detail.elt;
  if (!card.contains(from) || from.id === "card-bar") return;
  if (from.matches(".card-name, .card-price")) {
    waiting.add(from);
    from.setAttribute("aria-invalid", "true");
  } else if (from === list) {
    waiting.add(null);
  }
  lost.hidden = false;
}

["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach((name) => document.body.addEventListener(name, keep));

lost.querySelector("[data-again]").addEventListener("click", () => {
  lost.hidden = true;
  const fields = [...waiting];
  waiting.clear();
  // An order that was not kept is read back from the server.
  if (fields.includes(null)) window.location.reload();
  fields.filter(Boolean).forEach((field) => htmx.trigger(field, "change"));
});

window.addEventListener("beforeunload", (event) => {
  if (waiting.size || isDirty) event.preventDefault();
});

// A name is one line: Enter means that it is finished.
card.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches(".card-name")) {
    event.preventDefault();
    event.target.blur();
  }
});

// Ticking an allergen says that they are known.
card.addEventListener("change", (event) => {
  if (!event.target.matches('input[name="allergens"]') || !event.target.checked) return;
  const declared = event.target.closest("fieldset").querySelector('.card-states [value="declared"]');
  if (declared) declared.checked = true;
});
