// What the page knows of the workspace in view: its clock, its scenario, and every event that its stream brings.

import { BASE, call, DEFAULT, inside } from "./api.js";
import { Completer } from "./completer.js";
import { Stream } from "./stream.js";

// Where the whole of what an event tells a part of is read, and what says that it is there already.
const WHOLE = {
  message: ["messages", ({ history, planned, text }) => Boolean(history && planned) && text !== undefined],
  request: ["requests", ({ reply, why, path }) => Boolean(reply && why && path)],
};
WHOLE.status = WHOLE.message;

/**
 * One workspace in view. Views listen with `on`; `fresh` says that everything may be otherwise: read it again. An event
 * that tells a part of a message or a request is told as `part`, and `complete` has the rest read and told.
 */
export class Store {
  constructor(workspace) {
    this.workspace = workspace;
    this.clock = null;
    this.scenario = null;
    this.link = "connecting";
    this.listeners = new Map();
    this.refreshing = 0;
    this.asked = 0;
    this.answered = 0;
    this.ready = false;
    this.completers = Object.fromEntries(["messages", "requests"].map((path) =>
      [path, new Completer(this, path, (kind, thing) => this.tell(kind, thing))]));
  }

  start() {
    this.stream = new Stream(BASE + inside(this.workspace, "events"), {
      event: (kind, data) => this.hear(kind, data),
      state: (word) => this.connect(word),
    });
  }

  close() {
    this.stream?.close();
    Object.values(this.completers).forEach((each) => each.close());
    this.listeners.clear();
  }

  /** Listens to a kind of event; returns the function that stops it. */
  on(kind, listener) {
    if (!this.listeners.has(kind)) this.listeners.set(kind, new Set());
    this.listeners.get(kind).add(listener);
    return () => this.listeners.get(kind)?.delete(listener);
  }

  tell(kind, data) {
    for (const listener of [...(this.listeners.get(kind) ?? [])]) listener(data);
  }

  /** Calls the control API about this workspace. */
  call(method, path, options) {
    return call(method, inside(this.workspace, path), options);
  }

  /** Calls it and hands the answer or the problem to the caller as a pair. */
  async try(method, path, options) {
    try {
      return [await this.call(method, path, options), null];
    } catch (problem) {
      return [null, problem];
    }
  }

  /** Reads everything once events flow, so that nothing falls between; again whenever they come back. */
  connect(word) {
    const news = word !== this.link;
    this.link = word;
    this.tell("link", word);
    if (word === "live" || (word === "gone" && news) || !this.ready) this.refresh();
  }

  /** Lets the stream go while nobody looks: a browser opens few connections to one host. */
  rest() {
    this.stream.close();
    this.link = "resting";
  }

  /** Somebody looks: follows again, or tries at once if it is waiting to. */
  wake() {
    if (this.link === "resting") this.start();
    else this.stream.hurry();
  }

  hear(kind, data) {
    if (kind === "clock") this.setClock(data);
    if (kind === "clock" && data.reset) this.fresh();
    else if (kind === "scenario") this.readScenario();
    else if (kind in WHOLE && !WHOLE[kind][1](data)) this.tell("part", { ...data, id: data.id ?? data.message, kind });
    else this.tell(kind, data);
  }

  /** Has the rest of a part read, and told as the kind of event that the part came by. */
  complete({ kind, id }) {
    this.completers[WHOLE[kind][0]].want(kind, id);
  }

  /** Reads clock and scenario anew and tells every view to do the same. */
  async refresh() {
    const turn = ++this.refreshing;
    const [clock] = await this.try("GET", "clock");
    if (turn !== this.refreshing) return;
    if (clock) this.setClock(clock);
    this.readScenario();
    this.fresh();
  }

  fresh() {
    this.ready = true;
    this.tell("fresh");
  }

  async readScenario() {
    const turn = ++this.asked;
    const [scenario] = await this.try("GET", "scenario");
    if (!scenario || turn < this.answered) return; // a later answer was quicker
    this.answered = turn;
    this.scenario = scenario;
    this.tell("rules", scenario);
  }

  setClock(clock) {
    if (!clock?.now) return;
    const rate = clock.mode === "frozen" ? 0 : clock.mode === "scaled" ? clock.rate : 1;
    this.clock = { ...clock, at: Date.parse(clock.now), seen: performance.now(), speed: rate };
    this.tell("time", this.clock);
  }

  /** Returns the instant on the workspace's clock, in milliseconds. */
  now() {
    const { at, seen, speed } = this.clock ?? { at: Date.now(), seen: performance.now(), speed: 1 };
    return at + (performance.now() - seen) * speed;
  }

  /** Returns the keys that lead into this workspace, by provider and field; none for `default`, where any will do. */
  async keys() {
    if (this.workspace === DEFAULT) return {};
    const { keys } = await call("GET", `workspaces/${encodeURIComponent(this.workspace)}`);
    return keys;
  }
}

let offered = null;

/** Returns what the providers offer; asked once, as it changes only with the server. */
export function providers() {
  offered ??= call("GET", "providers").then((answer) => answer.items).catch((problem) => {
    offered = null;
    throw problem;
  });
  return offered;
}

/** Forgets what the providers offer: the server may be another. */
export function forgetProviders() {
  offered = null;
}
