// Ways to keep what a page shows only once, that is never sent anywhere:
// <button data-print hidden> prints the page; <button data-download="SELECTOR" hidden> saves
// the heads of that list (data-head) and its items as a text file of the name data-file.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

function lineOf(element) {
  return element.textContent.trim().replace(/\s+/g, " ");
}

function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

for (const button of document.querySelectorAll("[data-download]")) {
  const list = document.querySelector(button.dataset.download);
  button.hidden = false;
  button.addEventListener("click", () => {
    const heads = [...document.querySelectorAll("[data-head]")].map(lineOf);
    const items = [...list.children].map(lineOf);
    // Editors of Windows know line feeds, and UTF-8 by its mark.
    save(button.dataset.file, `\ufeff${[...heads, "", ...items, ""].join("\n")}`);
  });
}
