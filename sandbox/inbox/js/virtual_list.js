// A list of rows of equal height; only visible ones are in the document. Rows being read do not move when others arrive.

import { h } from "./dom.js";

const SPARE = 8; // rows kept above and below the visible ones

/**
 * `make(thing)` returns a row's element, `update(element, thing)` updates it; `end` is called near the end of the list.
 */
export class VirtualList {
  constructor({ label, make, update, end, moved }) {
    Object.assign(this, { make, update, end, moved });
    this.items = [];
    this.held = new Map(); // id to {row, thing}
    this.missed = 0;
    this.height = 0;
    this.current = null;
    this.body = h("ol", { class: "rows-body", "aria-label": label });
    this.pill = h("button", { type: "button", class: "rows-pill", hidden: true, on: { click: () => this.toTop() } });
    this.scroller = h("div", { class: "rows-scroller" }, this.body);
    this.element = h("div", { class: "rows" }, this.pill, this.scroller);
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.scroller.addEventListener("pointerleave", () => this.released());
    this.scroller.addEventListener("focusin", (event) => this.focused(event.target.closest("[data-id]")));
    this.watch = new ResizeObserver(() => this.measure());
    this.watch.observe(this.scroller);
  }

  close() {
    this.watch.disconnect();
  }

  /** Shows other objects; visible rows stay in place unless the list is at its top without focus or pointer. */
  set(items) {
    const anchor = this.items[this.firstVisible()];
    const before = this.items.length ? this.scroller.scrollTop : 0;
    const reading = before > 0 || this.scroller.matches(":hover") || this.scroller.contains(document.activeElement);
    const old = this.firstVisible();
    const first = this.items[0];
    this.items = items;
    this.body.style.height = `${items.length * this.rowHeight()}px`;
    const place = reading && anchor ? this.placeOf(anchor.id, old) : -1;
    if (place >= 0 && place !== old) {
      this.scroller.scrollTop = before + (place - old) * this.rowHeight();
      this.missed += first ? Math.max(0, this.placeOf(first.id, 0)) : 0;
      this.following ??= before === 0;
    }
    this.showMissed();
    this.draw();
  }

  /** Clears the list and scrolls to its top. */
  restart() {
    this.items = [];
    this.scroller.scrollTop = 0;
    this.missed = 0;
    this.following = null;
  }

  placeOf(id, near) {
    for (let place = near; place < this.items.length; place += 1) if (this.items[place].id === id) return place;
    for (let place = Math.min(near, this.items.length) - 1; place >= 0; place -= 1) if (this.items[place].id === id) return place;
    return -1;
  }

  firstVisible() {
    return Math.floor(this.scroller.scrollTop / this.rowHeight());
  }

  rowHeight() {
    this.height ||= parseFloat(getComputedStyle(this.scroller).getPropertyValue("--row-height")) || 44;
    return this.height;
  }

  /** Draws rows of another height, the first visible one in its place. */
  measure() {
    const first = this.scroller.scrollTop / this.rowHeight();
    const before = this.height;
    this.height = 0;
    if (this.rowHeight() !== before) {
      this.body.style.height = `${this.items.length * this.height}px`;
      this.scroller.scrollTop = first * this.height;
    }
    this.draw();
  }

  scrolled() {
    if (this.scroller.scrollTop < 1) this.missed = 0;
    this.showMissed();
    this.draw();
  }

  /** Scrolls back to the top when the pointer leaves, if the list was there before. */
  released() {
    if (this.following && !this.scroller.contains(document.activeElement)) this.toTop();
    this.following = null;
  }

  toTop() {
    this.scroller.scrollTop = 0;
    this.missed = 0;
    this.following = null;
    this.showMissed();
    this.draw();
  }

  showMissed() {
    this.pill.hidden = this.missed === 0;
    this.pill.textContent = `↑ ${this.missed} new`;
  }

  draw() {
    const height = this.rowHeight();
    const first = Math.max(0, this.firstVisible() - SPARE);
    const last = Math.min(this.items.length, first + Math.ceil(this.scroller.clientHeight / height) + 2 * SPARE + 1);
    const wanted = new Set();
    this.body.style.height = `${this.items.length * height}px`;
    for (let place = first; place < last; place += 1) wanted.add(this.items[place].id);
    for (const [id, { row }] of this.held) if (!wanted.has(id) && !row.contains(document.activeElement)) this.drop(id);
    let child = this.body.firstElementChild;
    for (let place = first; place < last; place += 1) {
      const row = this.row(this.items[place]);
      row.style.transform = `translateY(${place * height}px)`;
      row.setAttribute("aria-posinset", place + 1);
      row.setAttribute("aria-setsize", this.items.length);
      if (row === child) child = child.nextElementSibling;
      else this.insert(row, child);
    }
    if (last > this.items.length - 2 * SPARE) this.end?.();
  }

  insert(row, child) {
    const focused = row.contains(document.activeElement) && document.activeElement;
    this.body.insertBefore(row, child);
    if (focused) focused.focus({ preventScroll: true });
  }

  row(thing) {
    const known = this.held.get(thing.id);
    if (known) {
      if (known.thing !== thing) this.update(known.row, thing);
      known.thing = thing;
      return known.row;
    }
    const row = this.make(thing);
    row.dataset.id = thing.id;
    this.update(row, thing);
    this.held.set(thing.id, { row, thing });
    return row;
  }

  drop(id) {
    this.held.get(id)?.row.remove();
    this.held.delete(id);
  }

  /** Updates every row in the document. */
  renew() {
    for (const { row, thing } of this.held.values()) this.update(row, thing);
  }

  focused(row) {
    if (row) this.current = row.dataset.id;
  }

  /** Returns the place of an object, -1 if it is not listed. */
  find(id) {
    return this.items.findIndex((each) => String(each.id) === String(id));
  }

  /** Returns the object of the row that had the focus last, if it is still listed. */
  get here() {
    return this.items[this.find(this.current)];
  }

  /** Returns the object a number of rows from an id, or the first if that id is not listed. */
  neighbour(id, by) {
    const known = this.find(id);
    return this.items[known < 0 ? 0 : Math.min(this.items.length - 1, Math.max(0, known + by))];
  }

  /** Moves the focus by a number of rows from the one that had it last. */
  step(by) {
    const next = this.neighbour(this.current, by);
    if (next) this.focus(next.id);
  }

  /** Scrolls to a row and focuses it. */
  focus(id) {
    if (this.reveal(id)) this.held.get(this.items[this.find(id)].id)?.row.querySelector("a")?.focus({ preventScroll: true });
  }

  /** Scrolls a row into view; returns whether it is listed. */
  reveal(id) {
    const place = this.find(id);
    if (place < 0) return false;
    const [top, height] = [place * this.rowHeight(), this.rowHeight()];
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top;
    if (top + height > scrollTop + clientHeight) this.scroller.scrollTop = top + height - clientHeight;
    this.draw();
    return true;
  }
}
