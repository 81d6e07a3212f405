// <form data-leave="SELECTOR">: asks before the secret there is lost without having been copied.
// Whoever sends a form with data-leave-safe has it where it belongs, too.
for (const form of document.querySelectorAll("form[data-leave]")) {
  const secret = document.querySelector(form.dataset.leave);
  const ask = form.querySelector("[data-leave-ask]");
  let safe = false;

  const warn = (event) => event.preventDefault();
  const release = () => {
    safe = true;
    ask.hidden = true;
    removeEventListener("beforeunload", warn);
  };

  addEventListener("beforeunload", warn);
  secret.addEventListener("copied", release);
  // Copied by hand: by the keyboard or the context menu.
  document.addEventListener("copy", () => {
    if (getSelection().containsNode(secret, true)) release();
  });
  // A mail program has connected with it: it is where it belongs, however it got there.
  document.addEventListener("connected", release);
  for (const other of document.querySelectorAll("form[data-leave-safe]")) other.addEventListener("submit", release);
  form.addEventListener("submit", (event) => {
    if (safe || event.submitter?.matches("[data-leave-anyway]")) {
      release();
      return;
    }
    event.preventDefault();
    ask.hidden = false;
    ask.focus();
  });
}
