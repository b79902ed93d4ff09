// The clock: what time it is, how it runs, and what happens when it advances.

import { announce, button, choice, fill, h } from "../dom.js";
import { to } from "../route.js";
import { statusWord } from "../status.js";
import { count, hour, moment } from "../words.js";

const LEAPS = [["+10 s", { by: "10s" }], ["+1 min", { by: "1m" }], ["+1 h", { by: "1h" }], ["Until idle", { until: "idle" }]];
const SHOWN = 200; // happenings in the page

/** Opens the section. */
export function open(store) {
  const date = h("span", { class: "now-date" });
  const time = h("span", { class: "now-time" });
  const mode = h("p", { class: "now-mode" });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const outcome = h("section", { class: "outcome", "aria-label": "What happened", "aria-live": "polite" });

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
    fill(outcome, happened(done));
    announce(count(done.count, "thing") + " happened");
  };

  const rate = choice([["1", "as real time does"], ["10", "10 times as fast"], ["60", "60 times as fast"], ["3600", "3600 times as fast"]], { "aria-label": "How fast" });
  const by = h("input", { class: "short", "aria-label": "How far", placeholder: "5m", pattern: "\\s*\\d+(\\.\\d+)?(ms|s|m|h|d)?\\s*", required: true, title: "200ms, 5s, 2m, 1h, 1d" });
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
      h("p", { class: "hint" }, "Goes from due instant to due instant; the answer comes when every callback was tried."),
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
  let told = null;
  const tell = () => {
    const { mode: word, rate: pace } = store.clock ?? {};
    tick();
    if (told === `${word} ${pace}`) return; // what was chosen meanwhile stays
    told = `${word} ${pace}`;
    mode.textContent = word === "frozen" ? "It stands still until it is advanced."
      : word === "scaled" ? `It runs ${pace} times as fast as real time.` : word ? "It runs as real time does." : "";
    mode.dataset.mode = word ?? "";
    if (word) rate.value = word === "scaled" ? String(pace) : "1";
    if (!rate.value) rate.value = "1";
  };
  tell();
  const ticking = setInterval(tick, 250);
  const stop = store.on("time", tell);
  return { element, route: () => {}, close: () => { clearInterval(ticking); stop(); } };
}

function happened({ from, to: end, count: number, items, truncated }) {
  return [
    h("h3", {}, `${number ? count(number, "thing") : "Nothing"} happened`),
    h("p", { class: "hint" }, `From ${moment(from)} to ${moment(end)} UTC.`),
    items.length > 0 && h("ol", { class: "happenings" }, items.slice(0, SHOWN).map((each) => h("li", {},
      h("time", { datetime: each.at, title: each.at }, hour(each.at)),
      each.kind === "status" ? statusWord(each.status)
        : h("span", { class: "happening" }, each.attempt ? `callback, attempt ${each.attempt}` : "callback kept"),
      h("a", { class: "breakable", href: to("messages", each.message) }, each.message)))),
    (truncated || items.length > SHOWN) && h("p", { class: "hint" }, `The first ${Math.min(SHOWN, items.length)} are shown.`),
  ];
}
