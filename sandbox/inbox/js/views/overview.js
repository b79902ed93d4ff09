// The overview: what happened lately and what is pending, in charts that follow the event stream.

import { h, fill, section, showProblem, entitle } from "../dom.js";
import { legend, Chart, tableFold } from "../chart.js";
import { to } from "../route.js";
import { before, count, hour, moment } from "../format.js";
import { balances, callbacks, delivery, refusals } from "./overview_panels.js";
import { pendingPanel } from "./pending.js";

const WINDOWS = [["5m", "5 min"], ["15m", "15 min"], ["1h", "1 hour"], ["6h", "6 hours"], ["1d", "1 day"]];
const USUAL = "15m";
const SOON = 300; // milliseconds from an event to the next reading
const PAUSE = 1000; // milliseconds between two readings, at least
const SHARE = 10; // or so many times what the last one took, as reading 100,000 messages keeps a server busy
const LONGEST = 5000; // but no longer than this
const ROLL = 5000; // milliseconds after which a running clock has moved the window
const EVENTS = ["message", "status", "part", "callback", "request", "time", "rules"];
const OUTCOMES = [ // from the statuses that make them up, the lowest of a column first
  ["delivered", "delivered", ["delivered", "read"]],
  ["way", "on the way", ["scheduled", "queued", "sent"]],
  ["lost", "not delivered", ["undelivered", "failed", "expired", "rejected"]],
  ["refused", "refused", ["refused"]],
];
const TICKS = [1, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800]; // seconds

/** Opens the section. */
export function open(store) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const tabs = h("nav", { class: "tabs", "aria-label": "Window" });
  const covers = h("p", { class: "hint" });
  const tiles = h("dl", { class: "tiles" });
  const columns = [[sendsPanel(), pendingPanel(store, () => readNow()), refusals()], [delivery(), callbacks(), balances()]];
  const parts = columns.flat();
  const element = h("div", { class: "panels overview" },
    h("div", { class: "overview-head" }, tabs, covers), problem, tiles, h("div", { class: "overview-columns" },
      columns.map((column) => h("div", { class: "column" }, column.map((each) => each.element)))));
  const showTiles = section(tiles, tileParts);

  let [wanted, read, waiting, earliest, closed] = [USUAL, null, 0, 0, false];
  let reading = false; // one call at a time
  let stale = false; // whether something has happened since the call under way began
  const readNow = async () => {
    clearTimeout(waiting);
    waiting = 0;
    stale = reading;
    if (reading) return;
    reading = true;
    const [asked, began] = [wanted, performance.now()];
    const [overview, trouble] = await store.try("GET", "overview", { query: { window: asked } });
    reading = false;
    if (closed) return;
    const ended = performance.now();
    earliest = ended + Math.max(PAUSE, Math.min(LONGEST, SHARE * (ended - began)));
    if (asked !== wanted) return void readNow();
    read = asked;
    if (stale) soon();
    showProblem(problem, trouble);
    if (!overview) return;
    covers.textContent = `${moment(overview.from)} to ${hour(overview.to).slice(0, 8)} UTC, on the workspace's clock`;
    showTiles(tilesOf(overview));
    parts.forEach((each) => each.show(overview));
  };
  const soon = () => {
    if (reading) stale = true;
    else waiting ||= setTimeout(readNow, Math.max(SOON, earliest - performance.now()));
  };

  const rolling = setInterval(() => {
    if (!document.hidden && store.clock?.speed) soon();
  }, ROLL);
  const stop = [store.on("fresh", readNow), ...EVENTS.map((kind) => store.on(kind, soon))];
  return {
    element,
    route: ({ query }) => {
      wanted = query.window ?? USUAL;
      const known = WINDOWS.some(([value]) => value === wanted) ? WINDOWS : [...WINDOWS, [wanted, wanted]];
      fill(tabs, known.map(([value, text]) => h("a", { href: to("overview", null, { window: value === USUAL ? "" : value }), "aria-current": value === wanted ? "page" : null, data: { key: value } }, text)));
      entitle("Overview");
      if (store.ready && read !== wanted) readNow();
    },
    close: () => {
      closed = true;
      clearInterval(rolling);
      clearTimeout(waiting);
      [...stop, ...parts.map((each) => each.close)].forEach((each) => each?.());
    },
  };
}

function outcomesOf({ statuses, refused }) {
  const numbers = { ...statuses, refused };
  return Object.fromEntries(OUTCOMES.map(([key, , from]) => [key, from.reduce((sum, status) => sum + (numbers[status] ?? 0), 0)]));
}

