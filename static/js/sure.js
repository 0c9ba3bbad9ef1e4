// Two taps before what guests notice at once: the first asks, the second does. A list that is searched as one types. And what
// was opened stays so.
"use strict";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-sure]");
  if (!button || button.classList.contains("is-sure")) return;
  event.preventDefault();
  event.stopPropagation();
  const words = button.innerHTML;
  button.classList.add("is-sure");
  button.textContent = button.dataset.sure;
  window.setTimeout(() => {
    button.classList.remove("is-sure");
    button.innerHTML = words;
  }, 4000);
}, true);

document.querySelectorAll("[data-searches]").forEach((search) => {
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  search.addEventListener("input", () => {
    document.querySelectorAll("[data-name]").forEach((row) => {
      row.hidden = !plain(row.dataset.name).includes(plain(search.value.trim()));
    });
  });
});

// What a reader opened stays open when it is drawn again beneath the eyes.
let opened = "";
document.addEventListener("htmx:beforeSwap", (event) => {
  opened = event.detail.target.matches("details[id][open]") ? event.detail.target.id : "";
});
document.addEventListener("htmx:afterSwap", () => {
  if (opened) document.getElementById(opened)?.setAttribute("open", "");
  opened = "";
});
