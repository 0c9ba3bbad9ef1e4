// The composer: pictures are sent as soon as they are chosen, a cure is taken in one click. htmx asks for the previews.
"use strict";

const form = document.getElementById("composer");
const previews = document.getElementById("previews");
const pictures = document.getElementById("pictures");
const accepted = document.getElementById("accepted");
const fault = document.getElementById("picture-fault");
const files = document.getElementById("picture-files");
const address = document.getElementById("picture-url");

function refresh() {
  htmx.trigger(previews, "preview");
}

function tell(text) {
  fault.textContent = text;
  fault.hidden = !text;
}

async function send(name, value) {
  const data = new FormData();
  data.append(name, value);
  data.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
  const response = await fetch(form.dataset.picture, { method: "POST", body: data });
  if (!response.ok) return "L'image n'a pas pu être envoyée : rechargez la page, puis réessayez.";
  const answer = await response.json();
  if (answer.line) pictures.insertAdjacentHTML("beforeend", answer.line);
  return answer.fault || "";
}

async function add(name, values) {
  tell("");
  const faults = [];
  for (const value of values) {
    try {
      const said = await send(name, value);
      if (said) faults.push(said);
    } catch {
      faults.push("Le serveur ne répond pas : vérifiez la connexion, puis réessayez.");
    }
  }
  tell(faults.join(" "));
  refresh();
  return faults.length === 0;
}

// The theme's own listener wants a text field beside every file field, and there is none here.
files.hasChangeListener = true;
files.addEventListener("change", async (event) => {
  event.stopPropagation();
  const chosen = [...files.files];
  files.value = "";
  await add("file", chosen);
});

async function addAddress() {
  if (address.value.trim() && (await add("url", [address.value.trim()]))) address.value = "";
}

document.getElementById("picture-add").addEventListener("click", addAddress);
address.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  addAddress();
});
// What is typed here says nothing yet.
address.addEventListener("input", (event) => event.stopPropagation());

pictures.addEventListener("click", (event) => {
  const row = event.target.closest(".write-picture");
  if (event.target.closest("[data-remove]")) row.remove();
  else if (event.target.closest("[data-up]") && row.previousElementSibling) row.previousElementSibling.before(row);
  else return;
  refresh();
});

previews.addEventListener("click", (event) => {
  const take = event.target.closest("[data-accept]");
  const undo = event.target.closest("[data-undo]");
  if (take) {
    const choice = document.createElement("input");
    Object.assign(choice, { type: "hidden", name: "accept", value: take.dataset.accept });
    accepted.append(choice);
  } else if (undo) {
    accepted.querySelectorAll("input").forEach((choice) => choice.value === undo.dataset.undo && choice.remove());
  } else return;
  refresh();
});

form.addEventListener("change", (event) => {
  const target = event.target;
  if (target.name === "platforms") {
    form.querySelector(`[data-own="${target.value}"]`).hidden = !target.checked;
  } else if (target.name === "when") {
    const button = form.querySelector("[data-now]");
    if (button) button.textContent = target.value === "later" ? button.dataset.later : button.dataset.now;
  } else if (target.name === "at" && target.value) {
    form.querySelector("[name=when][value=later]").click();
  }
});

// Writing a text of one's own means that it is wanted.
form.addEventListener("input", (event) => {
  if (!event.target.name || !event.target.name.startsWith("own_body_")) return;
  const slug = event.target.name.slice("own_body_".length);
  form.querySelector(`[name="own_${slug}"]`).checked = event.target.value.trim() !== "";
});
