// The form of a policy: presets, what the settings come to, and which have no effect.
const box = document.querySelector("[data-policy]");
const texts = JSON.parse(box.dataset.policy);
const field = (name) => document.querySelector(`[name="${name}"]`);
const result = box.querySelector("[data-result]");
const belowRequired = ["required_from_0", "required_from_1", "report_only"];

function sentences() {
  const protocols = texts.protocols.filter(([key]) => field(key).checked);
  if (!field("third_party_logon").checked || !protocols.length) {
    return [texts.closed];
  }
  const names = protocols.map(([, label]) => label).join(", ");
  const said = [texts.open.replace("{protocols}", names)];
  if (field("client_networks").value.trim()) said.push(texts.networks);
  const day = field("required_from_0").value;
  const time = field("required_from_1").value;
  if (!field("client_passwords_required").checked) {
    said.push(texts.chosen);
  } else if (field("report_only").checked) {
    said.push(texts.report);
  } else if (day && day !== box.dataset.past) {
    said.push(texts.announced.replace("{day}", `${day} ${time}`.trim()));
  } else {
    said.push(texts.required);
  }
  return said;
}

function disable() {
  const required = field("client_passwords_required").checked;
  for (const name of belowRequired) field(name).disabled = !required;
}

function update() {
  disable();
  const text = sentences().join(" ").replaceAll("。 ", "。"); // as Chinese is written
  // Only what changed is said to those who listen.
  if (result.textContent !== text) result.textContent = text;
}

if (field("third_party_logon")) {
  for (const button of box.querySelectorAll("[data-preset]")) {
    button.addEventListener("click", () => {
      for (const [name, on] of Object.entries(JSON.parse(button.dataset.preset))) {
        field(name).checked = on;
      }
      update();
    });
  }
  box.querySelector("[data-presets]").hidden = false;
  box.closest("form").addEventListener("input", update);
  // A stored time is said as it was written by the server, until something else is typed.
  const isStored = result.querySelector("time") && !document.querySelector(".errornote");
  (isStored ? disable : update)();
}
