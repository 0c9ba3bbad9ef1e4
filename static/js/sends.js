// Writing to guests: dates appear where they are asked for, each value of the template has its field, and the sample
// fills them in one click.
"use strict";

const sendForm = document.getElementById("send");
const dates = sendForm.querySelector(".send-dates");
const until = sendForm.querySelector(".send-until");

sendForm.addEventListener("change", (event) => {
  if (event.target.name !== "when") return;
  dates.hidden = event.target.value === "now";
  until.hidden = event.target.value !== "best";
});

// One field for each value. What is sent are the lines « name : value » behind them, which are shown instead where a
// value does not fit in a line, or where somebody wrote something else there.
const forecast = document.getElementById("forecast");
const lines = sendForm.elements.data;
const byHand = lines.closest(".bo-field");
const fields = document.getElementById("send-values");
const LINE = /^\s*([\p{L}_][\p{L}\p{N}_]*)\s*:(.*)$/u;
// Whatever was typed for any template: changing one's mind twice loses nothing.
const typed = new Map();

const parted = (text) => text.split("\n").filter((line) => line.trim()).map((line) => LINE.exec(line));
const valuesOf = (text) => parted(text).filter(Boolean).map(([, name, value]) => [name, value.trim()]);
const inputs = () => [...fields.querySelectorAll("input")];

function gather() {
  inputs().forEach((input) => typed.set(input.dataset.name, input.value.trim()));
  const given = inputs().map((input) => input.dataset.name).filter((name) => typed.get(name));
  lines.value = given.map((name) => `${name} : ${typed.get(name)}`).join("\n");
}

function spread() {
  valuesOf(lines.value).forEach(([name, value]) => typed.set(name, value));
  inputs().forEach((input) => { input.value = typed.get(input.dataset.name) || ""; });
}

function field([name, example]) {
  const label = document.createElement("label");
  const said = document.createElement("span");
  const input = document.createElement("input");
  said.textContent = name;
  Object.assign(input, { className: "bo-input", type: "text", placeholder: example, autocomplete: "off" });
  input.dataset.name = name;
  label.append(said, input);
  return label;
}

forecast.addEventListener("htmx:afterSwap", () => {
  const told = forecast.querySelector("[data-values]");
  if (!told) return;
  const asked = valuesOf(told.dataset.values);
  const fits = asked.length > 0 && parted(told.dataset.values).every(Boolean) && parted(lines.value).every(Boolean);
  fields.hidden = !fits;
  byHand.hidden = fits;
  if (!fits || inputs().map((input) => input.dataset.name).join() === asked.map(([name]) => name).join()) return;
  fields.querySelectorAll("label").forEach((label) => label.remove());
  fields.append(...asked.map(field));
  const before = lines.value;
  spread();
  gather();
  if (lines.value !== before) htmx.trigger(sendForm, "change");
});

fields.addEventListener("input", gather);

forecast.addEventListener("click", (event) => {
  const button = event.target.closest("[data-sample]");
  if (!button) return;
  lines.value = button.dataset.sample;
  spread();
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
