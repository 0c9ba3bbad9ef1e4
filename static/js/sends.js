// Writing to guests: dates appear where they are asked for, and the sample fills the values in one click.
"use strict";

const sendForm = document.getElementById("send");
const dates = sendForm.querySelector(".send-dates");
const until = sendForm.querySelector(".send-until");

sendForm.addEventListener("change", (event) => {
  if (event.target.name !== "when") return;
  dates.hidden = event.target.value === "now";
  until.hidden = event.target.value !== "best";
});

document.getElementById("forecast").addEventListener("click", (event) => {
  const button = event.target.closest("[data-sample]");
  if (!button) return;
  sendForm.querySelector("[name=data]").value = button.dataset.sample;
  htmx.trigger(sendForm, "change");
});

// A session that ended meanwhile leads to the form to sign in, and back here: what was chosen is put back.
const KEPT = "vm-send";
const asked = ["template", "audience", "data", "at", "until"];

sendForm.addEventListener("submit", () => {
  const chosen = Object.fromEntries(asked.map((name) => [name, sendForm.elements[name].value]));
  const boxes = [...sendForm.querySelectorAll("[type=checkbox], [type=radio]")].filter((box) => box.checked);
  chosen.boxes = boxes.map((box) => `${box.name}=${box.value}`);
  sessionStorage.setItem(KEPT, JSON.stringify(chosen));
});

const kept = JSON.parse(sessionStorage.getItem(KEPT) || "null");
sessionStorage.removeItem(KEPT);
if (kept && document.referrer.startsWith(`${location.origin}/admin/login/`)) {
  asked.forEach((name) => { sendForm.elements[name].value = kept[name]; });
  sendForm.querySelectorAll("[type=checkbox], [type=radio]").forEach((box) => {
    box.checked = kept.boxes.includes(`${box.name}=${box.value}`);
  });
  const when = sendForm.querySelector("[name=when]:checked");
  if (when) when.dispatchEvent(new Event("change", { bubbles: true }));
}
