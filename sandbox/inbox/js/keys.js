// The keyboard: j and k through a list, / to search, Enter to open, Esc to go back, ? for help.

import { button, h } from "./dom.js";

const HELP = [
  ["j", "next row"],
  ["k", "row before"],
  ["Enter", "open the row"],
  ["/", "search"],
  ["Esc", "leave the field, close what is open"],
  ["?", "this help"],
];

/** Returns the dialog that explains the keys; it opens by itself on `?`. */
export function helpDialog() {
  const dialog = h("dialog", { class: "card", "aria-labelledby": "help-title" },
    h("h2", { id: "help-title" }, "Keys"),
    h("dl", { class: "keys" }, HELP.map(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])),
    h("form", { method: "dialog" }, h("button", {}, "Close")),
  );
  return dialog;
}

/** Listens to the keyboard; `view()` returns the view that is shown. */
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

/** Returns the button that opens the help. */
export function helpButton(help) {
  return button("?", () => help.showModal(), { class: "quiet round", "aria-label": "Keys", title: "Keys (?)" });
}
