// Reads server-sent events with fetch, as EventSource cannot send a token; reconnects by itself.

import { reach } from "./api.js";

const PAUSES = [250, 500, 1000, 2000, 4000]; // milliseconds before the next attempt
const SILENCE = 60_000; // milliseconds without a byte after which a connection is given up

/** Reads `url` until closed; calls `event(kind, data)` for each event and `state(word)`: live, lost, or gone (404). */
export class Stream {
  constructor(url, { event, state }) {
    this.url = url;
    this.event = event;
    this.state = state;
    this.last = null;
    this.closed = false;
    this.failures = 0;
    this.wake = null;
    this.run();
  }

  close() {
    this.closed = true;
    this.control?.abort();
    this.wake?.();
  }

  /** Reconnects at once if it waits to. */
  hurry() {
    this.wake?.();
  }

  async run() {
    while (!this.closed) {
      try {
        await this.follow();
      } catch {
        // Whatever ended it, reconnect.
      }
      if (this.closed) return;
      this.state(this.gone ? "gone" : "lost");
      const pause = PAUSES[Math.min(this.failures++, PAUSES.length - 1)];
      await new Promise((resolve) => {
        this.wake = resolve;
        setTimeout(resolve, pause);
      });
      this.wake = null;
    }
  }

  async follow() {
    this.gone = false;
    this.control = new AbortController();
    const headers = { Accept: "text/event-stream", ...(this.last ? { "Last-Event-ID": this.last } : {}) };
    const answer = await reach(this.url, { headers, signal: this.control.signal });
    if (!answer.ok) {
      this.last = null;
      this.gone = answer.status === 404;
      await answer.body?.cancel();
      throw new Error(`the event stream replied with status ${answer.status}`);
    }
    this.failures = 0;
    this.state("live");
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let watch;
    const alive = () => {
      clearTimeout(watch);
      watch = setTimeout(() => this.control.abort(), SILENCE);
    };
    try {
      let rest = "";
      alive();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        alive();
        const blocks = (rest + part.value).split(/\r?\n\r?\n/);
        rest = blocks.pop();
        blocks.forEach((block) => this.take(block));
      }
    } finally {
      clearTimeout(watch);
    }
  }

  take(block) {
    let kind = "message";
    const data = [];
    for (const line of block.split(/\r?\n/)) {
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (name === "event") kind = value;
      else if (name === "data") data.push(value);
      else if (name === "id") this.last = value;
    }
    if (data.length) this.event(kind, JSON.parse(data.join("\n")));
  }
}
