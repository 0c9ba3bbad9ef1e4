// A publication is dragged to another day and keeps its hour. Everything is also possible by « Reporter… ».
"use strict";

const grid = document.getElementById("calendar");
let dragged = null;

function dayUnder(event) {
  return event.target.closest ? event.target.closest(".cal-day") : null;
}

function unmark() {
  grid.querySelectorAll(".is-over").forEach((day) => day.classList.remove("is-over"));
}

grid.addEventListener("dragstart", (event) => {
  dragged = event.target.closest("[data-move]");
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.move);
  dragged.classList.add("is-dragged");
});

grid.addEventListener("dragend", () => {
  if (dragged) dragged.classList.remove("is-dragged");
  dragged = null;
  unmark();
});

grid.addEventListener("dragover", (event) => {
  const day = dayUnder(event);
  if (!dragged || !day) return;
  event.preventDefault();
  if (!day.classList.contains("is-over")) {
    unmark();
    day.classList.add("is-over");
  }
});

grid.addEventListener("drop", (event) => {
  const day = dayUnder(event);
  if (!dragged || !day) return;
  event.preventDefault();
  if (day === dragged.closest(".cal-day")) return;
  htmx.ajax("POST", dragged.dataset.move, {
    source: grid,
    target: "#modal-content",
    select: "#dialog",
    values: {
      day: day.dataset.day,
      csrfmiddlewaretoken: grid.querySelector("[name=csrfmiddlewaretoken]").value,
    },
  });
});

// A window arrives only when there is something to ask or to say; otherwise the page is drawn again.
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "modal-content") grid.dispatchEvent(new CustomEvent("window-ready"));
});

// An agenda begins where we are, not on the first of the month.
if (window.matchMedia("(max-width: 767px)").matches) {
  const today = grid.querySelector(".is-today");
  const days = [...grid.querySelectorAll(".cal-day:not(.is-empty):not(.is-outside)")];
  const next = today && days.find((day) => day.dataset.day >= today.dataset.day);
  if (next && next !== days[0]) next.scrollIntoView({ block: "start" });
}
