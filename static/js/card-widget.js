// The card of the restaurant on another site: <script src="https://…/carte/widget.js" async></script>
// data-langue="fr|en", data-theme="clair|sombre|auto", data-sans="milk nuts", data-regime="vegan",
// data-cible="#a-selector" (where it goes; by default where the script stands).
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script) return;
  const { langue, theme, sans, regime, cible } = script.dataset;
  const language = langue || (document.documentElement.lang || "fr").slice(0, 2);
  const isEnglish = language !== "fr";
  const address = new URL(isEnglish ? "en/cadre/" : "cadre/", script.src);
  if (theme) address.searchParams.set("theme", theme);
  for (const code of (sans || "").split(/[\s,]+/).filter(Boolean)) address.searchParams.append("sans", code);
  for (const code of (regime || "").split(/[\s,]+/).filter(Boolean)) address.searchParams.append("regime", code);

  const frame = document.createElement("iframe");
  // Without an origin of its own, the frame can read nothing of this site, nor of the restaurant's.
  frame.setAttribute("sandbox", "allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox");
  frame.title = isEnglish ? "Restaurant menu" : "La carte du restaurant";
  frame.loading = "lazy";
  frame.referrerPolicy = "no-referrer";
  frame.src = address.href;
  Object.assign(frame.style, { display: "block", width: "100%", height: "600px", border: "0" });

  addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.data?.about !== "carte-hauteur") return;
    const height = Number(event.data.height);
    if (height > 0 && height < 200000) frame.style.height = `${Math.ceil(height)}px`;
  });

  function insert() {
    const place = cible && document.querySelector(cible);
    if (place) place.append(frame);
    else if (script.parentNode === document.head || !script.isConnected) document.body.append(frame);
    else script.after(frame);
  }
  if ((cible || script.parentNode === document.head) && document.readyState === "loading") {
    addEventListener("DOMContentLoaded", insert, { once: true });
  } else insert();
})();
