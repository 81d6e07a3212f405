// <button data-copy="SELECTOR" hidden> copies that element's text without white space, or
// as one line if the element has data-words, an item a line if it is a list that has
// data-rows, line by line if it has data-lines, or as it stands if it is a <pre>; an empty
// selector means the element before the button.
const page = document.querySelector("dialog[data-modal]") ?? document;

function select(source) {
  getSelection().selectAllChildren(source);
}

// For pages on plain HTTP, where browsers hide navigator.clipboard.
function copyByCommand(source, text) {
  const put = (event) => {
    event.preventDefault();
    event.clipboardData.setData("text/plain", text);
  };
  select(source);
  document.addEventListener("copy", put, { once: true });
  const copied = document.execCommand("copy");
  document.removeEventListener("copy", put);
  return copied;
}

function line(element, between = " ") {
  return element.textContent.trim().replace(/\s+/g, between);
}

// Of each item the heading, and a line for each of its facts; data-lines is what stands
// between the name of a fact and what it is.
function lines(list) {
  const fact = (each) => line(each.children[0]) + list.dataset.lines + line(each.children[1]);
  const facts = (item) => [...item.querySelectorAll("dl > :not([data-left-out])")].map(fact);
  return [...list.children].map((item) => [line(item.children[0]), ...facts(item)].join("\n")).join("\n\n");
}

function read(source) {
  if (source.matches("pre")) return source.textContent.trim();
  if ("lines" in source.dataset) return lines(source);
  if ("rows" in source.dataset) return [...source.children].map((item) => line(item)).join("\n");
  return line(source, "words" in source.dataset ? " " : "");
}

async function copy(source) {
  const text = read(source);
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByCommand(source, text);
  }
}

function say(words) {
  const status = page.querySelector("[data-status]");
  status.textContent = "";
  // A change in a later frame is announced even when the words are the same as before.
  requestAnimationFrame(() => {
    status.textContent = words;
  });
}

// Values in the steps of a program get the button that they have among the servers.
for (const value of page.querySelectorAll(".steps b")) {
  const known = [...page.querySelectorAll(".servers code")].find((code) => line(code) === line(value));
  const button = known?.parentElement.querySelector("[data-copy]");
  if (button) value.after(button.cloneNode(true));
}

for (const button of page.querySelectorAll("[data-copy]")) {
  const source = button.dataset.copy ? document.querySelector(button.dataset.copy) : button.previousElementSibling;
  const words = page.querySelector("[data-status]").dataset;
  const label = button.querySelector("[data-label]");
  const name = label?.textContent;
  let back = 0;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const copied = await copy(source);
    say(copied ? words.copied : words.failed);
    if (!copied) {
      select(source);
      return;
    }
    source.dispatchEvent(new CustomEvent("copied", { bubbles: true }));
    button.dataset.done = "";
    if (label) label.textContent = words.copied;
    clearTimeout(back);
    back = setTimeout(() => {
      delete button.dataset.done;
      if (label) label.textContent = name;
    }, 4000);
  });
}
