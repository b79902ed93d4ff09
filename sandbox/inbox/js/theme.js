// Light, dark, or the system's theme; kept in this browser.

import { button, h } from "./dom.js";
import { keep, kept } from "./kept.js";

const KEPT = "sms-sandbox-theme";
const THEMES = { auto: "Auto", light: "Light", dark: "Dark" };

/** Applies the theme chosen before. */
export function restoreTheme() {
  apply(chosen());
}

/** Returns the button that switches to the next theme. */
export function themeButton() {
  const names = Object.keys(THEMES);
  const self = button("", () => {
    const next = names[(names.indexOf(chosen()) + 1) % names.length];
    apply(next);
    show(next);
    keep(KEPT, next, "localStorage");
  }, { class: "quiet" });
  const show = (theme) => {
    self.replaceChildren("◐", h("span", { class: "theme-name" }, ` ${THEMES[theme]}`));
    self.title = `Theme: ${THEMES[theme]}`;
    self.setAttribute("aria-label", `Theme: ${THEMES[theme]}`);
  };
  show(chosen());
  return self;
}

function chosen() {
  const theme = document.documentElement.dataset.theme ?? kept(KEPT, "localStorage");
  return theme in THEMES ? theme : "auto";
}

function apply(theme) {
  document.documentElement.dataset.theme = theme;
}
