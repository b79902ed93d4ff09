// Columns over an axis, drawn as SVG at the width that there is: by pointer or arrow keys, one column tells its numbers.

import { h } from "./dom.js";
import { count } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
const FEWEST = 4; // the least number at the top of a scale, so that a single send is no tower
const LETTER = 6.3; // pixels of a letter of a label, about
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** Returns an SVG element. */
export function s(tag, given = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(given)) if (value !== undefined && value !== null) element.setAttribute(name, value);
  element.append(...children.flat(Infinity).filter(Boolean));
  return element;
}

/**
 * A chart of stacked columns. `series` are key, word and word for one each, the lowest of a column first. `set` takes the columns,
 * {name, values} each; `levels`, lists of {place, text} for the axis, the finest first, of which the first that fits is
 * drawn; and `marks`, places of vertical lines. Places are in columns. `drawn` is called after each drawing.
 */
export class Chart {
  constructor({ label, series, height = 150, scale = true, axis = true, drawn = () => {} }) {
    Object.assign(this, { label, series, height, scale, axis, drawn, columns: [], levels: [], marks: [], at: null, cut: null });
    this.svg = s("svg", { "aria-hidden": "true" });
    this.readout = h("p", { class: "readout", role: "status" });
    this.element = h("div", { class: "chart", tabindex: "0", role: "group", "aria-label": label }, this.svg, this.readout);
    this.element.addEventListener("keydown", (event) => this.press(event));
    this.element.addEventListener("pointermove", (event) => this.choose(this.placeOf(event)));
    for (const end of ["pointerleave", "blur"]) this.element.addEventListener(end, () => this.choose(null));
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(this.element);
  }

  close() {
    this.watch.disconnect();
  }

  set({ columns, levels = [], marks = [] }) {
    Object.assign(this, { columns, levels, marks });
    if (this.at >= columns.length) this.at = null;
    this.draw();
    this.tell();
  }

