// The inbox by keyboard, and saved answers put where the cursor is. The page is complete without it.
"use strict";

const box = document.getElementById("inbox");
const links = [...box.querySelectorAll(".inbox-row > a")];
const reply = document.getElementById("reply");

function isWriting(target) {
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

function step(by) {
  const focused = links.indexOf(document.activeElement);
  const current = focused >= 0 ? focused : links.findIndex((link) => link.hasAttribute("aria-current"));
  const next = links[Math.min(Math.max(current + by, 0), links.length - 1)];
  if (next) next.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
  const key = event.key.toLowerCase();
  if (key === "j") step(1);
  else if (key === "k") step(-1);
  else if (key === "r" && reply) reply.focus();
  else if (key === "l") box.querySelector("[data-key=l]")?.click();
  else return;
  event.preventDefault();
});

box.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (!button || !reply) return;
  reply.setRangeText(button.dataset.insert, reply.selectionStart, reply.selectionEnd, "end");
  button.closest("details").open = false;
  reply.focus();
});

box.querySelector(".inbox-row.is-selected")?.scrollIntoView({ block: "nearest" });
