// Asks for the control token once per tab.

import { h } from "./dom.js";

/** Returns the dialog's element, and `ask`, which resolves with the token. */
export function tokenDialog() {
  const input = h("input", { type: "password", autocomplete: "off", required: true, id: "token" });
  const wrong = h("p", { class: "problem", role: "alert", hidden: true }, "This token is not valid.");
  const form = h("form", { method: "dialog" },
    h("h2", { id: "token-title" }, "Control token"),
    h("p", {}, "This sandbox was started with ", h("code", {}, "--control-token"), ". The token is kept for this tab only."),
    wrong,
    h("label", { class: "field", for: "token" }, h("span", { class: "field-name" }, "Token"), input),
    h("button", { class: "main" }, "Continue"),
  );
  const element = h("dialog", { class: "card", "aria-labelledby": "token-title" }, form);
  element.addEventListener("cancel", (event) => event.preventDefault());
  const ask = (refused) => new Promise((resolve) => {
    wrong.hidden = !refused;
    input.value = "";
    form.addEventListener("submit", () => resolve(input.value.trim()), { once: true });
    element.addEventListener("close", () => { if (!input.value.trim()) element.showModal(); });
    element.showModal();
  });
  return { element, ask };
}
