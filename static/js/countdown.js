// <button data-cooldown="SECONDS"> says how long it must rest, and rests. The server enforces it anyway.
for (const button of document.querySelectorAll("[data-cooldown]")) {
  const status = document.querySelector("[data-countdown-status]");
  const name = button.textContent;
  const end = Date.now() + Number(button.dataset.cooldown) * 1000;
  let timer = 0;

  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (left > 0) {
      button.textContent = button.dataset.wait.replace("{s}", left);
      return;
    }
    clearInterval(timer);
    button.removeAttribute("aria-disabled");
    button.textContent = name;
    status.textContent = button.dataset.ready;
  };

  if (end > Date.now()) {
    // Not `disabled`: that would throw the focus away.
    button.setAttribute("aria-disabled", "true");
    timer = setInterval(tick, 1000);
    tick();
  }
  button.addEventListener("click", (event) => {
    if (button.getAttribute("aria-disabled") === "true") event.preventDefault();
  });
}
