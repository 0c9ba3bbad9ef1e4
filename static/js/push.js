// The button of notifications: there only where the browser can and the restaurant does; asks only when pressed.
"use strict";

const ADDRESS = "/notifications/abonnement/";
const block = document.querySelector("[data-push]");

if (block && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window) {
  prepare(block);
}

async function prepare(block) {
  const answer = await fetch("/notifications/cle/?discret");
  if (answer.status !== 200) return;
  const { key, wording } = await answer.json();
  const wanted = document.createElement("p");
  wanted.textContent = wording;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet-button";
  const said = document.createElement("p");
  said.setAttribute("role", "status");
  block.append(wanted, button, said);

  const known = await current();
  display(Boolean(known));
  block.hidden = false;

  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      said.textContent = button.dataset.is === "on" ? await leave() : await join();
    } catch {
      said.textContent = "Cela n'a pas marché. Vérifiez votre connexion, puis réessayez.";
    }
    button.disabled = false;
  });

  function display(isOn) {
    button.dataset.is = isOn ? "on" : "off";
    button.textContent = isOn ? "Ne plus recevoir de notifications" : "Recevoir les notifications sur cet appareil";
    wanted.hidden = isOn;
  }

  async function join() {
    if ((await Notification.requestPermission()) !== "granted") {
      return "Votre navigateur bloque nos notifications : autorisez-les dans les réglages de cette page.";
    }
    const worker = await registered();
    const options = { userVisibleOnly: true, applicationServerKey: bytes(key) };
    let subscription;
    try {
      subscription = await worker.pushManager.subscribe(options);
    } catch (error) {
      // Subscribed to a key that we had before: it has to be left first.
      const former = await worker.pushManager.getSubscription();
      if (!former || error.name !== "InvalidStateError") throw error;
      await former.unsubscribe();
      subscription = await worker.pushManager.subscribe(options);
    }
    const kept = await tell("POST", { subscription, token: block.dataset.token || "" });
    if (!kept.ok) {
      await subscription.unsubscribe();
      return (await kept.json()).detail;
    }
    display(true);
    return "C'est noté : nos nouvelles s'afficheront sur cet appareil.";
  }

  async function leave() {
    const subscription = await current();
    if (subscription) {
      await tell("DELETE", { endpoint: subscription.endpoint });
      await subscription.unsubscribe();
    }
    display(false);
    return "C'est fait : plus aucune notification sur cet appareil.";
  }
}

async function current() {
  const worker = await navigator.serviceWorker.getRegistration("/");
  return worker ? worker.pushManager.getSubscription() : null;
}

async function registered() {
  await navigator.serviceWorker.register("/sw.js", { scope: "/" });
  return navigator.serviceWorker.ready;
}

function tell(method, what) {
  return fetch(ADDRESS, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(what) });
}

function bytes(text) {
  const padded = text.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat((4 - (text.length % 4)) % 4);
  return Uint8Array.from(atob(padded), (sign) => sign.charCodeAt(0));
}
