// A live list: pages of the API, and what events add. Newest first, each object once.

const FIRST = 100; // objects in the first page, for a quick start
const PAGE = 500;
const AHEAD = 10_000; // objects that are loaded before the user scrolls to them
const MOST = 20_000; // objects that are kept; older ones are dropped

/**
 * The objects below `path` that the API returns for `query`, and those of events for which `keeps` is true; `rank` never decreases from one arrival to
 * the next; `newer(a, b)` returns whether `a` replaces `b`. `changed` is called at most once per frame.
 */
export class Feed {
  constructor(store, path, { query, keeps, changed, rank, newer = () => true }) {
    Object.assign(this, { store, path, query, keeps, changed, rank, newer });
    this.items = [];
    this.places = new Map(); // id to object, for those in `items` and `arrivals`
    this.arrivals = [];
    this.next = null;
    this.evicted = 0;
    this.state = "loading";
    this.problem = null;
    this.turn = 0;
    this.drawing = 0;
  }

  close() {
    this.turn = -1;
    cancelAnimationFrame(this.drawing);
  }

  /** Reloads the list; what is shown stays until the reply arrives. */
  async load() {
    const turn = ++this.turn;
    this.early = [];
    const page = await this.read(turn, null, FIRST);
    if (!page) return;
    this.items = [];
    this.places = new Map();
    this.arrivals = [];
    this.append(page);
    const early = this.early;
    this.early = null;
    early.forEach((take) => take());
    this.draw();
    while (this.turn === turn && this.next && this.items.length < AHEAD) {
      await idle();
      await this.more(turn);
    }
  }

  /** Loads the next page. */
  async more(turn = this.turn) {
    if (!this.next || this.reading || this.items.length >= MOST) return;
    this.reading = true;
    const page = await this.read(turn, this.next, PAGE);
    this.reading = false;
    if (!page) return;
    this.append(page);
    this.draw();
  }

  async read(turn, cursor, limit) {
    const [page, problem] = await this.store.try("GET", this.path, { query: { ...this.query, limit, cursor } });
    if (this.turn !== turn) return null;
    this.problem = problem;
    this.state = problem ? "failed" : "ready";
    if (problem) {
      this.next = null;
      this.early = null;
      this.draw();
    }
    return page;
  }

  append(page) {
    for (const each of page.items) {
      if (this.places.has(each.id)) continue;
      this.places.set(each.id, each);
      this.items.push(each);
    }
    this.next = page.next;
    this.evicted = page.evicted;
  }

  /** Adds an object from an event: replaces a known one, or inserts it by its rank. */
  put(thing) {
    this.early?.push(() => this.put(thing));
    if (this.state === "loading" && !this.items.length) return;
    const known = this.places.get(thing.id);
    if (known) {
      if (this.newer(thing, known)) this.replace(known, thing);
    } else if (this.keeps(thing) && !this.isUnread(thing)) {
      this.places.set(thing.id, thing);
      this.insert(thing);
    } else return;
    this.draw();
  }

  /** Updates a known object from a part of it; returns whether it is known. */
  patch(part) {
    this.early?.push(() => this.patch(part));
    const known = this.places.get(part.id);
    if (known) {
      this.replace(known, { ...known, ...part });
      this.draw();
    }
    return Boolean(known);
  }

  /** Returns whether an object is on a page not yet loaded; a request's messages have one rank and may span pages. */
  isUnread(thing) {
    return this.next && (!this.items.length || this.rank(thing) <= this.rank(this.items.at(-1)));
  }

  insert(thing) {
    const rank = this.rank(thing);
    if (!this.items.length || rank >= this.rank(this.items[0])) {
      this.arrivals.push(thing);
      return;
    }
    let [low, high] = [0, this.items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.rank(this.items[middle]) > rank) low = middle + 1;
      else high = middle;
    }
    this.items.splice(low, 0, thing);
  }

  replace(known, thing) {
    const list = this.arrivals.includes(known) ? this.arrivals : this.items;
    const place = list.indexOf(known);
    if (this.keeps(thing)) {
      this.places.set(thing.id, thing);
      list[place] = thing;
    } else {
      this.places.delete(thing.id);
      list.splice(place, 1);
    }
  }

  draw() {
    this.drawing ||= requestAnimationFrame(() => {
      this.drawing = 0;
      if (this.arrivals.length) {
        this.items = [...this.arrivals.reverse(), ...this.items];
        this.arrivals = [];
      }
      for (const old of this.items.splice(MOST)) this.places.delete(old.id);
      this.changed(this);
    });
  }
}

function idle() {
  return new Promise((resolve) => {
    if ("requestIdleCallback" in window) requestIdleCallback(resolve, { timeout: 300 });
    else setTimeout(resolve, 50);
  });
}
