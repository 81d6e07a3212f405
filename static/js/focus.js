// After a redirect or a mistake the reader starts at what the page has to say:
// the first [data-focus] outside a window (dialog.js does the same inside).
const news = document.querySelector("[data-focus]:not(dialog *)");
if (news && !document.querySelector("dialog[data-modal]")) {
  // The frame after the browser's own autofocus, which would otherwise complain in the console.
  addEventListener("load", () => requestAnimationFrame(() => news.focus()));
}
