// <fieldset data-names="SELECTOR"> holds radio buttons; each suggests its data-name for that field,
// as long as nobody has typed another name there.
for (const group of document.querySelectorAll("[data-names]")) {
  const field = document.querySelector(group.dataset.names);
  let suggested = field.value;
  group.addEventListener("change", ({ target }) => {
    if (!target.dataset.name || field.value !== suggested) return;
    field.value = suggested = target.dataset.name;
  });
}
