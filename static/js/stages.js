// <ol class="stages">: ticks off what is done with the new password. A program that tried
// it has it, even where it was refused; a profile that was downloaded has it, too.
const BEFORE = ["copied", "pasted", "scanned", "installed"];
for (const list of document.querySelectorAll(".stages")) {
  const finish = (...names) => {
    for (const name of names) {
      const stage = list.querySelector(`[data-stage="${name}"]`);
      if (!stage || "finished" in stage.dataset) continue;
      stage.dataset.finished = "";
      const spoken = document.createElement("span");
      spoken.className = "visually-hidden";
      spoken.textContent = ` (${list.dataset.done})`;
      stage.append(spoken);
    }
  };
  const copied = (event) => {
    if (event.target.id === "password" || event.type === "copy") finish("copied");
  };
  document.addEventListener("copied", copied);
  document.addEventListener("copy", copied);
  for (const form of document.querySelectorAll("form[data-leave-safe]")) {
    form.addEventListener("submit", () => finish("copied", "pasted", "installed"));
  }
  document.addEventListener("scanned", () => finish("scanned"));
  document.addEventListener("refused", () => finish(...BEFORE));
  document.addEventListener("connected", () => finish(...BEFORE, "connected"));
}