  press(event) {
    const last = this.columns.length - 1;
    const from = this.at ?? (event.key === "ArrowLeft" ? last + 1 : -1);
    const next = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last }[event.key];
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.choose(Math.min(last, Math.max(0, next)));
  }

  /** Returns the column under the pointer, or null. */
  placeOf(event) {
    const x = event.clientX - this.svg.getBoundingClientRect().left - this.left;
    const place = Math.floor(x / this.pace);
    return place >= 0 && place < this.columns.length ? place : null;
  }

  choose(place) {
    if (place === this.at) return;
    this.at = place;
    this.draw();
    this.tell();
  }

  tell() {
    const column = this.columns[this.at];
    this.readout.textContent = column ? `${column.name}: ${this.words(column)}` : "";
    this.readout.hidden = !column;
    if (!column) return;
    const middle = this.left + (this.at + 0.5) * this.pace;
    const half = this.readout.offsetWidth / 2;
    this.readout.style.left = `${Math.max(half, Math.min(this.width - half, middle))}px`;
  }

  words({ values }) {
    const parts = this.series.filter(([key]) => values[key]).map(([key, word, one = word]) => count(values[key], one, word));
    return parts.join(", ") || "none";
  }

  draw() {
    this.width = this.element.clientWidth;
    if (!this.width || !this.columns.length) return void this.svg.replaceChildren();
    const top = nice(Math.max(this.scale ? FEWEST : 1, ...this.columns.map(({ values }) => this.series.reduce((sum, [key]) => sum + (values[key] ?? 0), 0))));
    this.left = this.scale ? 12 + LETTER * Math.max(...lines(top).map((line) => compact.format(line).length)) : 0;
    this.pace = (this.width - this.left) / this.columns.length;
    const floor = this.height - (this.axis ? 18 : 1);
    const y = (number) => floor - (floor - 8) * (number / top);
    const x = (place) => this.left + place * this.pace;
    const gap = this.pace > 12 ? 2 : this.pace > 4 ? 1 : 0;
    const bars = this.columns.flatMap(({ values }, place) => {
      let below = 0;
      return this.series.filter(([key]) => values[key]).map(([key]) => {
        const [low, high] = [y(below), y(below += values[key])];
        const height = Math.max(1.5, low - high - (low < floor ? 1 : 0));
        return s("rect", { class: "bar-part", "data-series": key, x: x(place) + gap / 2, width: Math.max(0.5, this.pace - gap), y: low - height - (low < floor ? 1 : 0), height });
      });
    });
    this.svg.setAttribute("width", this.width);
    this.svg.setAttribute("height", this.height);
    this.svg.replaceChildren(
      ...(this.scale ? lines(top) : []).flatMap((line) => [
        s("line", { class: "grid", x1: this.left, x2: this.width, y1: y(line), y2: y(line) }),
        s("text", { x: this.left - 6, y: y(line) + 4, "text-anchor": "end" }, compact.format(line))]),
      ...(this.at === null ? [] : [s("rect", { class: "pointed", x: x(this.at), width: this.pace, y: 2, height: floor - 2 })]),
      ...(this.cut === null ? [] : [s("rect", { class: "passed", x: this.left, width: x(this.cut) - this.left, y: 2, height: floor - 2 })]),
      ...bars,
      s("line", { class: "floor", x1: this.left, x2: this.width, y1: floor + 0.5, y2: floor + 0.5 }),
      ...this.marks.map(({ place, name }) => s("line", { class: "mark-line", "data-mark": name, x1: x(place), x2: x(place), y1: 2, y2: floor })),
      ...(this.cut === null ? [] : [s("line", { class: "cut", x1: x(this.cut), x2: x(this.cut), y1: 2, y2: floor })]),
      ...(this.axis ? this.labels(x, floor) : []),
    );
    this.drawn();
  }

  labels(x, floor) {
    const placed = (level) => level.map(({ place, text }) => {
      const half = (text.length * LETTER) / 2;
      return { text, line: x(place), middle: Math.max(half, Math.min(this.width - half, x(place))), half };
    });
    const apart = (row) => row.every((each, place) => !place || each.middle - each.half > row[place - 1].middle + row[place - 1].half + 8);
    const row = this.levels.map(placed).find(apart) ?? [];
    return row.flatMap(({ text, line, middle }) => [
      s("line", { class: "tick", x1: line, x2: line, y1: floor, y2: floor + 4 }),
      s("text", { x: middle, y: floor + 16, "text-anchor": "middle" }, text)]);
  }
}

/** Returns a round number that is not less than another. */
function nice(number) {
  const unit = 10 ** Math.floor(Math.log10(number));
  return [1, 2, 3, 4, 5, 6, 8, 10].find((each) => each * unit >= number) * unit;
}

/** Returns where the lines of a scale are that ends at a round number. */
function lines(top) {
  return top % 2 || top < 2 ? [top] : [top / 2, top];
}

/** Returns the key of a chart: what each colour stands for, with its number. */
export function legend(series, numbers) {
  return h("ul", { class: "chart-key" }, series.map(([key, word]) => h("li", {},
    s("svg", { class: "swatch", width: 11, height: 11, "aria-hidden": "true" }, s("rect", { class: "bar-part", "data-series": key, width: 11, height: 11, rx: 2 })),
    h("span", {}, word), h("span", { class: "chart-number" }, (numbers[key] ?? 0).toLocaleString("en")))));
}

/** Returns a table behind a fold, made when it is opened; `rows()` returns lists of cells, the head first. */
export function tableFold(name, rows) {
  const body = h("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": `${name}, as a table` });
  const self = h("details", { class: "chart-table" }, h("summary", {}, "Table", h("span", { class: "unseen" }, `: ${name}`)), body);
  self.renew = () => {
    if (!self.open) return;
    const [head, ...rest] = rows();
    body.replaceChildren(h("table", {},
      h("thead", {}, h("tr", {}, head.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, rest.map(([first, ...cells]) => h("tr", {}, h("th", { scope: "row" }, first), cells.map((cell) => h("td", {}, cell)))))));
  };
  self.addEventListener("toggle", self.renew);
  return self;
}
