// Reads what an event leaves out of a message or request; many at once if many are needed.

const GATHER = 80; // milliseconds in which ids are gathered
const SINGLY = 20; // objects read one by one at once; if more are needed, a page of the newest is read first
const MOST = 1000; // objects in a page

/** Reads objects below `path` of the API by id; calls `found(kind, thing)` in the order in which they were requested. */
export class EventDetails {
  constructor(store, path, found) {
    Object.assign(this, { store, path, found });
    this.wanted = new Map(); // id to the kind of the event that named it first
    this.read = new Map(); // id to the object, or null if there is none, until it is handed over
    this.later = []; // ids requested while others are read: a reply on its way may be older
    this.waiting = 0;
    this.busy = false;
  }

  close() {
    clearTimeout(this.waiting);
    this.wanted.clear();
    this.later = [];
  }

  request(kind, id) {
    if (this.busy) {
      this.later.push([kind, id]);
      return;
    }
    if (!this.wanted.has(id)) this.wanted.set(id, kind);
    this.read.delete(id);
    this.schedule();
  }

  schedule() {
    this.waiting ||= setTimeout(() => this.work(), GATHER);
  }

  async work() {
    this.waiting = 0;
    this.busy = true;
    if (this.unread().length > SINGLY) await this.readNewest();
    await Promise.all(this.unread().slice(0, SINGLY).map((id) => this.readOne(id)));
    this.busy = false;
    this.handOver();
    this.later.splice(0).forEach(([kind, id]) => this.request(kind, id));
    if (this.wanted.size) this.schedule();
  }

  unread() {
    return [...this.wanted.keys()].filter((id) => !this.read.has(id));
  }

  async readNewest() {
    const [page] = await this.store.try("GET", this.path, { query: { limit: Math.min(MOST, 2 * this.wanted.size) } });
    for (const thing of page?.items ?? []) if (this.wanted.has(thing.id)) this.read.set(thing.id, thing);
  }

  async readOne(id) {
    const [thing] = await this.store.try("GET", `${this.path}/${encodeURIComponent(id)}`);
    this.read.set(id, thing); // null is final: the object or the server is gone
  }

  /** Hands over what was read, up to the first that is missing. */
  handOver() {
    for (const [id, kind] of this.wanted) {
      if (!this.read.has(id)) return;
      const thing = this.read.get(id);
      this.wanted.delete(id);
      this.read.delete(id);
      if (thing) this.found(kind, thing);
    }
  }
}
