// Reads what an event leaves out: things of which it tells an id and little more, many at once where many are wanted.

const GATHER = 80; // milliseconds in which wishes are gathered
const SINGLY = 20; // things that are read one by one at once; where more are wanted, the newest are read as a page first
const MOST = 1000; // things in a page, at most

/** Reads things below `path` of the API by their ids; `found(kind, thing)` is called in the order of the wishes. */
export class Completer {
  constructor(store, path, found) {
    Object.assign(this, { store, path, found });
    this.wanted = new Map(); // id to the kind of event that told of it first
    this.read = new Map(); // id to the thing, or to null where there is none, until its turn has come
    this.later = []; // wishes that came while others were read: an answer on its way may be older than they are
    this.waiting = 0;
    this.busy = false;
  }

  close() {
    clearTimeout(this.waiting);
    this.wanted.clear();
    this.later = [];
  }

  want(kind, id) {
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
    this.hand();
    this.later.splice(0).forEach(([kind, id]) => this.want(kind, id));
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
    this.read.set(id, thing); // one that is gone, or a server that is, is asked for no more
  }

  /** Hands over what was read, up to the first that was not. */
  hand() {
    for (const [id, kind] of this.wanted) {
      if (!this.read.has(id)) return;
      const thing = this.read.get(id);
      this.wanted.delete(id);
      this.read.delete(id);
      if (thing) this.found(kind, thing);
    }
  }
}