function totals(sends) {
  const sum = Object.fromEntries(OUTCOMES.map(([key]) => [key, 0]));
  for (const step of sends) for (const [key, number] of Object.entries(outcomesOf(step))) sum[key] += number;
  return sum;
}

function tilesOf({ sends, from, to: end, callbacks: { failing }, pending, refusals: { count: refused } }) {
  const { delivered, way, lost } = totals(sends);
  const minutes = (Date.parse(end) - Date.parse(from)) / 60_000;
  return { sent: delivered + way + lost, rate: (delivered + way + lost) / minutes, delivered, lost, refused, failing, pending: pending.count, from };
}

function tileParts({ sent, rate, delivered, lost, refused, failing, pending, from }) {
  const share = delivered + lost ? `${(Math.floor((1000 * delivered) / (delivered + lost)) / 10).toLocaleString("en")} %` : "–";
  return [
    tile("Accepted", sent.toLocaleString("en"), `${rate.toLocaleString("en", { maximumFractionDigits: rate < 10 ? 1 : 0 })} a minute`, to("messages")),
    tile("Delivered", share, lost ? `${lost.toLocaleString("en")} not delivered` : "of those with an outcome", to("messages")),
    tile("Refused", refused.toLocaleString("en"), refused === 1 ? "request" : "requests", to("requests", null, { refused: "true", since: before(from) }), refused > 0),
    tile("Failing", failing.toLocaleString("en"), failing === 1 ? "callback" : "callbacks", to("callbacks", null, { state: "failing" }), failing > 0),
    tile("Pending", pending.toLocaleString("en"), pending === 1 ? "event" : "events", to("clock")),
  ];
}

function tile(name, number, rest, href, bad = false) {
  return h("div", { class: "tile", data: { bad: String(bad) } }, h("dt", {}, name),
    h("dd", {}, h("a", { href, data: { key: name } }, h("span", { class: "tile-number" }, number), " ", h("span", { class: "tile-rest" }, rest))));
}

function sendsPanel() {
  const series = OUTCOMES.map(([key, word]) => [key, word]);
  const chart = new Chart({ label: "Sends by outcome", series, height: 190 });
  const title = h("span", { class: "hint" });
  const key = h("div", {});
  const note = h("p", { class: "hint", hidden: true });
  let shown = [];
  const table = tableFold("Sends by outcome", () => [["Time", ...series.map(([, word]) => word)],
    ...shown.filter(({ total }) => total).map(({ name, values }) => [name, ...series.map(([each]) => String(values[each]))])]);
  const element = h("section", { class: "panel sends-panel", "aria-labelledby": "sends-title" },
    h("h2", { id: "sends-title" }, "Sends ", title), chart.element, key, note, table);
  return {
    element,
    close: () => chart.close(),
    show: ({ sends, step, kept_since: { messages, requests } }) => {
      shown = sends.map((each) => {
        const values = outcomesOf(each);
        return { name: stepName(each.at, step), values, total: Object.values(values).reduce((sum, number) => sum + number) };
      });
      title.textContent = step === 60 ? "a minute, by outcome" : `in ${stepWords(step)}, by outcome`;
      chart.set({ columns: shown, levels: timeLevels(sends, step) });
      fill(key, legend(series, totals(sends)));
      const gaps = [messages && `messages before ${moment(messages)}`, requests && `requests before ${moment(requests)}`].filter(Boolean);
      note.hidden = !gaps.length;
      note.textContent = gaps.length ? `Retention has deleted ${gaps.join(" and ")}.` : "";
      table.renew();
    },
  };
}

function stepWords(step) {
  return step < 60 ? count(step, "second") : step < 3600 ? count(step / 60, "minute") : count(step / 3600, "hour");
}

function stepName(at, step) {
  const end = new Date(Date.parse(at) + step * 1000).toISOString();
  const [from, until] = [at, end].map((each) => (step < 60 ? hour(each).slice(0, 8) : hour(each).slice(0, 5)));
  return `${step >= 1800 ? `${moment(at).slice(5, 10)} ` : ""}${from} to ${until}`;
}

/** Returns the labels of an axis of time, from each step to one label a week. */
function timeLevels(sends, step) {
  return TICKS.filter((each) => each >= step).map((each) => sends.flatMap(({ at }, place) => {
    const seconds = Date.parse(at) / 1000;
    if (seconds % each) return [];
    return [{ place, text: each < 60 ? hour(at).slice(0, 8) : seconds % 86_400 === 0 && step >= 300 ? moment(at).slice(5, 10) : hour(at).slice(0, 5) }];
  }));
}
