// Makes the window that the server rendered open, <dialog open data-modal>, a modal one.
// Closed, it leads to data-back; with data-sticky it does not close at all.
function keepOpen(dialog) {
  const refuse = (event) => event.preventDefault();
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") refuse(event);
  });
  dialog.addEventListener("cancel", refuse);
  // The back gesture of a phone may close it without asking, the second time.
  dialog.addEventListener("close", () => dialog.showModal());
}

for (const dialog of document.querySelectorAll("dialog[data-modal]")) {
  // Not close(): its close event would come after the listeners below are in place.
  dialog.removeAttribute("open");
  dialog.showModal();
  const target = ["[data-focus] input", "[data-focus]", "h2"].map((each) => dialog.querySelector(each)).find(Boolean);
  target.focus({ preventScroll: true }); // The window opens at its title.
  target.select?.();

  if ("sticky" in dialog.dataset) keepOpen(dialog);
  else dialog.addEventListener("close", () => location.assign(dialog.dataset.back));
}
