// Lists with lower rows, for those who want more of them; kept in this browser.

import { button } from "../dom.js";

const KEPT = "sms-sandbox-compact";

/** Applies the choice made before. */
export function restoreCompact() {
  try {
    apply(localStorage.getItem(KEPT) === "yes");
  } catch {
    // Then rows have their usual height.
  }
}

/** Returns the button that switches between usual and lower rows; `changed` is called afterwards. */
export function compactButton(changed) {
  const isOn = () => document.documentElement.dataset.compact === "yes";
  const show = () => self.setAttribute("aria-pressed", String(isOn()));
  const self = button("Compact", () => {
    apply(!isOn());
    show();
    changed();
    try {
      localStorage.setItem(KEPT, isOn() ? "yes" : "no");
    } catch {
      // Then the choice is not kept.
    }
  }, { class: "quiet compact" });
  show();
  return self;
}

function apply(on) {
  document.documentElement.dataset.compact = on ? "yes" : "no";
}
