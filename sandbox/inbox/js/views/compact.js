// Lists with lower rows, for those who want more of them; kept in this browser.

import { button } from "../dom.js";
import { keep, kept } from "../kept.js";

const KEPT = "sms-sandbox-compact";

/** Applies the choice made before. */
export function restoreCompact() {
  apply(kept(KEPT, "localStorage") === "yes");
}

/** Returns the button that switches between usual and lower rows; `changed` is called afterwards. */
export function compactButton(changed) {
  const isOn = () => document.documentElement.dataset.compact === "yes";
  const show = () => self.setAttribute("aria-pressed", String(isOn()));
  const self = button("Compact", () => {
    apply(!isOn());
    show();
    changed();
    keep(KEPT, isOn() ? "yes" : "no", "localStorage");
  }, { class: "quiet compact" });
  show();
  return self;
}

function apply(on) {
  document.documentElement.dataset.compact = on ? "yes" : "no";
}
