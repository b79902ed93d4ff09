// A section with a live list, filters that stand in the address, and beside it what is open.

import { button, choice, fill, h } from "../dom.js";
import { Feed } from "../feed.js";
import { amend, go, here, to } from "../route.js";
import { Rows } from "../rows.js";
import { providers } from "../store.js";
import { keepTime } from "../times.js";
import { count } from "../words.js";
import { Detail } from "./detail.js";

/**
 * What differs from section to section stands in `kind`: section, noun, kinds (of events that tell of one), filters
 * (names), controls, search, query(filters), keeps(filters, thing), rank, newer, state(thing) (what its row shows: after a
 * new start of the server an id may stand for something else), row(thing), open(store, id), hint, nothing(filtered), and
 * drawn(listed), which may show more.
 */
export class Listed {
  constructor(store, kind) {
    Object.assign(this, { store, kind, search: kind.search, filters: {}, opened: null });
    this.rows = new Rows({
      label: `${kind.noun[0].toUpperCase()}${kind.noun.slice(1)}s, newest first`,
      make: () => h("li", { class: `row ${kind.noun}-row` }),
      update: (row, thing) => this.draw(row, thing),
      end: () => this.feed?.more(),
    });
    this.count = h("p", { class: "count" });
    this.empty = h("div", { class: "nothing" });
    this.clear = button("Clear", () => this.filter({}), { class: "quiet" });
    this.form = this.makeForm();
    this.detail = new Detail(kind.noun, (id) => kind.open(store, id), { hint: kind.hint, back: () => this.back() });
    this.element = h("div", { class: "split" },
      h("div", { class: "list-pane" }, this.form, this.rows.element, this.empty), this.detail.element);
    this.stop = [
      store.on("fresh", () => this.feed?.load()),
      store.on("part", (part) => this.hearPart(part)),
      keepTime(store, this.rows.element),
    ];
  }

  makeForm() {
    const provider = choice([["", "All providers"]], { "aria-label": "Provider", name: "provider" });
    providers().then((all) => {
      provider.append(...all.map(({ name }) => h("option", { value: name }, name)));
      provider.value = this.filters.provider ?? "";
    }, () => {}); // without them there is still the list
    const form = h("form", { class: "filters", role: "search", "aria-label": `Filter ${this.kind.noun}s` },
      provider, this.kind.controls, this.clear, this.count);
    form.addEventListener("input", () => this.filter(Object.fromEntries(new FormData(form))));
    form.addEventListener("submit", (event) => event.preventDefault());
    return form;
  }

  /** Filters otherwise, and says so in the address. */
  filter(values) {
    amend(to(this.kind.section, here().id, this.wanted(values)));
    this.route(here());
  }

  wanted(values) {
    return Object.fromEntries(this.kind.filters.filter((name) => values[name]).map((name) => [name, values[name]]));
  }

  get filtered() {
    return Object.keys(this.filters).length > 0;
  }

  /** Shows what the address names. */
  route({ id, query }) {
    const wanted = this.wanted(query);
    const changed = !this.feed || JSON.stringify(wanted) !== JSON.stringify(this.filters);
    this.filters = wanted;
    this.opened = id;
    if (id !== null) this.rows.current = id;
    if (changed) this.restart();
    this.element.classList.toggle("has-open", id !== null);
    this.detail.show(id);
    this.rows.renew();
    this.kind.drawn?.(this);
  }

  /** Shows at once what a part tells, and has the rest read of what is not in the list. */
  hearPart(part) {
    if (this.kind.kinds.includes(part.kind) && !this.feed.patch(part)) this.store.complete(part);
  }

  restart() {
    for (const name of this.kind.filters) {
      const control = this.form.elements[name];
      if (control !== document.activeElement) control.value = this.filters[name] ?? "";
    }
    this.clear.hidden = !this.filtered;
    this.feed?.close();
    this.feed = new Feed(this.store, this.kind.section, {
      query: this.kind.query(this.filters),
      keeps: (thing) => this.kind.keeps(this.filters, thing),
      rank: this.kind.rank,
      newer: this.kind.newer,
      changed: () => this.show(),
    });
    this.rows.restart();
    if (this.store.ready) this.feed.load();
  }

  show() {
    const { items, next, evicted } = this.feed;
    this.rows.set(items);
    this.rows.element.hidden = !items.length;
    this.count.textContent = items.length ? count(items.length, this.kind.noun) + (next ? " and more" : "") : "";
    this.count.title = evicted ? `${evicted.toLocaleString("en")} older let go` : "";
    fill(this.empty, this.emptyPart());
    this.kind.drawn?.(this);
  }

  emptyPart() {
    const { items, state, problem, next, looked } = this.feed;
    if (state === "failed") return h("p", { class: "problem", role: "alert" }, problem.message);
    if (items.length) return null;
    const words = state === "loading" ? "Reading…" : next ? `${looked.toLocaleString("en")} looked through…` : this.kind.nothing(this.filtered);
    return h("p", { class: "hint" }, words);
  }

  draw(row, thing) {
    const isOpen = String(thing.id) === this.opened;
    const href = to(this.kind.section, thing.id, this.filters);
    const key = JSON.stringify([isOpen, href, this.kind.state(thing)]);
    if (row.drawn !== key) {
      row.drawn = key;
      fill(row, h("a", { href, "aria-current": isOpen ? "true" : null, data: { key: thing.id } }, this.kind.row(thing)));
    }
    row.querySelector("time").renew();
  }

  /** Opens the row that the keyboard stands on. */
  enter() {
    if (this.rows.current !== null) go(to(this.kind.section, this.rows.current, this.filters));
  }

  /** Closes what is open, else drops the filters. */
  back() {
    if (this.opened === null) {
      if (this.filtered) this.filter({});
      return;
    }
    const id = this.opened;
    go(to(this.kind.section, null, this.filters));
    requestAnimationFrame(() => this.rows.focus(id));
  }

  close() {
    this.stop.forEach((each) => each());
    this.feed?.close();
    this.rows.close();
    this.detail.close();
  }
}
