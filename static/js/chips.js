// <div data-fill="SELECTOR" hidden> holds buttons; each puts its text into that field.
for (const group of document.querySelectorAll("[data-fill]")) {
  const field = document.querySelector(group.dataset.fill);
  const chips = [...group.querySelectorAll("button")];
  const mark = () => {
    for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.textContent === field.value));
  };
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      field.value = chip.textContent;
      mark();
    });
  }
  field.addEventListener("input", mark);
  mark();
  group.hidden = chips.length === 0;
}
