// Select2 names a field by what is chosen in it: while nothing is, by its label.
django.jQuery(() => {
  const nameless = ".select2-selection__rendered:not([title])";
  for (const field of document.querySelectorAll(nameless)) {
    const select = field.closest(".select2").previousElementSibling;
    field.title = select.labels[0]?.textContent.replace(/:$/, "") ?? "";
  }
});
