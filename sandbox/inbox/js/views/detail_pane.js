// The pane beside a list: the open item, if there is one.

import { button, fill, h } from "../dom.js";

/** Shows one item at a time; `open(id)` returns {element, close}. */
export class DetailPane {
  constructor(noun, open, { back }) {
    this.open = open;
    this.back = back;
    this.id = undefined;
    this.element = h("section", { class: "detail", "aria-label": `Open ${noun}`, hidden: true });
  }

  show(id) {
    if (id === this.id) return;
    const first = this.id === undefined;
    this.shown?.close();
    this.id = id;
    this.shown = id === null ? null : this.open(id);
    this.element.hidden = !this.shown;
    fill(this.element, this.shown && [button("← All", this.back, { class: "quiet back" }), this.shown.element]);
    this.element.scrollTop = 0;
    if (this.shown && !first) this.shown.focus?.();
  }

  close() {
    this.shown?.close();
  }
}
