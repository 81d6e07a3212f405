// The menu of the administration stays as its reader left it: for lists, and for others.
// On a phone, where it stands above the page, it is closed until it is opened.
// This runs where it stands, so that the page is not drawn twice.
{
  const menu = document.getElementById("menu");
  const isNarrow = window.matchMedia("(width <= 767px)").matches;
  const key = isNarrow ? "menu.narrow" : `menu.${menu.dataset.kind}`;
  const kept = localStorage.getItem(key);
  if (isNarrow || kept !== null) {
    menu.open = kept === "open";
  }
  menu.addEventListener("toggle", () => {
    localStorage.setItem(key, menu.open ? "open" : "closed");
  });
}
