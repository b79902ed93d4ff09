// Light, dark, or the system's theme; kept in this browser.

import { button, h } from "./dom.js";

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
    try {
      localStorage.setItem(KEPT, next);
    } catch {
      // Then the theme is not kept.
    }
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
  const kept = document.documentElement.dataset.theme ?? remembered();
  return kept in THEMES ? kept : "auto";
}

function remembered() {
  try {
    return localStorage.getItem(KEPT) ?? "auto";
  } catch {
    return "auto";
  }
}

function apply(theme) {
  document.documentElement.dataset.theme = theme;
}
