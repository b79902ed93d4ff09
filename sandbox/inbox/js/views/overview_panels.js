// Panels of the overview: delivery times, callbacks, refusals and balances.

import { Chart, s, tableFold } from "../chart.js";
import { fill, h } from "../dom.js";
import { before, count, span } from "../format.js";
import { bucketName, bucketOf, BOUNDS, levels, placeOf } from "../ladder.js";
import { to } from "../route.js";

const REASONS = 6; // reasons that are shown before the others are asked for
const FEWEST = 14; // buckets of an axis of durations
const FEW = 0.01; // the share of durations that may lie before an axis
const PERCENTILES = ["p50", "p95", "p99"];
const STATES = ["delivered", "collected", "pending", "sending", "held", "failed", "cancelled"];
const NUMBER = [["count", "in all"]];

/** Returns the panel of delivery times: a histogram for each channel, on one axis. */
export function delivery() {
  const body = h("div", { class: "spreads" });
  const none = h("p", { class: "hint" }, "No message of this window has its final status yet.");
  const { element, show } = panel("delivery", "Time to final status", body, tableFold("Time to final status", () => tableOf("messages", shown)));
  let [shown, rows] = [[], new Map()];
  return {
    element,
    close: () => rows.forEach((row) => row.close()),
    show: ({ delivery: all }) => {
      shown = all.map((each) => [`${each.provider} ${each.channel}`, each]);
      const axis = axisOf(shown.map(([, each]) => each));
      const earlier = rows;
      rows = new Map(shown.map(([name], place) => {
        const last = place === shown.length - 1;
        const known = earlier.get(name);
        return [name, known?.last === last ? known : spread(name, last)];
      }));
      earlier.forEach((row, name) => rows.get(name) !== row && row.close());
      const elements = shown.length ? [...rows.values()].map((row) => row.element) : [none];
      if (elements.length !== body.children.length || elements.some((each, place) => body.children[place] !== each)) fill(body, elements); // else a focus stays
      shown.forEach(([name, each]) => rows.get(name).show(each, axis));
      show();
    },
  };
}

/** Returns one histogram with its percentiles; the last of several has the axis. */
function spread(name, last, noun = "message") {
  const chart = new Chart({ label: `Histogram: ${name}`, series: NUMBER, height: last ? 62 : 44, scale: false, axis: last });
  const numbers = h("dl", { class: "percentiles" });
  const number = h("span", { class: "hint" });
  return {
    last,
    element: h("div", { class: "spread" }, h("h3", {}, name, " ", number), chart.element, numbers),
    close: () => chart.close(),
    show: (durations, [first, end]) => {
      const columns = Array.from({ length: end - first + 1 }, (_, place) => ({ name: place ? bucketName(first + place) : `up to ${span(BOUNDS[first])}`, values: { count: 0 } }));
      for (const each of durations.buckets) columns[Math.max(0, placed(each) - first)].values.count += each.count;
      const marks = PERCENTILES.filter((each) => durations[each] !== null)
        .map((each) => ({ name: each, place: Math.max(0, placeOf(durations[each] * 1000, first)) }));
      chart.set({ columns, levels: levels(first, end), marks });
      number.textContent = count(durations.count, noun);
      fill(numbers, PERCENTILES.map((each) => h("div", { data: { mark: each } }, h("dt", {}, each), h("dd", {}, durations[each] === null ? "–" : took(durations[each])))));
    },
  };
}

/** Returns the first and last bucket of an axis for several histograms; the few that are much shorter count in the first. */
function axisOf(all) {
  const buckets = all.flatMap((each) => each.buckets).map((each) => [placed(each), each.count]).sort(([one], [other]) => one - other);
  let few = FEW * buckets.reduce((sum, [, number]) => sum + number, 0);
  const begin = buckets.find(([, number]) => (few -= number) < 0);
  let [first, last] = [begin?.[0] ?? 0, buckets.at(-1)?.[0] ?? 0];
  while (last - first + 1 < FEWEST) {
    first = Math.max(0, first - 1);
    last = Math.min(BOUNDS.length, last + 1);
  }
  return [first, last];
}

function placed({ up_to: bound }) {
  return bucketOf(bound === null ? null : bound * 1000);
}

function took(seconds) {
  return seconds === 0 ? "0 ms" : seconds < 0.001 ? "< 1 ms" : span(seconds * 1000);
}

/** Returns the rows of a table of histograms: number, percentiles, and the buckets that any of them uses. */
function tableOf(noun, shown) {
  const buckets = [...new Set(shown.flatMap(([, each]) => each.buckets.filter(({ count: number }) => number).map(placed)))].sort((one, other) => one - other);
  const row = (name, cell) => [name, ...shown.map(([, each]) => cell(each))];
  return [
    ["", ...shown.map(([name]) => name)],
    row(noun, (each) => each.count.toLocaleString("en")),
    ...PERCENTILES.map((key) => row(key, (each) => (each[key] === null ? "–" : took(each[key])))),
    ...buckets.map((bucket) => row(bucketName(bucket), (each) => String(each.buckets.find((one) => placed(one) === bucket)?.count ?? 0))),
  ];
}

