// <p data-live="ADDRESS" hidden>: asks there every second how far a device is that is being
// set up, and says so. The answer has a state: waiting, scanned, refused, connected or failed.
// What has data-when="STATE STATE" is shown in these states only. It stops when nothing more
// can happen, while nobody looks, and ten minutes after the last change; who comes back
// after that gets one more answer.
const PAUSE = 1000;
const LONGEST = 10 * 60 * 1000;
const FINAL = ["connected", "failed"];

async function read(address) {
  try {
    const answer = await fetch(address, { redirect: "error" });
    return answer.ok ? await answer.json() : {};
  } catch {
    return {}; // The portal does not answer, or nobody is signed in any more.
  }
}

function showWhat(state) {
  const parts = [...document.querySelectorAll("[data-when]")];
  const held = parts.find((each) => each.contains(document.activeElement));
  for (const each of parts) each.hidden = !each.dataset.when.split(" ").includes(state);
  // What had the focus must not take it away.
  if (held?.hidden) document.querySelector("#window-title")?.focus({ preventScroll: true });
}

// The words of the answer; of what is connected, since when, and that nothing is left to do.
function words(line, { state, text, at }) {
  if (state !== "connected") return [text];
  const time = Object.assign(document.createElement("time"), { dateTime: at });
  time.dataset.moment = "ago"; // static/js/when.js writes it
  const close = Object.assign(document.createElement("span"), { textContent: line.dataset.close });
  return [text, line.dataset.comma, time, " ", close];
}

for (const line of document.querySelectorAll("[data-live]")) {
  let state = "waiting";
  let end = Date.now() + LONGEST;
  let timer;

  const say = (answer) => {
    if (answer.state === state && answer.text === line.dataset.said) return;
    state = answer.state;
    end = Date.now() + LONGEST;
    line.dataset.said = answer.text;
    line.className = `live live-${state}`;
    line.replaceChildren(...words(line, answer));
    showWhat(state);
    document.dispatchEvent(new Event(state));
  };

  const ask = async () => {
    clearTimeout(timer);
    if (document.hidden || FINAL.includes(state)) return;
    const isLast = Date.now() > end;
    if (!isLast) timer = setTimeout(ask, PAUSE);
    const answer = await read(line.dataset.live);
    if (FINAL.includes(state)) return; // a question that was sent later was answered before
    if (answer.text) say(answer);
    if (FINAL.includes(state)) clearTimeout(timer);
    else if (isLast) {
      line.classList.add("live-over");
      if (state === "waiting") line.textContent = line.dataset.over;
    }
  };

  line.hidden = false;
  document.addEventListener("visibilitychange", ask);
  ask();
}
