// <time data-moment="short|long|ago|day" datetime="ISO 8601">: shows the time, or the day
// alone, where the reader is. With "ago" what is less than a week old says how long ago it was, with the time behind
// it for screen readers. The title has the exact time; of what is shown exactly, also how long ago it was.
const language = { en: "en-GB" }[document.documentElement.lang] ?? document.documentElement.lang;
const short = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const long = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" });
const full = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "long" });
const day = new Intl.DateTimeFormat(language, { dateStyle: "long" });
const ago = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
// The language's own "now" would say the wrong thing of what is over.
const { justNow } = document.querySelector("script[data-just-now]").dataset;
const STEPS = [["second", 60], ["minute", 60], ["hour", 24], ["day", 7]];

function sinceThen(seconds) {
  // Clocks differ; what is to come is not "just now".
  if (seconds < -60) return "";
  let count = Math.max(0, seconds);
  for (const [unit, next] of STEPS) {
    // Seconds would change while they are read: less than a minute is "just now".
    if (count < next) return unit === "second" ? justNow : ago.format(-Math.floor(count), unit);
    count /= next;
  }
  return "";
}

function show(element) {
  const at = new Date(element.dateTime);
  const exact = ({ long, day }[element.dataset.moment] ?? short).format(at);
  const relative = sinceThen((Date.now() - at) / 1000);
  element.title = full.format(at);
  if (element.dataset.moment !== "ago" || !relative) {
    element.textContent = exact;
    if (relative) element.title += ` · ${relative}`;
    return;
  }
  element.textContent = relative;
  const spoken = document.createElement("span");
  spoken.className = "visually-hidden";
  spoken.textContent = ` (${exact})`;
  element.append(spoken);
}

function showAll() {
  for (const element of document.querySelectorAll("time[data-moment]")) show(element);
}

// Mails name times in the zone of the last sign-in.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const secure = location.protocol === "https:" ? "; secure" : "";
if (zone) document.cookie = `time_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax${secure}`;

showAll();
setInterval(showAll, 60 * 1000);
document.addEventListener("connected", showAll);
