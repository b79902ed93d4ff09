// The life of a message as a time line: what happened, and ahead of it what is planned.

import { button, h } from "../dom.js";
import { statusWord } from "../status.js";
import { ago } from "../times.js";
import { hour, span } from "../words.js";

/** Returns the time line; `advance(at)` is offered for planned steps while the clock stands still. */
export function life(store, { history, planned }, advance) {
  const begin = Date.parse(history[0].at);
  return h("ol", { class: "life" },
    history.map(({ status, provider_status: word, at }, place) => h("li", { class: "life-step" },
      statusWord(status), h("span", { class: "life-word" }, word),
      h("time", { class: "life-at", datetime: at, title: at }, hour(at)),
      place > 0 && h("span", { class: "life-span" }, `+${span(Date.parse(at) - begin)}`))),
    planned.map(({ status, at }, place) => h("li", { class: "life-step life-ahead" },
      statusWord(status), h("span", { class: "life-word" }, "planned"),
      h("span", { class: "life-at" }, ago(store, at, () => "due")),
      store.clock?.mode === "frozen" && button("Advance to here", () => advance(at), {
        class: "quiet", "aria-label": `Advance the clock to ${status}`, data: { key: `advance-${place}` } }))),
  );
}
