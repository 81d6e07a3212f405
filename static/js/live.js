// <p data-live="ADDRESS" hidden>: asks there every second whether the password was used,
// and says so. Stops when it was, while nobody looks, and after ten minutes.
const PAUSE = 1000;
const LONGEST = 10 * 60 * 1000;

async function connected(address) {
  try {
    const answer = await fetch(address, { redirect: "error" });
    return answer.ok ? (await answer.json()).connected : "";
  } catch {
    return ""; // The portal does not answer, or nobody is signed in any more.
  }
}

for (const line of document.querySelectorAll("[data-live]")) {
  const end = Date.now() + LONGEST;
  let timer;

  const ask = async () => {
    clearTimeout(timer);
    if (document.hidden || Date.now() > end) return;
    timer = setTimeout(ask, PAUSE);
    const text = await connected(line.dataset.live);
    if (!text) return;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", ask);
    line.textContent = text;
    line.classList.add("live-connected");
    document.dispatchEvent(new Event("connected"));
  };

  line.hidden = false;
  document.addEventListener("visibilitychange", ask);
  ask();
}
