// A rule's actions: of each, only the questions of the kind that is chosen. Fields are named « kind__question ».
"use strict";

(() => {
  const KIND = "select[name^='actions-'][name$='-kind']";
  const OF_KIND = /^actions-(?:\d+|__prefix__)-([a-z0-9_-]+?)__/;

  // A question with its label: the largest block that holds it and not the choice of the kind.
  const lineOf = (field, kind) => {
    let block = field;
    while (block.parentElement && !block.parentElement.contains(kind)) block = block.parentElement;
    return block;
  };

  const show = (kind) => {
    const action = kind.closest(".form-group");
    if (!action) return;
    action.querySelectorAll("[name]").forEach((field) => {
      const found = OF_KIND.exec(field.name);
      if (found) lineOf(field, kind).hidden = found[1] !== kind.value;
    });
  };

  const showAll = () => document.querySelectorAll(KIND).forEach(show);

  document.addEventListener("change", (event) => {
    if (event.target.matches(KIND)) show(event.target);
  });
  document.addEventListener("formset:added", showAll);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", showAll);
  else showAll();
})();
