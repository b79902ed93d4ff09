// The state of the current workspace: clock, scenario, and the events of its stream.

import { BASE, call, DEFAULT, download, inside } from "./api.js";
import { EventDetails } from "./event_details.js";
import { Stream } from "./stream.js";

// Where to read the rest of an event's object, and a test of whether the event has all of it.
const WHOLE = {
  message: ["messages", ({ history, planned, text }) => Boolean(history && planned) && text !== undefined],
  request: ["requests", ({ reply, why, path }) => Boolean(reply && why && path)],
};
WHOLE.status = WHOLE.message;

/**
 * The current workspace. Views subscribe with `on`; `fresh` means that everything may have changed and must be read again.
 * An event with a part of a message or request is emitted as `part`; `complete` reads the rest and emits it.
 */
export class Store {
  constructor(workspace) {
    this.workspace = workspace;
    this.clock = null;
    this.scenario = null;
    this.name = null;
    this.link = "connecting";
    this.listeners = new Map();
    this.refreshing = 0;
    this.asked = 0;
    this.answered = 0;
    this.ready = false;
    this.details = Object.fromEntries(["messages", "requests"].map((path) =>
      [path, new EventDetails(this, path, (kind, thing) => this.emit(kind, thing))]));
  }

  start() {
    this.stream = new Stream(BASE + inside(this.workspace, "events"), {
      event: (kind, data) => this.receive(kind, data),
      state: (word) => this.connect(word),
    });
  }

  close() {
    this.stream?.close();
    Object.values(this.details).forEach((each) => each.close());
    this.listeners.clear();
  }

  /** Subscribes to a kind of event; returns the function that unsubscribes. */
  on(kind, listener) {
    if (!this.listeners.has(kind)) this.listeners.set(kind, new Set());
    this.listeners.get(kind).add(listener);
    return () => this.listeners.get(kind)?.delete(listener);
  }

  emit(kind, data) {
    for (const listener of [...(this.listeners.get(kind) ?? [])]) listener(data);
  }

  /** Calls the control API about this workspace. */
  call(method, path, options) {
    return call(method, inside(this.workspace, path), options);
  }

  /** Calls the control API; returns the pair of value and problem. */
  async try(method, path, options) {
    try {
      return [await this.call(method, path, options), null];
    } catch (problem) {
      return [null, problem];
    }
  }

  /** Saves the file that a call about this workspace replies with; returns what went wrong, if something did. */
  async download(path, query) {
    try {
      return await download(inside(this.workspace, path), query);
    } catch (problem) {
      return problem;
    }
  }

  /** Reads everything once events arrive, so that nothing is missed; again after each reconnect. */
  connect(word) {
    const news = word !== this.link;
    this.link = word;
    this.emit("link", word);
    if (word === "live" || (word === "gone" && news) || !this.ready) this.refresh();
  }

  /** Closes the stream while the tab is hidden: a browser opens few connections to one host. */
  pause() {
    this.stream.close();
    this.link = "paused";
  }

  /** Opens the stream again, or reconnects at once if it waits to. */
  resume() {
    if (this.link === "paused") this.start();
    else this.stream.hurry();
  }

  receive(kind, data) {
    if (kind === "clock") this.setClock(data);
    if (kind === "deleted" || (kind === "clock" && data.reset)) {
      if (kind === "clock") this.readScenario(); // a saved state may have been loaded
      this.fresh();
    } else if (kind === "scenario") this.readScenario();
    else if (kind in WHOLE && !WHOLE[kind][1](data)) this.emit("part", { ...data, id: data.id ?? data.message, kind });
    else this.emit(kind, data);
  }

  /** Reads the rest of a part and emits it as the kind of event of the part. */
  complete({ kind, id }) {
    this.details[WHOLE[kind][0]].request(kind, id);
  }

  /** Reads clock and scenario again and makes every view do the same. */
  async refresh() {
    const turn = ++this.refreshing;
    const [clock] = await this.try("GET", "clock");
    if (turn !== this.refreshing) return;
    if (clock) this.setClock(clock);
    this.readScenario();
    this.readName();
    this.fresh();
  }

  /** Reads what people call the workspace. */
  async readName() {
    const workspace = await call("GET", `workspaces/${encodeURIComponent(this.workspace)}`).catch(() => null);
    if (!workspace || workspace.name === this.name) return;
    this.name = workspace.name;
    this.emit("name", this.name);
  }

  fresh() {
    this.ready = true;
    this.emit("fresh");
  }

  async readScenario() {
    const turn = ++this.asked;
    const [scenario] = await this.try("GET", "scenario");
    if (!scenario || turn < this.answered) return; // a later reply arrived first
    this.answered = turn;
    this.scenario = scenario;
    this.emit("rules", scenario);
  }

  setClock(clock) {
    if (!clock?.now) return;
    const rate = clock.mode === "frozen" ? 0 : clock.mode === "scaled" ? clock.rate : 1;
    this.clock = { ...clock, at: Date.parse(clock.now), seen: performance.now(), speed: rate };
    this.emit("time", this.clock);
  }

  /** Returns the time on the workspace's clock, in milliseconds. */
  now() {
    const { at, seen, speed } = this.clock ?? { at: Date.now(), seen: performance.now(), speed: 1 };
    return at + (performance.now() - seen) * speed;
  }

  /** Returns the keys of this workspace by provider and field; none for `default`, which accepts any key. */
  async keys() {
    if (this.workspace === DEFAULT) return {};
    const { keys } = await call("GET", `workspaces/${encodeURIComponent(this.workspace)}`);
    return keys;
  }
}

let known = null;

/** Returns the providers and their operations; read once, until they are forgotten. */
export function providers() {
  known ??= call("GET", "providers").then((answer) => answer.items).catch((problem) => {
    known = null;
    throw problem;
  });
  return known;
}

/** Forgets the providers: the server may be another, or may have reloaded an edited document. */
export function forgetProviders() {
  known = null;
}
