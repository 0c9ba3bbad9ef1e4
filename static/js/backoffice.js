/* On a telephone each cell of a table carries its heading: it begins with a capital, and only its first word does. */
function nameCells(root) {
  root.querySelectorAll("[data-label]").forEach((cell) => {
    const label = cell.dataset.label;
    if (label && !label.startsWith("<")) {
      cell.dataset.label = label.charAt(0).toLocaleUpperCase("fr") + label.slice(1);
    }
  });
}

document.addEventListener("DOMContentLoaded", () => nameCells(document));
