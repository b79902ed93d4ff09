// The pane beside a list: the open item, or a hint.

import { button, fill, h } from "../dom.js";

/** Shows one item at a time; `open(id)` returns {element, close}. */
export class DetailPane {
  constructor(noun, open, { hint, back }) {
    this.open = open;
    this.hint = hint;
    this.back = back;
    this.noun = noun;
    this.id = undefined;
    this.element = h("section", { class: "detail", "aria-label": `Open ${noun}` });
  }

  show(id) {
    if (id === this.id) return;
    const first = this.id === undefined;
    this.shown?.close();
    this.id = id;
    this.shown = id === null ? null : this.open(id);
    const body = this.shown?.element ?? h("p", { class: "hint detail-hint" }, this.hint,
      h("span", { class: "detail-keys" }, h("kbd", {}, "j"), h("kbd", {}, "k"), h("kbd", {}, "Enter")));
    fill(this.element, this.shown && button("← All", this.back, { class: "quiet back" }), body);
    this.element.scrollTop = 0;
    if (this.shown && !first) this.shown.focus?.();
  }

  close() {
    this.shown?.close();
  }
}
