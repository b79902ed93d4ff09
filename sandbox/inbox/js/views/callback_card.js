// One callback: what it reports, its state and actions, its request and every attempt.

import { button, CHANGES, facts, h, verbatim } from "../dom.js";
import { to } from "../route.js";
import { meaning } from "../status.js";
import { ago } from "../times.js";
import { count, hour, pretty } from "../format.js";

// Each action: its button, and the states that allow it.
export const ACTIONS = {
  fire: ["Send now", ["pending", "held"]],
  hold: ["Hold", ["pending"]],
  release: ["Release", ["held"]],
  cancel: ["Cancel", ["pending", "held"]],
  replay: ["Replay", ["delivered", "failed", "cancelled", "collected"]],
};

/** Returns the actions that a state allows. */
export function actionsOf(state) {
  return Object.keys(ACTIONS).filter((act) => ACTIONS[act][1].includes(state));
}

/** Returns the state of a callback as a coloured word. */
export function stateWord({ state, failing }) {
  return h("span", { class: "state-word", data: { state, failing: String(failing) } }, state);
}

/** Returns the card of a callback; `act(name)` does something to it, `problem` is what went wrong with the last act. */
export function callbackCard(store, callback, act, problem) {
  const { id, reports, status, state, due, request, attempts } = callback;
  return h("article", { class: "callback", "aria-label": `Callback ${id}` },
    h("header", { class: "callback-head" },
      h("span", { class: "callback-reports" }, "reports ", h("code", {}, meaning(reports, status))),
      stateWord(callback),
      ["pending", "held"].includes(state) && h("span", { class: "callback-due" }, ago(store, due, () => "due")),
      h("span", { class: "bar callback-acts", ...CHANGES }, actionsOf(state).map((name) =>
        button(ACTIONS[name][0], () => act(name), { class: "small", data: { key: `${id}-${name}` } })))),
    problem && h("p", { class: "problem", role: "alert" }, problem),
    state === "collected" && h("p", { class: "hint" }, "Not sent: this provider has no callback target. ",
      h("span", CHANGES, h("a", { href: to("providers", callback.provider) }, "Set a target"), ".")),
    request && h("details", { data: { key: `request-${id}` } },
      h("summary", {}, h("code", {}, request.method), " ", h("span", { class: "breakable" }, request.url || "no target")),
      facts(Object.entries(request.headers).map(([name, value]) => [name, h("code", { class: "breakable" }, value)])),
      request.body && verbatim("Body", pretty(request.body))),
    attempts.length > 0 && h("ol", { class: "attempts", "aria-label": count(attempts.length, "attempt") },
      attempts.map((attempt) => attemptRow(id, attempt))));
}

function attemptRow(id, { number, at, url, status, answer, ms, error, replay }) {
  const good = status >= 200 && status < 300;
  return h("li", { class: "attempt", data: { good: String(good) } },
    h("div", { class: "attempt-line" },
      h("span", { class: "attempt-number" }, replay ? `Replay (${number})` : `Attempt ${number}`),
      h("span", { class: "attempt-result" }, status ?? "no response"),
      h("span", { class: "attempt-ms" }, `${ms} ms`),
      h("time", { class: "attempt-at", datetime: at, title: at }, hour(at))),
    url && h("p", { class: "attempt-url breakable" }, url),
    error && h("p", { class: "attempt-error" }, error),
    answer && h("details", { data: { key: `answer-${id}-${number}` } },
      h("summary", {}, "Response"), verbatim("Response", pretty(answer))));
}
