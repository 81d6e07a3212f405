// <form data-passkey="get|create" data-begin="ADDRESS" data-complete="ADDRESS" hidden>: has the browser use or
// make a passkey. The answer of the second address says where to go on.
const forms = document.querySelectorAll("[data-passkey]");
const supported = window.PublicKeyCredential?.parseRequestOptionsFromJSON;

class Refused extends Error {
  constructor(status) {
    super();
    this.status = status;
  }
}

async function post(form, address, body) {
  const response = await fetch(address, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-CSRFToken": form.elements.csrfmiddlewaretoken.value,
    },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Refused(response.status);
  return response.json();
}

function askDevice(form, options) {
  if (form.dataset.passkey === "get") {
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  }
  return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
}

function wordsFor(error, words) {
  if (error.name === "NotAllowedError" || error.name === "AbortError") return words.stopped;
  if (error.name === "InvalidStateError") return words.known;
  if (error.status === 429) return words.many;
  if (error.status === 404 || error.status === 422) return words.refused;
  return words.failed;
}

for (const form of supported ? forms : []) {
  const says = form.querySelector("[data-says]");
  const button = form.querySelector("[type=submit]");
  form.hidden = false;
  for (const each of document.querySelectorAll("[data-passkey-missing]")) each.hidden = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    says.hidden = true;
    try {
      const options = await post(form, form.dataset.begin, {});
      const credential = await askDevice(form, options);
      const answer = await post(form, form.dataset.complete, credential.toJSON());
      location.assign(answer.redirect_url);
    } catch (error) {
      says.textContent = wordsFor(error, says.dataset);
      says.hidden = false;
      button.removeAttribute("aria-disabled");
    }
  });
}
