// The public card: ticking a box hides, sets apart and counts at once, as the server does for browsers without script
// (menus/page/filtering.py). In the frame of another site it also says how tall it is.
"use strict";

const form = document.getElementById("card-filter");
const isFramed = document.body.classList.contains("framed");
const NAMES = { avoid: "sans", diet: "regime" };

if (isFramed && parent !== window) {
  const tell = () =>
    parent.postMessage({ about: "carte-hauteur", height: document.documentElement.offsetHeight }, "*");
  new ResizeObserver(tell).observe(document.documentElement);
}
if (form) start();

async function start() {
  const list = document.getElementById("card-list");
  const print = form.querySelector(".print");
  print.hidden = isFramed;
  print.addEventListener("click", () => window.print());
  // Until the whole card is here, the button asks the server, as without a script.
  const isFiltered = list.dataset.isFiltered === "yes";
  const isWhole = !isFiltered || (await fetchWhole(list));
  form.querySelector("[type=submit]").hidden = true;
  form.classList.add("is-live");
  if (!isWhole) {
    // What was left out is not here: each choice asks the server again.
    form.addEventListener("change", () => form.submit());
    return;
  }
  const apply = filtering();
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });
  form.querySelector(".reset").addEventListener("click", (event) => {
    event.preventDefault();
    for (const box of form.querySelectorAll("input:checked")) box.checked = false;
    apply();
    form.querySelector("summary").focus();
  });
  // Also what the browser kept ticked when a guest came back, and what was unticked while the card came.
  if (isFiltered || form.querySelector("input:checked")) apply();
}

async function fetchWhole(list) {
  try {
    const answer = await fetch(list.dataset.whole, { credentials: "omit" });
    if (!answer.ok) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    list.replaceChildren(...page.getElementById("card-list").childNodes);
    return true;
  } catch {
    return false;
  }
}

function filtering() {
  const words = JSON.parse(document.getElementById("filter-words").textContent);
  const told = form.querySelector(".told");
  const asked = document.getElementById("a-demander");
  const parts = [...document.querySelectorAll("#card > .part")];
  const homes = parts.map((part) => [part.querySelector(".dishes"), [...part.querySelectorAll(".dish")]]);

  return function apply() {
    const wanted = { avoid: ticked(NAMES.avoid), diet: ticked(NAMES.diet) };
    const counts = { shown: 0, ask: 0, allergens: 0, diets: 0 };
    const apart = [];
    for (const [home, dishes] of homes) {
      for (const dish of dishes) {
        const fate = fateOf(dish, wanted);
        counts[fate] += 1;
        dish.hidden = fate === "allergens" || fate === "diets";
        if (fate === "ask") apart.push(dish);
        else home.append(dish);
        trimChoices(dish, wanted);
      }
    }
    asked.querySelector(".dishes").replaceChildren(...apart);
    asked.hidden = apart.length === 0;
    hideEmptyParts();
    say(wanted, counts);
    keepInAddress(wanted);
  };

  // A part stays while it, or a part under it, has something left.
  function hideEmptyParts() {
    let isInsideKept = false;
    for (const part of [...parts].reverse()) {
      const isInner = part.classList.contains("inner");
      const hasDishes = part.querySelector(".dish:not([hidden])") !== null;
      part.hidden = !hasDishes && !(isInsideKept && !isInner);
      isInsideKept = isInner && (hasDishes || isInsideKept);
      document.querySelector(`.sections a[href="#${part.id}"]`).hidden = part.hidden;
    }
  }

  function say(wanted, counts) {
    const isWanted = wanted.avoid.size + wanted.diet.size > 0;
    form.querySelector(".reset").hidden = !isWanted;
    const sentences = [];
    if (isWanted) {
      sentences.push(counts.shown ? counted("shown", counts.shown) : words.shown_none);
      if (counts.allergens) sentences.push(counted("allergens", counts.allergens, labels(NAMES.avoid)));
      if (counts.diets) sentences.push(counted("diets", counts.diets, labels(NAMES.diet).toLowerCase()));
      if (counts.ask) sentences.push(counted("ask", counts.ask));
    }
    told.replaceChildren(
      ...sentences.map((sentence) => {
        const line = document.createElement("span");
        line.textContent = sentence;
        return line;
      }),
    );
  }

  function counted(name, number, ...more) {
    const values = number === 1 ? more : [number, ...more];
    return words[`${name}_${number === 1 ? "one" : "many"}`].replace(/\{\}/g, () => values.shift());
  }
}

// --- What becomes of a dish ---------------------------------------------------------------------------------------------

function fateOf(dish, wanted) {
  const groups = [...dish.querySelectorAll(".choices[data-required]")].map((group) => [...group.querySelectorAll("li")]);
  if (!("formula" in dish.dataset)) {
    const own = fateOfOne(dish, wanted);
    const isPossible = groups.every((choices) => choices.some((choice) => !isRisky(choice, wanted)));
    return own !== "shown" || isPossible ? own : "allergens";
  }
  let worst = "shown";
  for (const choices of groups) {
    const fates = choices.map((choice) => fateOfOne(choice, wanted));
    if (fates.includes("shown")) continue;
    if (!fates.includes("ask")) return fates.includes("allergens") ? "allergens" : "diets";
    worst = "ask";
  }
  return worst;
}

function fateOfOne(entry, wanted) {
  if (isRisky(entry, wanted)) return "allergens";
  const diets = new Set(entry.dataset.diets.split(" "));
  if ([...wanted.diet].some((diet) => !diets.has(diet))) return "diets";
  return wanted.avoid.size && "unknown" in entry.dataset ? "ask" : "shown";
}

function isRisky(entry, wanted) {
  return entry.dataset.risks.split(" ").some((code) => wanted.avoid.has(code));
}

function trimChoices(dish, wanted) {
  // Options have no diets of their own.
  const asked = "formula" in dish.dataset ? wanted : { avoid: wanted.avoid, diet: new Set() };
  for (const group of dish.querySelectorAll(".choices")) {
    for (const choice of group.querySelectorAll("li")) {
      const fate = fateOfOne(choice, asked);
      choice.hidden = fate === "allergens" || fate === "diets";
      const mark = choice.querySelector(".ask-mark");
      if (mark) mark.hidden = fate !== "ask";
    }
    group.hidden = group.querySelector("li:not([hidden])") === null;
  }
}

// --- The form and the address -------------------------------------------------------------------------------------------

function ticked(name) {
  return new Set([...form.querySelectorAll(`[name=${name}]:checked`)].map((box) => box.value));
}

function labels(name) {
  const boxes = [...form.querySelectorAll(`[name=${name}]:checked`)];
  return boxes.map((box) => box.closest("label").textContent.trim()).join(", ");
}

// The address can be shared, printed and kept; the other language has the same filter.
function keepInAddress(wanted) {
  for (const link of document.querySelectorAll("[data-keeps-filter]")) link.href = withFilter(link.href, wanted);
  if (isFramed) return;
  history.replaceState(history.state, "", withFilter(location.href, wanted));
}

function withFilter(address, wanted) {
  const url = new URL(address);
  url.searchParams.delete(NAMES.avoid);
  url.searchParams.delete(NAMES.diet);
  for (const code of wanted.avoid) url.searchParams.append(NAMES.avoid, code);
  for (const code of wanted.diet) url.searchParams.append(NAMES.diet, code);
  return url.href;
}
