// A section with a live list, filters kept in the address, and the open item beside it.

import { button, choice, fill, h } from "../dom.js";
import { Feed } from "../feed.js";
import { amend, go, here, to } from "../route.js";
import { VirtualList } from "../virtual_list.js";
import { providers } from "../store.js";
import { keepTime } from "../times.js";
import { count } from "../format.js";
import { DetailPane } from "./detail_pane.js";

/**
 * `kind` has what differs between sections: section, noun, kinds (of its events), filters (names), controls, search,
 * query(filters), keeps(filters, thing), rank, newer, state(thing) (what its row shows: after a restart of the server an
 * id may mean something else), row(thing), open(store, id), hint, nothing(filtered), and drawn(view), which may show more.
 */
export class ListView {
  constructor(store, kind) {
    Object.assign(this, { store, kind, search: kind.search, filters: {}, opened: null });
    this.rows = new VirtualList({
      label: `${kind.noun[0].toUpperCase()}${kind.noun.slice(1)}s, newest first`,
      make: () => h("li", { class: `row ${kind.noun}-row` }),
      update: (row, thing) => this.draw(row, thing),
      end: () => this.feed?.more(),
    });
    this.count = h("p", { class: "count" });
    this.empty = h("div", { class: "nothing" });
    this.clear = button("Clear filters", () => this.filter({}), { class: "quiet" });
    this.form = this.makeForm();
    this.detail = new DetailPane(kind.noun, (id) => kind.open(store, id), { hint: kind.hint, back: () => this.back() });
    this.element = h("div", { class: "split" },
      h("div", { class: "list-pane" }, this.form, this.rows.element, this.empty), this.detail.element);
    this.stop = [
      store.on("fresh", () => this.feed?.load()),
      store.on("part", (part) => this.receivePart(part)),
      keepTime(store, this.rows.element),
    ];
  }

  makeForm() {
    const provider = choice([["", "All providers"]], { "aria-label": "Provider", name: "provider" });
    providers().then((all) => {
      provider.append(...all.map(({ name }) => h("option", { value: name }, name)));
      provider.value = this.filters.provider ?? "";
    }, () => {}); // the list works without them
    const form = h("form", { class: "filters", role: "search", "aria-label": `Filter ${this.kind.noun}s` },
      provider, this.kind.controls, this.clear, this.count);
    form.addEventListener("input", () => this.filter(Object.fromEntries(new FormData(form))));
    form.addEventListener("submit", (event) => event.preventDefault());
    return form;
  }

  /** Changes the filters, also in the address. */
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

  /** Shows a part of a known item at once, and reads the rest of an unknown one. */
  receivePart(part) {
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
    this.count.textContent = items.length ? next ? `${items.length.toLocaleString("en")}+ ${this.kind.noun}s` : count(items.length, this.kind.noun) : "";
    this.count.title = evicted ? `${evicted.toLocaleString("en")} older removed (retention limit)` : "";
    fill(this.empty, this.emptyPart());
    this.kind.drawn?.(this);
  }

  emptyPart() {
    const { items, state, problem, next, looked } = this.feed;
    if (state === "failed") return h("p", { class: "problem", role: "alert" }, problem.message);
    if (items.length) return null;
    const words = state === "loading" ? "Loading…" : next ? `Searched ${looked.toLocaleString("en")}…` : this.kind.nothing(this.filtered);
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

  /** Opens the focused row. */
  enter() {
    if (this.rows.current !== null) go(to(this.kind.section, this.rows.current, this.filters));
  }

  /** Closes the open item, or else clears the filters. */
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
