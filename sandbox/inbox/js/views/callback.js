// One callback beside the list: its message, its state, its request and every attempt.

import { entitle, fill, h, showProblem } from "../dom.js";
import { to } from "../route.js";
import { keepTime } from "../times.js";
import { Callbacks } from "./message_callbacks.js";

/** Opens a callback; returns {element, focus, close}. */
export function openCallback(store, id) {
  const title = h("h2", { tabindex: "-1" }, `Callback ${id}`);
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const about = h("p", { class: "hint" });
  const shown = new Callbacks(store, { id, found: (callback, trouble) => {
    showProblem(problem, trouble, "callback");
    shown.element.hidden = Boolean(trouble);
    if (callback) fill(about, callback.provider, ", message ", h("a", { href: to("messages", callback.message) }, `to ${callback.to}`));
  } });
  const element = h("article", { class: "one-callback" }, title, problem, about, shown.element);
  const stop = keepTime(store, element);
  entitle(`Callback ${id}`);
  return { element, focus: () => title.focus({ preventScroll: true }), close: () => { stop(); shown.close(); } };
}
