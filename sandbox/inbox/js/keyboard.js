// Keyboard shortcuts for lists, for what is open, and to go from view to view.

import { button, h } from "./dom.js";
import { go, to } from "./route.js";

const GOALS = { o: "overview", m: "messages", r: "requests", c: "callbacks", k: "clock", s: "scenario", w: "workspaces", p: "providers" };
const PAUSE = 1500; // milliseconds between g and the key of a view
const HELP = [
  ["j ↓", "next row; opens it if one is open"],
  ["k ↑", "previous row"],
  ["Enter", "open the row"],
  ["x", "select the row"],
  ["c", "copy the code"],
  ["/", "search"],
  ["Esc", "clear the field, close the open item, clear selection and filters"],
  ["?", "show this help"],
  ...Object.entries(GOALS).map(([key, section]) => [`g ${key}`, `go to ${section}`]),
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
  let going = 0;
  const step = (by) => () => view()?.step?.(by);
  const acts = {
    j: step(1), ArrowDown: step(1), k: step(-1), ArrowUp: step(-1),
    x: () => view()?.mark?.(),
    c: () => view()?.copyCode?.(),
    g: () => { going = Date.now(); },
    "/": () => view()?.search?.focus(),
    "?": () => help.showModal(),
    Enter: () => view()?.enter?.(),
    Escape: () => view()?.back?.(),
  };
  const actOf = (key) => {
    const goal = Date.now() - going < PAUSE && GOALS[key];
    going = 0;
    return goal ? () => go(to(goal)) : acts[key];
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const field = event.target.closest("input, select, textarea");
    if (field && field.type !== "checkbox") {
      if (event.key === "Escape") leave(field, event);
      return;
    }
    const busy = event.target.closest("a, button, summary, input");
    const arrow = event.key.startsWith("Arrow");
    if ((event.key === "Enter" && busy) || (arrow && (!view()?.step || event.target.closest("pre, .table-scroll")))) return;
    const act = actOf(event.key);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

/** Clears a search field and its filter; leaves any other field. */
function leave(field, event) {
  if (field.type !== "search" || !field.value) return field.blur();
  event.preventDefault();
  field.value = "";
  return field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Returns the button that opens the dialog. */
export function helpButton(help) {
  return button("?", () => help.showModal(), { class: "quiet round", "aria-label": "Keyboard shortcuts", title: "Keyboard shortcuts (?)" });
}
