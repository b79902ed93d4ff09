// A section with a live list: filters kept in the address, rows that can be selected, and the open item beside them.

import { announce, button, CHANGES, choice, confirmButton, copy, entitle, fill, h } from "../dom.js";
import { savedState } from "../api.js";
import { Feed } from "../feed.js";
import { amend, go, goInstead, here, push, to } from "../route.js";
import { VirtualList } from "../virtual_list.js";
import { providers } from "../store.js";
import { keepTime } from "../times.js";
import { count, milliseconds } from "../format.js";
import { compactButton } from "./compact.js";
import { DetailPane } from "./detail_pane.js";

const TIMES = [["", "Any time"], ["1m", "Last minute"], ["5m", "Last 5 min"], ["1h", "Last hour"], ["1d", "Last day"], ["now", "From now on"]];

/**
 * `kind` has what differs between sections: section, noun, kinds (of its events), filters (names), searches (what the
 * search box finds), controls, tools, exports (pairs of format and label), columns, query(filters), keeps(filters, thing), at(thing), rank, newer, state(thing)
 * (what its row shows: after a restart of the server an id may mean something else), row(thing), open(store, id),
 * nothing(filtered), actions(selected), and drawn(view), which may show more. Each action is [label, able, run(able)].
 */
export class ListView {
  constructor(store, kind) {
    if (savedState()) kind = { ...kind, actions: null }; // there is nothing to select rows for
    Object.assign(this, { store, kind, filters: {}, opened: null, selected: new Map() });
    this.title = `${kind.noun[0].toUpperCase()}${kind.noun.slice(1)}s`;
    this.rows = new VirtualList({
      label: `${this.title}, newest first`,
      make: (thing) => this.make(thing),
      update: (row, thing) => this.draw(row, thing),
      end: () => this.feed?.more(),
    });
    this.count = h("p", { class: "count" });
    this.empty = h("div", { class: "nothing" });
    this.clear = button("Clear filters", () => this.filter({}), { class: "quiet" });
    this.search = h("input", { type: "search", "aria-label": "Search", title: `Search: ${kind.searches}`, placeholder: kind.searches, name: "search", spellcheck: "false" });
    this.form = this.makeForm();
    this.head = h("div", { class: `row-head ${kind.noun}-row` });
    this.detail = new DetailPane(kind.noun, (id) => kind.open(store, id), { back: () => this.back() });
    this.element = h("div", { class: "split" },
      h("div", { class: "list-pane" }, this.form, this.head, this.rows.element, this.empty), this.detail.element);
    this.drawHead();
    this.stop = [
      store.on("fresh", () => this.feed?.load()),
      store.on("part", (part) => this.receivePart(part)),
      store.on("time", () => this.since && this.restart()),
      keepTime(store, this.rows.element),
    ];
  }

  makeForm() {
    const provider = choice([["", "All providers"]], { "aria-label": "Provider", name: "provider" });
    providers().then((all) => {
      provider.append(...all.map(({ name }) => h("option", { value: name }, name)));
      provider.value = this.filters.provider ?? "";
    }, () => {}); // the list works without them
    this.times = choice(TIMES, { "aria-label": "Time", name: "since" });
    const form = h("form", { class: "filters", role: "search", "aria-label": `Filter ${this.kind.noun}s` },
      this.search, h("span", { class: "selects" }, provider, this.kind.controls, this.times), this.clear, this.count,
      h("span", { class: "bar tools" }, (this.kind.exports ?? []).map((each) => this.exportButton(...each)), this.kind.tools, confirmButton("Reset", () => this.reset(), { ...CHANGES, title: "Resets the workspace: deletes messages, requests and callbacks, and sets the clock back" }),
        compactButton(() => this.rows.measure())));
    form.addEventListener("input", ({ target }) => target.name && this.filter(Object.fromEntries(new FormData(form))));
    form.addEventListener("submit", (event) => event.preventDefault());
    return form;
  }

