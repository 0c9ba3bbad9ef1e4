// The editor of templates: which channel is shown, what is inserted where one was writing. htmx asks for the previews.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const panel = document.getElementById("template-panel");
  const form = document.getElementById("messagetemplate_form");
  if (!panel || !form) return;
  const preview = document.getElementById("template-preview");
  const guest = document.getElementById("template-guest");
  const search = document.getElementById("template-search");
  const guests = document.getElementById("template-guests");
  const texts = ["subject", "body_html", "body_text", "sms_body", "push_body"];
  let writing = document.getElementById("id_body_html");

  function refresh() {
    htmx.trigger(preview, "preview");
  }

  function press(name, value) {
    panel.querySelectorAll(`[data-${name}]`).forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset[name] === value));
    });
  }

  function show(view) {
    panel.dataset.view = view;
    press("show", view);
    fit();
  }

  /* A page of 680 pixels drawn in what room there is. */
  function fit() {
    const stage = panel.querySelector(".tpl-stage");
    const frame = panel.querySelector(".tpl-frame");
    if (!stage || !frame || !stage.clientWidth) return;
    const width = panel.dataset.width === "desk" ? 680 : 390;
    const scale = Math.min(1, stage.clientWidth / width);
    frame.style.transform = scale < 1 ? `scale(${scale})` : "none";
    frame.style.height = `${Math.round(stage.clientHeight / scale)}px`;
    frame.style.marginLeft = scale < 1 ? "0" : "auto";
  }

  function changed(field) {
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function insert(text) {
    const field = writing || document.getElementById("id_sms_body");
    if (!field || field.disabled || field.readOnly) return;
    field.focus();
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    changed(field);
  }

  function goTo(field, line, column) {
    const wanted = document.getElementById(`id_${field}`);
    if (!wanted) return;
    const closed = wanted.closest("details:not([open])");
    if (closed) closed.open = true;
    const before = wanted.value.split("\n").slice(0, Math.max(0, line - 1));
    const start = before.reduce((sum, row) => sum + row.length + 1, 0) + Math.max(0, column - 1);
    wanted.focus();
    wanted.setSelectionRange(start, start + 2);
    wanted.scrollIntoView({ block: "center" });
  }

  function choose(button) {
    guest.value = button.dataset.guest;
    search.value = button.dataset.name;
    guests.replaceChildren();
    refresh();
  }

  form.addEventListener("focusin", (event) => {
    if (texts.includes(event.target.name)) writing = event.target;
  });

  panel.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const told = button.dataset;
    if (told.show) show(told.show);
    else if (told.size) {
      panel.dataset.width = told.size;
      press("size", told.size);
      fit();
    } else if (told.insert) insert(told.insert);
    else if (told.field) goTo(told.field, Number(told.line), Number(told.column));
    else if (told.guest) choose(button);
    else if (told.replace) {
      const field = document.getElementById(`id_${told.replace}`);
      field.value = told.text;
      changed(field);
    }
  });

  document.getElementById("template-dark").addEventListener("change", refresh);
  // A name wiped out means the example again.
  if (search) {
    search.addEventListener("input", () => {
      if (search.value.trim() || !guest.value) return;
      guest.value = "";
      refresh();
    });
  }
  // The address is chosen in the panel, and Enter there must not send the form.
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target === search) event.preventDefault();
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.target === preview) fit();
  });
  window.addEventListener("resize", fit);
  press("show", panel.dataset.view);
  fit();
});
