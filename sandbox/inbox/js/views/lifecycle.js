// The lifecycle of a message as a timeline: past steps, then planned ones.

import { button, CHANGES, h } from "../dom.js";
import { statusWord } from "../status.js";
import { ago } from "../times.js";
import { hour, span } from "../format.js";

/** Returns the timeline; planned steps offer `advance(at)` while the clock is frozen. */
export function lifecycle(store, { history, planned }, advance) {
  const begin = Date.parse(history[0].at);
  return h("ol", { class: "lifecycle" },
    history.map(({ status, provider_status: word, at }, place) => h("li", { class: "lifecycle-step" },
      statusWord(status), h("span", { class: "lifecycle-word" }, word),
      h("time", { class: "lifecycle-at", datetime: at, title: at }, hour(at)),
      place > 0 && h("span", { class: "lifecycle-span" }, `+${span(Date.parse(at) - begin)}`))),
    planned.map(({ status, at }, place) => h("li", { class: "lifecycle-step lifecycle-ahead" },
      statusWord(status), h("span", { class: "lifecycle-word" }, "planned"),
      h("span", { class: "lifecycle-at" }, ago(store, at, () => "due")),
      store.clock?.mode === "frozen" && button("Advance to here", () => advance(at), {
        ...CHANGES, class: "quiet", "aria-label": `Advance the clock to ${status}`, data: { key: `advance-${place}` } }))),
  );
}
