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