/** Returns the panel of callbacks: how many are in each state, and how late the attempts began. */
export function callbacks() {
  const bar = h("div", { class: "share-bar" });
  const states = h("ul", { class: "share-list" });
  const late = spread("Lateness", true, "attempt");
  const none = h("p", { class: "hint" });
  let shown = [];
  const table = tableFold("How late attempts began", () => tableOf("attempts", shown));
  const { element, show } = panel("callbacks", "Callbacks", h("div", {}, bar, states), late.element, none, table);
  return {
    element,
    close: late.close,
    show: ({ callbacks: { states: numbers, failing, late: durations }, from }) => {
      const used = STATES.filter((state) => numbers[state]);
      const total = used.reduce((sum, state) => sum + numbers[state], 0);
      fill(bar, total > 0 && shares(used.map((state) => [state, numbers[state] / total])));
      const line = (state, number) => h("li", {}, h("a", { href: to("callbacks", null, { state, since: state === "failing" ? "" : before(from) }), data: { key: state } },
        swatch(state), h("span", {}, state), h("span", { class: "chart-number" }, number.toLocaleString("en"))));
      fill(states, used.map((state) => line(state, numbers[state])), failing > 0 && line("failing", failing));
      none.textContent = total ? "" : "No status changes of this window are reported.";
      if (total && numbers.collected === total) none.textContent = "None was sent: without a target, callbacks are collected.";
      const onTime = durations.count > 0 && durations.buckets.every((each) => placed(each) === 0);
      if (onTime) none.textContent = `${count(durations.count, "attempt")}, each within a millisecond of its due time.`;
      none.hidden = !none.textContent;
      table.hidden = !durations.count;
      late.element.hidden = !durations.count || onTime;
      shown = [["late by", durations]];
      late.show(durations, axisOf([durations]));
      show();
    },
  };
}

function swatch(series) {
  return s("svg", { class: "swatch", width: 11, height: 11, "aria-hidden": "true" }, s("rect", { class: "bar-part", "data-series": series, width: 11, height: 11, rx: 2 }));
}

/** Returns a bar of shares of one whole; `parts` are pairs of series and share. */
function shares(parts) {
  let from = 0;
  return s("svg", { class: "shares", height: 14, "aria-hidden": "true" }, parts.map(([series, share]) => {
    const part = s("rect", { class: "bar-part", "data-series": series, x: `${100 * from}%`, width: `${100 * share}%`, height: 14 });
    from += share;
    return part;
  }));
}

/** Returns the panel of refusals: the reasons with their requests, the most frequent first. */
export function refusals() {
  const list = h("div", { class: "reasons-shown" });
  const more = h("p", { class: "hint" });
  const { element, show } = panel("refusals", "Refusals by reason", list, more);
  return {
    element,
    show: ({ refusals: { count: all, reasons, items }, from }) => {
      const line = ({ provider, reason, count: number, status }) => h("li", {},
        h("a", { href: to("requests", null, { refused: "true", provider, reason, since: before(from) }), data: { key: `${provider} ${reason}` } },
          h("span", { class: "chart-number" }, number.toLocaleString("en")),
          h("span", { class: "reason-text" }, reason),
          h("span", { class: "reason-of" }, [provider, status].filter(Boolean).join(" "))),
        shares([["refused", number / items[0].count]]));
      const rest = items.slice(REASONS);
      fill(list, h("ol", { class: "reason-list" }, items.slice(0, REASONS).map(line)),
        rest.length > 0 && h("details", { data: { key: "rest" } }, h("summary", { class: "hint" }, count(rest.length, "more reason")), h("ol", { class: "reason-list" }, rest.map(line))));
      more.hidden = reasons > 0 && reasons === items.length;
      more.textContent = all ? `${count(reasons - items.length, "rarer reason")} are not listed.` : "No request of this window was refused.";
      show();
    },
  };
}

/** Returns the panel of balances: what is left of each, the least first. */
export function balances() {
  const list = h("ul", { class: "balance-list" });
  const more = h("p", { class: "hint" });
  const { element, show } = panel("balances", "Balances", list, more);
  return {
    element,
    show: ({ balances: { count: all, items } }) => {
      fill(list, items.map(({ provider, key, balance, opening }) => h("li", {}, h("h3", {}, provider, " ", h("code", {}, key)),
        Object.entries(balance).map(([type, amount]) => {
          const share = opening[type] > 0 ? Math.max(0, Math.min(1, amount / opening[type])) : 0;
          return h("p", { class: "balance" }, h("span", {}, type), h("span", { class: "chart-number" }, amount.toLocaleString("en")),
            h("span", { class: "hint" }, opening[type] === undefined ? "" : ` of ${opening[type].toLocaleString("en")}`),
            shares([[share < 0.1 ? "low" : "left", share]]));
        }))));
      more.hidden = all > 0 && all === items.length;
      more.textContent = all ? `${(all - items.length).toLocaleString("en")} more accounts.` : "No account was used.";
      show();
    },
  };
}

function panel(name, title, ...content) {
  const fold = content.at(-1);
  const element = h("section", { class: `panel ${name}-panel`, "aria-labelledby": `${name}-title` }, h("h2", { id: `${name}-title` }, title), content);
  return { element, show: () => fold.renew?.() };
}
