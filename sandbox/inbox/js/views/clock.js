// The clock: its time and speed, what is due next, and what happens when it advances.

import { announce, button, CHANGES, choice, fill, h, showProblem } from "../dom.js";
import { savedState } from "../api.js";
import { to } from "../route.js";
import { statusWord } from "../status.js";
import { ago, keepTime } from "../times.js";
import { count, DURATION, hour, moment } from "../format.js";

const LEAPS = [["+10 s", { by: "10s" }], ["+1 min", { by: "1m" }], ["+1 h", { by: "1h" }], ["Until idle", { until: "idle" }]];
const SHOWN = 200; // events in the page
const DUE = 8; // entries of the agenda in the page
const PAUSE = 300; // milliseconds between two readings of the agenda

/** Opens the section. */
export function open(store) {
  const date = h("span", { class: "now-date" });
  const time = h("span", { class: "now-time" });
  const mode = h("p", { class: "now-mode" });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const outcome = h("section", { class: "outcome", "aria-label": "Result", "aria-live": "polite" });

  const refuse = (trouble) => showProblem(problem, trouble);
  const run = async (pace) => {
    const [clock, trouble] = await store.try("PUT", "clock", { body: pace });
    refuse(trouble);
    if (clock) store.setClock(clock);
  };
  const advance = async (goal, self) => {
    self.disabled = true;
    const [done, trouble] = await store.try("POST", "clock/advance", { body: goal });
    self.disabled = false;
    refuse(trouble);
    if (!done) return;
    const [clock] = await store.try("GET", "clock");
    if (clock) store.setClock(clock);
    fill(outcome, resultParts(done));
    announce(count(done.count, "event"));
  };

  const due = h("div", { class: "due", "aria-live": "off" });
  const readAgenda = async () => {
    reading = 0;
    const [agenda] = await store.try("GET", "agenda", { query: { limit: DUE } });
    if (agenda) fill(due, dueParts(store, agenda, advance));
  };
  let reading = 0;
  const soon = () => { reading ||= setTimeout(readAgenda, PAUSE); };

  const rate = choice([["1", "real time"], ["10", "10x real time"], ["60", "60x real time"], ["3600", "3600x real time"]], { "aria-label": "Speed" });
  const by = h("input", { class: "short", "aria-label": "Duration", placeholder: "5m", pattern: DURATION, required: true, title: "200ms, 5s, 2m, 1h30m, 1d" });
  const further = h("form", { class: "bar" }, by, h("button", {}, "Advance"));
  further.addEventListener("submit", (event) => {
    event.preventDefault();
    advance({ by: by.value.trim() }, further.querySelector("button"));
  });

  const element = h("div", { class: "panels" },
    h("section", { class: "panel", "aria-label": "Now" },
      h("p", { class: "now" }, date, time, h("span", { class: "now-zone" }, "UTC")), mode,
      h("div", { class: "bar", ...CHANGES },
        button("Freeze", () => run({ mode: "frozen" })),
        h("span", { class: "bar-name" }, "or"),
        button("Run", () => run(rate.value === "1" ? { mode: "real" } : { mode: "scaled", rate: Number(rate.value) })), rate)),
    h("section", { class: "panel", "aria-labelledby": "due-title" }, h("h2", { id: "due-title" }, "Due next"), due),
    h("section", { class: "panel", "aria-labelledby": "advance-title", ...CHANGES },
      h("h2", { id: "advance-title" }, "Advance"),
      h("p", { class: "hint" }, "Moves the clock from one due event to the next, and waits until every callback has been attempted."),
      h("div", { class: "bar" }, LEAPS.map(([label, goal]) => {
        const self = button(label, () => advance(goal, self));
        return self;
      })),
      further, problem, outcome));

  const tick = () => {
    if (!store.clock) return;
    const text = moment(store.now());
    date.textContent = text.slice(0, 10);
    time.textContent = text.slice(11);
  };
  let shown = null;
  const show = () => {
    const { mode: word, rate: pace } = store.clock ?? {};
    tick();
    if (shown === `${word} ${pace}`) return; // keep what the user has chosen meanwhile
    shown = `${word} ${pace}`;
    mode.textContent = savedState() ? "The time at which the state was saved." : word === "frozen" ? "The clock is frozen until you advance it."
      : word === "scaled" ? `The clock runs at ${pace}x real time.` : word ? "The clock runs in real time." : "";
    mode.dataset.mode = word ?? "";
    if (word) rate.value = word === "scaled" ? String(pace) : "1";
    if (!rate.value) rate.value = "1";
  };
  show();
  const ticking = setInterval(tick, 250);
  const stop = [store.on("time", show), keepTime(store, due),
    ...["fresh", "message", "status", "part", "callback", "time"].map((kind) => store.on(kind, soon))];
  readAgenda();
  return { element, route: () => {}, close: () => {
    clearInterval(ticking);
    clearTimeout(reading);
    stop.forEach((each) => each());
  } };
}

function dueParts(store, { items, count: number }, advance) {
  if (!number) return h("p", { class: "hint" }, "Nothing is due. Send a message, and its status changes and callbacks appear here.");
  const step = button("Step", () => advance({ until: "next" }, step), { ...CHANGES, class: "main", data: { key: "step" }, title: "Advances to the first of these" });
  return [
    h("div", { class: "bar" }, step, number > items.length && h("p", { class: "hint" }, `The first ${items.length} of ${number.toLocaleString("en")}:`)),
    h("ol", { class: "advance-events", "aria-label": "Due next" }, items.map((each, place) => {
      const key = `due-${place}`;
      const past = new Date(Date.parse(each.at) + 1).toISOString(); // the API rounds times down to milliseconds
      const self = button("Advance to here", () => advance({ to: past }, self), { ...CHANGES, class: "small", data: { key } });
      return h("li", {}, ago(store, each.at, () => "due"), h("span", {}, what(each)), recipient(each), self);
    })),
  ];
}

/** Returns what an entry of the agenda or of an advance is about: a status, the attempt at a callback, or the reply of a phone. */
function what({ kind, status, attempt }) {
  if (kind === "status") return statusWord(status);
  if (kind === "inbound") return h("span", { class: "advance-event" }, "reply of the phone");
  return h("span", { class: "advance-event" }, attempt ? `callback, attempt ${attempt}` : "callback");
}

function recipient({ message, to: number }) {
  return h("a", { href: to("messages", message), title: message }, `to ${number}`);
}

/** Returns how an attempt ended. */
function outcomeOf({ kind, attempt, state, http_status: code, error }) {
  if (kind === "status") return null;
  const good = code >= 200 && code < 300;
  if (code || error) return h("span", { class: "attempt-outcome", data: { good: String(good) } }, error ?? `${good ? "delivered" : "failed"}: ${code}`);
  return h("span", {}, attempt ? "" : state ?? "");
}

function resultParts({ from, to: end, count: number, items, truncated }) {
  return [
    h("h3", {}, number ? count(number, "event") : "No events"),
    h("p", { class: "hint" }, `From ${moment(from)} to ${moment(end)} UTC.`),
    items.length > 0 && h("ol", { class: "advance-events" }, items.slice(0, SHOWN).map((each) => h("li", {},
      h("time", { datetime: each.at, title: each.at }, hour(each.at)),
      what(each), recipient(each), outcomeOf(each)))),
    (truncated || items.length > SHOWN) && h("p", { class: "hint" }, `Only the first ${Math.min(SHOWN, items.length)} are shown.`),
  ];
}
