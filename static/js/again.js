// Loads a page that tells of progress again, as long as somebody looks at it.
const seconds = 2;

setInterval(() => {
  if (document.visibilityState === "visible") {
    location.reload();
  }
}, seconds * 1000);
