// Keyboard shortcuts: j and k move through a list, / searches, Enter opens, Esc goes back, ? shows help.

import { button, h } from "./dom.js";

const HELP = [
  ["j", "next row"],
  ["k", "previous row"],
  ["Enter", "open the row"],
  ["/", "search"],
  ["Esc", "leave the field or close the open item"],
  ["?", "show this help"],
];

/** Returns the dialog that lists the shortcuts; `?` opens it. */
export function helpDialog() {
  const dialog = h("dialog", { class: "card", "aria-labelledby": "help-title" },
    h("h2", { id: "help-title" }, "Keyboard shortcuts"),
    h("dl", { class: "keys" }, HELP.map(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])),
    h("form", { method: "dialog" }, h("button", {}, "Close")),
  );
  return dialog;
}

/** Handles the shortcuts; `view()` returns the current view. */
export function listen(view, help) {
  const acts = {
    j: () => view()?.rows?.step(1),
    k: () => view()?.rows?.step(-1),
    "/": () => view()?.search?.focus(),
    "?": () => help.showModal(),
    Enter: () => view()?.enter?.(),
    Escape: () => view()?.back?.(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const typing = event.target.closest("input, select, textarea");
    if (typing && event.key === "Escape") typing.blur();
    if (typing) return;
    const busy = event.target.closest("a, button, summary");
    const act = acts[event.key];
    if (!act || (event.key === "Enter" && busy)) return;
    event.preventDefault();
    act();
  });
}

/** Returns the button that opens the dialog. */
export function helpButton(help) {
  return button("?", () => help.showModal(), { class: "quiet round", "aria-label": "Keyboard shortcuts", title: "Keyboard shortcuts (?)" });
}
