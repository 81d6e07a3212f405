// Select2 names a field by what is chosen in it, and by nothing else: by its label too.
django.jQuery(() => {
  for (const box of document.querySelectorAll(".select2-selection--single")) {
    const select = box.closest(".select2").previousElementSibling;
    const label = select.labels[0];
    if (label) {
      label.id ||= `${select.id}_label`;
      const chosen = box.querySelector(".select2-selection__rendered");
      chosen.setAttribute("aria-labelledby", label.id);
      box.setAttribute("aria-labelledby", `${label.id} ${chosen.id}`);
      django.jQuery(select).on("select2:open", () => {
        const search = document.querySelector(".select2-container--open [type=search]");
        search.setAttribute("aria-labelledby", label.id);
        box.setAttribute("aria-controls", box.getAttribute("aria-owns"));
      });
    }
  }
});
