// Two taps before what guests notice at once: the first asks, the second does. And a list that is searched as one types.
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
