// A form with data-once is sent once, however often its buttons are pressed.
const sent = new Map();

function open(form) {
  clearTimeout(sent.get(form));
  sent.delete(form);
  form.removeAttribute("aria-busy");
  for (const each of form.querySelectorAll("[data-busy]")) delete each.dataset.busy;
  form.querySelector("[data-sending]")?.remove();
}

// The pressed button turns a wheel in the place of its words, so that nothing moves.
function showBusy(form, button) {
  const words = document.body.dataset.sending;
  if (button?.classList.contains("button")) button.dataset.busy = button.offsetWidth > 160 ? words : "";
  const status = document.createElement("p");
  status.className = "visually-hidden";
  status.dataset.sending = "";
  status.setAttribute("role", "status");
  form.append(status);
  requestAnimationFrame(() => {
    status.textContent = words;
  });
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
  showBusy(form, event.submitter);
  // When no answer comes, or the reader stops it, the button must work again.
  sent.set(form, setTimeout(open, 15_000, form));
});

// Back from the browser's memory of pages.
addEventListener("pageshow", () => {
  for (const form of [...sent.keys()]) open(form);
});
