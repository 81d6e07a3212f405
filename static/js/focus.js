// After a redirect or a mistake the reader starts at what the page has to say:
// the first [data-focus] outside a window (dialog.js does the same inside).
const news = document.querySelector("[data-focus]:not(dialog *)");
if (news && !document.querySelector("dialog[data-modal]")) {
  // The frame after the browser's own autofocus, which would otherwise complain in the console.
  addEventListener("load", () => requestAnimationFrame(() => news.focus()));
}

// Back from a window without a change: to the link or switch that opened it.
const from = new URL(document.referrer || location.href);
if (!news && !document.querySelector("dialog[data-modal]") && from.origin === location.origin) {
  const places = [...document.querySelectorAll("main :is(a[href], form[action])")];
  const address = (each) => new URL(each.href ?? each.action, location.href).pathname;
  const opened = (each) => address(each).length > location.pathname.length && from.pathname.startsWith(address(each));
  const [opener] = places.filter(opened).sort((one, other) => address(other).length - address(one).length);
  const target = opener?.closest("form")?.querySelector("button") ?? opener;
  if (target) addEventListener("load", () => requestAnimationFrame(() => target.focus()));
}
