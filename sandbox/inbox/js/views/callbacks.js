// The callbacks of a message, each with its attempts and actions.

import { button, facts, fill, h, verbatim } from "../dom.js";
import { to } from "../route.js";
import { ago } from "../times.js";
import { count, hour, pretty } from "../format.js";

// The actions that a callback's state allows.
const ACTIONS = {
  pending: [["fire", "Send now"], ["hold", "Hold"], ["cancel", "Cancel"]],
  held: [["fire", "Send now"], ["release", "Release"], ["cancel", "Cancel"]],
  sending: [],
  delivered: [["replay", "Replay"]],
  failed: [["replay", "Replay"]],
  cancelled: [["replay", "Replay"]],
  collected: [["replay", "Replay"]],
};

/** Shows the callbacks of a message and updates them from events. */
export class Callbacks {
  constructor(store, message) {
    this.store = store;
    this.message = message;
    this.known = new Map();
    this.problems = new Map();
    this.turn = 0;
    this.element = h("div", { class: "callbacks" });
    this.stop = [
      store.on("callback", (callback) => this.receive(callback)),
      store.on("fresh", () => this.read()),
    ];
    if (store.ready) this.read();
  }

  async read() {
    const turn = ++this.turn;
    const [page, problem] = await this.store.try("GET", "callbacks", { query: { message: this.message, limit: 1000 } });
    if (problem || turn !== this.turn) return;
    this.known = new Map(page.items.reverse().map((callback) => [callback.id, callback]));
    this.draw();
  }

  /** Reads again if the message names unknown callbacks. */
  show(ids) {
    if (ids.some((id) => !this.known.has(id))) this.read();
    else this.draw();
  }

  /** Shows an event's data at once, then reads the request that it leaves out. */
  receive(callback) {
    if (callback.message !== this.message && !this.known.has(callback.id)) return;
    this.known.set(callback.id, { request: null, attempts: [], ...this.known.get(callback.id), ...callback });
    this.draw();
    clearTimeout(this.reading);
    this.reading = setTimeout(() => this.read(), 100);
  }

  draw() {
    const all = [...this.known.values()];
    const key = JSON.stringify([all, [...this.problems]]);
    if (key === this.drawn) return;
    this.drawn = key;
    fill(this.element, all.length ? all.map((each) => this.card(each))
      : h("p", { class: "hint" }, "No callbacks yet. One is created when the message reaches a status that its provider reports."));
  }

  card(callback) {
    const { id, reports, state, due, request, attempts } = callback;
    const problem = this.problems.get(id);
    return h("article", { class: "callback", "aria-label": `Callback ${id}` },
      h("header", { class: "callback-head" },
        h("span", { class: "callback-reports" }, "reports ", h("code", {}, reports)),
        h("span", { class: "state-word", data: { state } }, state),
        ["pending", "held"].includes(state) && h("span", { class: "callback-due" }, ago(this.store, due, () => "due")),
        h("span", { class: "bar callback-acts" }, ACTIONS[state].map(([act, label]) =>
          button(label, () => this.act(id, act), { class: "small", data: { key: `${id}-${act}` } })))),
      problem && h("p", { class: "problem", role: "alert" }, problem),
      state === "collected" && h("p", { class: "hint" }, "Not sent: this provider has no callback target. ",
        h("a", { href: to("providers", callback.provider) }, "Set a target"), "."),
      request && h("details", { data: { key: `request-${id}` } },
        h("summary", {}, h("code", {}, request.method), " ", h("span", { class: "breakable" }, request.url || "no target")),
        facts(Object.entries(request.headers).map(([name, value]) => [name, h("code", { class: "breakable" }, value)])),
        request.body && verbatim("Body", pretty(request.body))),
      attempts.length > 0 && h("ol", { class: "attempts", "aria-label": count(attempts.length, "attempt") },
        attempts.map((attempt) => attemptRow(id, attempt))));
  }

  async act(id, act) {
    const [callback, problem] = await this.store.try("POST", `callbacks/${id}/${act}`);
    if (problem) this.problems.set(id, problem.message);
    else this.problems.delete(id);
    if (callback) this.receive(callback);
    else this.draw();
  }

  close() {
    clearTimeout(this.reading);
    this.turn = -1;
    this.stop.forEach((each) => each());
  }
}

function attemptRow(id, { number, at, url, status, answer, ms, error, replay }) {
  const good = status >= 200 && status < 300;
  return h("li", { class: "attempt", data: { good: String(good) } },
    h("div", { class: "attempt-line" },
      h("span", { class: "attempt-number" }, replay ? `Replay (${number})` : `Attempt ${number}`),
      h("span", { class: "attempt-result" }, status ?? "no response"),
      h("span", { class: "attempt-ms" }, `${ms} ms`),
      h("time", { class: "attempt-at", datetime: at, title: at }, hour(at))),
    url && h("p", { class: "attempt-url breakable" }, url),
    error && h("p", { class: "attempt-error" }, error),
    answer && h("details", { data: { key: `answer-${id}-${number}` } },
      h("summary", {}, "Response"), verbatim("Response", pretty(answer))));
}
