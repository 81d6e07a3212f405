// <button data-eye="ID" hidden aria-pressed="false"> shows what is typed into a password field.
for (const button of document.querySelectorAll("[data-eye]")) {
  const field = document.getElementById(button.dataset.eye);
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", shown);
  };
  button.hidden = false;
  button.addEventListener("click", () => show(field.type === "password"));
  // Browsers keep what was typed into a field of text.
  field.form.addEventListener("submit", () => show(false));
}
