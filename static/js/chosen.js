// The button of a form in which something is chosen says how much, and waits until any is.
for (const button of document.querySelectorAll("[data-chosen-one]")) {
  const { form } = button;
  const words = button.textContent;
  const showNumber = () => {
    const count = form.querySelectorAll("input[type=checkbox]:checked").length;
    const { chosenOne, chosenMany } = button.dataset;
    button.disabled = count === 0;
    button.textContent = count === 0 ? words : (count === 1 ? chosenOne : chosenMany).replace("%s", count);
  };
  form.addEventListener("change", showNumber);
  // Also after a step back, when the browser has filled the form in again.
  addEventListener("pageshow", showNumber);
  showNumber();
}
