// The callbacks of a message, each with its attempts and actions; or one callback by its id.

import { fill, h } from "../dom.js";
import { callbackCard } from "./callback_card.js";

/** Shows the callbacks that the API returns for `query`, or the one with `id`, and updates them from events. */
export class Callbacks {
  constructor(store, { query, id, found }) {
    Object.assign(this, { store, query, id, found, known: new Map(), problems: new Map(), turn: 0 });
    this.element = h("div", { class: "callbacks" });
    this.stop = [
      store.on("callback", (callback) => this.receive(callback)),
      store.on("fresh", () => this.read()),
    ];
    if (store.ready) this.read();
  }

  async read() {
    const turn = ++this.turn;
    const [answer, problem] = this.id === undefined
      ? await this.store.try("GET", "callbacks", { query: { ...this.query, limit: 1000 } })
      : await this.store.try("GET", `callbacks/${encodeURIComponent(this.id)}`);
    if (turn !== this.turn) return;
    this.found?.(answer, problem);
    if (problem) return;
    this.known = new Map((answer.items?.reverse() ?? [answer]).map((callback) => [callback.id, callback]));
    this.draw();
  }

  /** Reads again if the message names unknown callbacks. */
  show(ids) {
    if (ids.some((id) => !this.known.has(id))) this.read();
    else this.draw();
  }

  /** Shows an event's data at once, then reads the request that it leaves out. */
  receive(callback) {
    const mine = this.id === undefined ? callback.message === this.query.message : String(callback.id) === this.id;
    if (!mine && !this.known.has(callback.id)) return;
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
    fill(this.element, all.length
      ? all.map((each) => callbackCard(this.store, each, (act) => this.act(each.id, act), this.problems.get(each.id)))
      : h("p", { class: "hint" }, "No callbacks yet. One is created when the message reaches a status that its provider reports."));
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
