// The clock: its time and speed, and what happens when it advances.

import { announce, button, choice, fill, h } from "../dom.js";
import { to } from "../route.js";
import { statusWord } from "../status.js";
import { count, hour, moment } from "../format.js";

const LEAPS = [["+10 s", { by: "10s" }], ["+1 min", { by: "1m" }], ["+1 h", { by: "1h" }], ["Until idle", { until: "idle" }]];
const SHOWN = 200; // events in the page

/** Opens the section. */
export function open(store) {
  const date = h("span", { class: "now-date" });
  const time = h("span", { class: "now-time" });
  const mode = h("p", { class: "now-mode" });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const outcome = h("section", { class: "outcome", "aria-label": "Result", "aria-live": "polite" });

  const refuse = (trouble) => {
    problem.hidden = !trouble;
    problem.textContent = trouble?.message ?? "";
  };
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

  const rate = choice([["1", "real time"], ["10", "10x real time"], ["60", "60x real time"], ["3600", "3600x real time"]], { "aria-label": "Speed" });
  const by = h("input", { class: "short", "aria-label": "Duration", placeholder: "5m", pattern: "\\s*\\d+(\\.\\d+)?(ms|s|m|h|d)?\\s*", required: true, title: "200ms, 5s, 2m, 1h, 1d" });
  const further = h("form", { class: "bar" }, by, h("button", {}, "Advance"));
  further.addEventListener("submit", (event) => {
    event.preventDefault();
    advance({ by: by.value.trim() }, further.querySelector("button"));
  });

  const element = h("div", { class: "panels" },
    h("section", { class: "panel", "aria-label": "Now" },
      h("p", { class: "now" }, date, time, h("span", { class: "now-zone" }, "UTC")), mode,
      h("div", { class: "bar" },
        button("Freeze", () => run({ mode: "frozen" })),
        h("span", { class: "bar-name" }, "or"),
        button("Run", () => run(rate.value === "1" ? { mode: "real" } : { mode: "scaled", rate: Number(rate.value) })), rate)),
    h("section", { class: "panel", "aria-labelledby": "advance-title" },
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
    mode.textContent = word === "frozen" ? "The clock is frozen until you advance it."
      : word === "scaled" ? `The clock runs at ${pace}x real time.` : word ? "The clock runs in real time." : "";
    mode.dataset.mode = word ?? "";
    if (word) rate.value = word === "scaled" ? String(pace) : "1";
    if (!rate.value) rate.value = "1";
  };
  show();
  const ticking = setInterval(tick, 250);
  const stop = store.on("time", show);
  return { element, route: () => {}, close: () => { clearInterval(ticking); stop(); } };
}

function resultParts({ from, to: end, count: number, items, truncated }) {
  return [
    h("h3", {}, number ? count(number, "event") : "No events"),
    h("p", { class: "hint" }, `From ${moment(from)} to ${moment(end)} UTC.`),
    items.length > 0 && h("ol", { class: "advance-events" }, items.slice(0, SHOWN).map((each) => h("li", {},
      h("time", { datetime: each.at, title: each.at }, hour(each.at)),
      each.kind === "status" ? statusWord(each.status)
        : h("span", { class: "advance-event" }, each.attempt ? `callback, attempt ${each.attempt}` : "callback collected"),
      h("a", { class: "breakable", href: to("messages", each.message) }, each.message)))),
    (truncated || items.length > SHOWN) && h("p", { class: "hint" }, `Only the first ${Math.min(SHOWN, items.length)} are shown.`),
  ];
}
