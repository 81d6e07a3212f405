// [data-wipe="ADDRESS"] holds a secret: it leaves the page with the reader, and never comes back
// from the browser's memory of pages.
for (const secret of document.querySelectorAll("[data-wipe]")) {
  addEventListener("pagehide", () => secret.replaceChildren());
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.replace(secret.dataset.wipe);
  });
}
