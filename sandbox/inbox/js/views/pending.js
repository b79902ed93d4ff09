// What is pending on an axis from now on, and the clock that is advanced along it.

import { savedState } from "../api.js";
import { Chart, legend, tableFold } from "../chart.js";
import { announce, CHANGES, fill, h, showProblem } from "../dom.js";
import { count, hour, moment, span } from "../format.js";
import { BOUNDS, levels } from "../ladder.js";

const SERIES = [["change", "status changes", "status change"], ["call", "callbacks", "callback"], ["reply", "replies of phones", "reply of a phone"]];
const THUMB = 18; // pixels, as in the style sheet
const FIRST = BOUNDS.indexOf(100); // the first bucket: what is due within 100 ms
const FEWEST = BOUNDS.indexOf(60_000) - FIRST + 1; // buckets of the axis: it reaches a minute at least

/** Returns the panel; `changed()` is called after an advance. */
export function pendingPanel(store, changed) {
  let [columns, place, renewed] = [[], 0, true]; // renewed: whether the place may move to the first entry
  const chart = new Chart({ label: "Pending events", series: SERIES, height: 150, drawn: () => align() });
  const key = h("div", {});
  const slider = h("input", { type: "range", min: 0, step: 1, "aria-label": "Advance the clock to", class: "cut-slider" });
  const told = h("output", { class: "cut-goal" });
  const go = h("button", { type: "submit", class: "main" }, "Advance");
  const form = h("form", { class: "cut-form", ...CHANGES }, slider, h("div", { class: "bar" }, go, told));
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const outcome = h("p", { class: "hint", role: "status" });
  const none = h("p", { class: "hint" }, "Nothing is pending: send a message, and its status changes and callbacks appear here.");
  const table = tableFold("Pending events", () => [["Due", ...SERIES.map(([, word]) => word)],
    ...columns.filter(sum).map((each) => [each.name, ...SERIES.map(([series]) => String(each.values[series]))])]);
  const body = h("div", { class: "pending-body" }, chart.element, form, key);
  const element = h("section", { class: "panel pending-panel", "aria-labelledby": "pending-title" },
    h("h2", { id: "pending-title" }, "Pending ", h("span", { class: "hint" }, "from now on, by when it is due")), none, body, problem, outcome, table);

  const take = (wanted) => {
    place = Math.max(1, Math.min(columns.length, wanted));
    slider.value = String(place);
    const { up_to: at, distance } = columns[place - 1];
    const events = columns.slice(0, place).reduce((all, each) => all + sum(each), 0);
    const goal = store.clock?.speed ? `by ${span(distance)}` : `to ${hour(at)}, in ${span(distance)}`;
    const text = `${goal}: ${count(events, "event")}`;
    slider.setAttribute("aria-valuetext", text);
    told.textContent = text;
    chart.cut = savedState() ? null : place;
    chart.draw();
  };
  const align = () => { // the thumb of the slider is where the line of the chart is
    slider.style.marginLeft = `${chart.left - THUMB / 2}px`;
    slider.style.width = `${chart.width - chart.left + THUMB}px`;
  };
  const drag = (event) => {
    if (event.buttons !== 1 || savedState()) return;
    const found = chart.placeOf(event);
    if (found !== null) take(found + 1);
  };
  slider.addEventListener("input", () => take(Number(slider.value)));
  chart.svg.addEventListener("pointerdown", (event) => {
    chart.svg.setPointerCapture(event.pointerId);
    drag(event);
  });
  chart.svg.addEventListener("pointermove", drag);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    const { up_to: end, distance } = columns[place - 1];
    const goal = store.clock?.speed ? { by: distance / 1000 } : { to: end }; // a running clock may have passed the end already
    const [done, trouble] = await store.try("POST", "clock/advance", { body: goal });
    go.disabled = false;
    showProblem(problem, trouble);
    outcome.textContent = done ? `Advanced to ${moment(done.to)} UTC: ${count(done.count, "event")}.` : "";
    if (done) announce(outcome.textContent);
    renewed = true;
    const [clock] = await store.try("GET", "clock");
    if (clock) store.setClock(clock);
    changed();
  });

  return {
    element,
    close: () => chart.close(),
    show: ({ pending: { count: number, buckets }, to: now }) => {
      columns = columnsOf(buckets, Date.parse(now));
      none.hidden = number > 0;
      body.hidden = table.hidden = !number;
      slider.max = String(columns.length);
      const first = buckets.findIndex((each) => each.status + each.callback + each.inbound) + 1;
      if (renewed && place < first) place = first;
      renewed = !number;
      chart.set({ columns, levels: levels(FIRST, FIRST + columns.length - 1, "now") });
      if (number) take(place);
      fill(key, legend(SERIES.filter(([series]) => series !== "reply" || columns.some(({ values }) => values.reply)), totals(columns)));
      table.renew();
    },
  };
}

function columnsOf(buckets, now) {
  return Array.from({ length: Math.max(buckets.length, FEWEST) }, (_, place) => {
    const { up_to: at, status = 0, callback = 0, inbound = 0 } = buckets[place] ?? { up_to: new Date(now + BOUNDS[FIRST + place]).toISOString() };
    const distance = BOUNDS[FIRST + place] ?? Date.parse(at) - now;
    const name = place ? `in ${span(BOUNDS[FIRST + place - 1])} to ${span(distance)}` : `within ${span(distance)}`;
    return { name, up_to: at, distance, values: { change: status, call: callback, reply: inbound } };
  });
}

function sum({ values }) {
  return Object.values(values).reduce((all, number) => all + number);
}

function totals(columns) {
  return Object.fromEntries(SERIES.map(([series]) => [series, columns.reduce((all, { values }) => all + values[series], 0)]));
}
