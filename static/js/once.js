// A form with data-once is sent once, however often its buttons are pressed.
const sent = new Map();

function open(form) {
  clearTimeout(sent.get(form));
  sent.delete(form);
  form.removeAttribute("aria-busy");
}

// On the document, so that every listener on the form itself has had its say before.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !("once" in form.dataset)) return;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  form.setAttribute("aria-busy", "true");
  // When no answer comes, or the reader stops it, the button must work again.
  sent.set(form, setTimeout(open, 15_000, form));
});

// Back from the browser's memory of pages.
addEventListener("pageshow", () => {
  for (const form of [...sent.keys()]) open(form);
});
