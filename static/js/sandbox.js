// Refreshes the part of a page marked data-live every five seconds. The page is complete without it.
"use strict";

const PAUSE = 5000;
const live = document.querySelector("[data-live]");
let etag = "";

// A person who writes must not lose their words, nor the details they opened.
function isBusy() {
  const fields = [...live.querySelectorAll("input:not([type=hidden])")];
  const typed = fields.some((field) => field.value !== field.defaultValue);
  const isWriting = live.contains(document.activeElement) && document.activeElement.matches("input");
  return typed || isWriting || live.querySelector("details[open]") !== null;
}

async function refresh() {
  if (document.hidden || isBusy()) return;
  const address = new URL(location.href);
  address.searchParams.set("fragment", "1");
  address.hash = "";
  try {
    const response = await fetch(address, { headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store" });
    if (response.status === 304 || !response.ok) return;
    const isFirst = !etag;
    etag = response.headers.get("ETag") || "";
    const text = await response.text();
    // The page has just been made: the first answer only gives the tag to compare with.
    if (isFirst || isBusy()) return;
    live.innerHTML = text;
  } catch {
    // The server restarts: the next turn will tell.
  }
}

// On a telephone the menu is wider than the screen.
const menu = document.querySelector(".menu");
const current = menu.querySelector("[aria-current]");
if (current) menu.scrollLeft = current.offsetLeft - menu.offsetLeft - (menu.clientWidth - current.clientWidth) / 2;

if (live) {
  refresh();
  setInterval(refresh, PAUSE);
}
