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

/* Whoever signed in again in another tab has a new token; a page that was open before still carries the old one. */
function currentToken() {
  return (document.cookie.match(/(?:^|; )csrftoken=([^;]+)/) || [])[1] || "";
}

document.addEventListener("submit", (event) => {
  const token = currentToken();
  event.target.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((field) => { field.value = token || field.value; });
}, true);

document.addEventListener("htmx:configRequest", (event) => {
  const token = currentToken();
  if (!token) return;
  event.detail.headers["X-CSRFToken"] = token;
  if (event.detail.parameters.csrfmiddlewaretoken) event.detail.parameters.csrfmiddlewaretoken = token;
});

/* Signed out meanwhile: what is being written stays, a line says how to go on. */
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status !== 401 || document.querySelector(".bo-signed-out")) return;
  const line = document.createElement("div");
  line.className = "bo-alert bo-alert-bad bo-signed-out";
  line.setAttribute("role", "alert");
  line.innerHTML = event.detail.xhr.responseText;
  document.body.append(line);
});
document.addEventListener("htmx:afterOnLoad", (event) => {
  if (event.detail.xhr.status < 400) document.querySelector(".bo-signed-out")?.remove();
});