  exportButton(format, label) {
    return button(`↓ ${label}`, async () => {
      const { limit, cursor, ...query } = this.query;
      const problem = await this.store.download(this.kind.section, { ...query, format });
      announce(problem?.message ?? `The ${this.kind.noun}s were exported.`);
    }, { class: "quiet", "aria-label": `Export ${label}`, title: `Export ${label}: saves every ${this.kind.noun} that matches the filters as a file` });
  }

  async reset() {
    const [, problem] = await this.store.try("POST", "reset");
    announce(problem?.message ?? "The workspace was reset.");
  }

  /** Changes the filters, also in the address. */
  async filter(values) {
    if (values.since === "now") values.since = await this.newest();
    amend(to(this.kind.section, here().id, this.wanted(values)));
    this.route(here());
  }

  /** Returns the id after which everything is new; a time says too little on a frozen clock. */
  async newest() {
    const [page] = await this.store.try("GET", this.kind.section, { query: { limit: 1 } });
    return String(page?.items[0]?.id ?? "1970-01-01T00:00:00Z");
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
    else entitle(this.title);
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

  /** Returns the filters for the API: a duration as the time that is so long ago. */
  get query() {
    return this.kind.query({ ...this.filters, since: this.since ? new Date(this.since).toISOString() : this.filters.since });
  }

  restart() {
    const { since } = this.filters;
    const ago = milliseconds(since ?? "");
    this.since = ago === null ? null : this.store.now() - ago;
    this.times.replaceChildren(...TIMES.map(([value, label]) => h("option", { value }, label)));
    if (since && !TIMES.some(([value]) => value === since)) this.times.append(h("option", { value: since }, ago === null ? "From then on" : `Last ${since}`));
    for (const name of this.kind.filters) {
      const control = this.form.elements[name];
      if (control !== document.activeElement || control === this.times) control.value = this.filters[name] ?? "";
    }
    this.clear.hidden = !this.filtered;
    this.feed?.close();
    this.feed = new Feed(this.store, this.kind.section, {
      query: this.query,
      keeps: (thing) => (!this.since || Date.parse(this.kind.at(thing)) > this.since) && this.kind.keeps(this.filters, thing),
      rank: this.kind.rank,
      newer: this.kind.newer,
      changed: () => this.show(),
    });
    this.rows.restart();
    if (this.store.ready) this.feed.load();
  }

  show() {
    const { items, next, evicted, places, problem } = this.feed;
    if (problem?.status === 400 && this.filters.since) { // what it names is gone, as after a reset
      this.filter({ ...this.filters, since: "" });
      return;
    }
    this.rows.set(items);
    this.rows.element.hidden = this.head.hidden = !items.length;
    this.count.textContent = items.length ? next ? `${items.length.toLocaleString("en")}+ ${this.kind.noun}s` : count(items.length, this.kind.noun) : "";
    this.count.title = evicted ? `${evicted.toLocaleString("en")} older removed (retention limit)` : "";
    for (const id of this.selected.keys()) {
      if (places.has(id)) this.selected.set(id, places.get(id));
      else this.selected.delete(id);
    }
    this.drawHead();
    fill(this.empty, this.emptyPart());
    this.kind.drawn?.(this);
  }

  /** Shows the names of the columns, or what can be done to the selected rows. */
  drawHead() {
    const chosen = [...this.selected.values()];
    const actions = chosen.length ? this.kind.actions(chosen) : [];
    const key = JSON.stringify([chosen.length, actions.map(([label, able]) => [label, able.length])]);
    if (key === this.headDrawn) return;
    this.headDrawn = key;
    const all = this.kind.actions && h("input", { type: "checkbox", "aria-label": `Select all ${this.kind.noun}s`, data: { key: "all" },
      on: { change: () => this.selectAll(all.checked) } });
    if (all) all.checked = chosen.length > 0;
    fill(this.head, all && h("label", { class: "row-select" }, all, h("span", { class: "narrow" }, "Select all")), chosen.length
      ? h("div", { class: "bar selection" }, h("span", {}, `${chosen.length.toLocaleString("en")} selected`),
        actions.map(([label, able, run]) => this.actionButton(label, able, run)),
        button("Clear selection", () => this.selectAll(false), { class: "quiet small" }))
      : h("div", { class: "row-cells", "aria-hidden": "true" }, this.kind.columns.map((name) => h("span", {}, name))));
  }

  actionButton(label, able, run) {
    const text = able.length === this.selected.size ? label : `${label} ${able.length}`;
    const act = () => run(able);
    return label === "Delete" ? confirmButton(text, act, { class: "small" }) : button(text, act, { class: "small" });
  }

  selectAll(on) {
    this.selected = new Map(on ? this.feed.items.map((each) => [each.id, each]) : []);
    this.drawHead();
    this.rows.renew();
  }

  select(thing, on, range) {
    const [one, other] = [this.rows.find(thing.id), range ? this.rows.find(this.anchor) : -1];
    const things = other < 0 ? [thing] : this.rows.items.slice(Math.min(one, other), Math.max(one, other) + 1);
    for (const each of things) on ? this.selected.set(each.id, each) : this.selected.delete(each.id);
    this.anchor = thing.id;
    this.drawHead();
    this.rows.renew();
  }

  emptyPart() {
    const { items, state, problem } = this.feed;
    if (state === "failed") return h("p", { class: "problem", role: "alert" }, problem.message);
    if (items.length) return null;
    return h("p", { class: "hint" }, state === "loading" ? "Loading…" : this.kind.nothing(this.filtered));
  }

  make({ id }) {
    const row = h("li", { class: `row ${this.kind.noun}-row` });
    if (!this.kind.actions) return row;
    row.box = h("input", { type: "checkbox", "aria-label": `Select ${this.kind.noun} ${id}`,
      on: { click: (event) => this.select(this.feed.places.get(id), row.box.checked, event.shiftKey) } });
    row.append(h("label", { class: "row-select" }, row.box));
    return row;
  }

  draw(row, thing) {
    const isOpen = String(thing.id) === this.opened;
    const href = to(this.kind.section, thing.id, this.filters);
    const key = JSON.stringify([isOpen, href, this.kind.state(thing)]);
    if (row.box) row.box.checked = this.selected.has(thing.id);
    if (row.drawn !== key) {
      row.drawn = key;
      const link = h("a", { class: "row-cells", href, "aria-current": isOpen ? "true" : null, data: { key: thing.id } }, this.kind.row(thing));
      const [before, focused] = [row.querySelector("a"), row.contains(document.activeElement) && document.activeElement.tagName === "A"];
      if (before) before.replaceWith(link);
      else row.append(link);
      if (focused) link.focus({ preventScroll: true });
    }
    row.querySelector("time")?.renew();
  }

  /** Opens the focused row, if it is still listed. */
  enter() {
    const { here: thing } = this.rows;
    if (thing) go(to(this.kind.section, thing.id, this.filters));
  }

  /** Moves the focus by a number of rows, or opens that row if one is open. */
  step(by) {
    if (this.opened === null) return this.rows.step(by);
    const next = this.rows.neighbour(this.opened, by);
    if (!next) return undefined;
    this.rows.reveal(next.id);
    return goInstead(to(this.kind.section, next.id, this.filters));
  }

  /** Selects the open or focused row, or takes it out of the selection. */
  mark() {
    const { here: thing } = this.rows;
    if (thing && this.kind.actions) this.select(thing, !this.selected.has(thing.id));
  }

  /** Copies the code of the open or focused message. */
  async copyCode() {
    const open = this.detail.element.querySelector("[data-key=copy-code]");
    if (this.opened !== null) return open?.click();
    const { here: thing } = this.rows;
    if (thing?.code) announce((await copy(thing.code)) ? `Copied ${thing.code}` : "Copying failed");
    return undefined;
  }

  /** Closes the open item, or else clears the selection, or else the filters. */
  back() {
    if (this.opened === null) {
      if (this.selected.size) this.selectAll(false);
      else if (this.filtered) this.filter({});
      return;
    }
    const id = this.opened;
    push(to(this.kind.section, null, this.filters));
    this.route(here());
    this.rows.focus(id);
  }

  close() {
    this.stop.forEach((each) => each());
    this.feed?.close();
    this.rows.close();
    this.detail.close();
  }
}
