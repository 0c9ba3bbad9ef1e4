// Shows the notifications of the restaurant, and opens the page that each leads to.
"use strict";

const HOME = "/carte/";
const ICON = "/static/favicon.svg";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => event.waitUntil(show(read(event.data))));

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.url));
});

// The browser changed its address by itself: without this, the guest would silently receive nothing any more.
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

function read(data) {
  if (!data) return {};
  try {
    return data.json();
  } catch {
    return { body: data.text() };
  }
}

function show(said) {
  return self.registration.showNotification(said.title || "Le Vieux Moulin", {
    body: said.body || "",
    icon: said.icon || ICON,
    // The same tag replaces what is shown: a repetition is seen once.
    tag: said.tag || "",
    lang: "fr",
    data: { url: said.url || HOME },
  });
}

async function open(url) {
  const wanted = new URL(url, self.location.origin).href;
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const shown = windows.find((page) => page.url === wanted);
  return shown ? shown.focus() : self.clients.openWindow(wanted);
}

async function renew(event) {
  const former = event.oldSubscription;
  const options = former ? former.options : { userVisibleOnly: true };
  const subscription = event.newSubscription || (await self.registration.pushManager.subscribe(options));
  const headers = { "Content-Type": "application/json" };
  await fetch("/notifications/abonnement/", { method: "POST", headers, body: JSON.stringify({ subscription }) });
  if (former && former.endpoint !== subscription.endpoint) {
    const body = JSON.stringify({ endpoint: former.endpoint });
    await fetch("/notifications/abonnement/", { method: "DELETE", headers, body });
  }
}
