// Builds elements. Every text becomes a text node, so stored data never becomes markup.

import { savedState } from "./api.js";

// Marks an element that changes something: it is hidden while a saved state is shown.
export const CHANGES = { "data-changes": true };

/** Returns an element; `given` may have class, on (listeners), data and plain attributes. Empty children are left out. */
export function h(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "class") element.className = value;
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter(isPresent));
  return element;
}

const isPresent = (child) => child !== null && child !== undefined && child !== false && child !== "";

/** Replaces an element's children; focus and open details, identified by `data-key`, are kept. */
export function fill(host, ...children) {
  const keyed = (key) => [...host.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key);
  const focused = host.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const folds = [...host.querySelectorAll("details[data-key]")].map((each) => [each.dataset.key, each.open]);
  host.replaceChildren(...children.flat(Infinity).filter(isPresent));
  for (const [key, open] of folds) {
    const fold = keyed(key);
    if (fold) fold.open = open;
  }
  if (focused) keyed(focused)?.focus({ preventScroll: true });
}

/** Returns a function that fills `host` from data, and does nothing if the data are unchanged. */
export function section(host, build) {
  let shown;
  return (...data) => {
    const key = JSON.stringify(data);
    if (key === shown) return;
    shown = key;
    fill(host, build(...data));
  };
}

/** Returns a button; `given` as for `h`. */
export function button(text, press, given = {}) {
  return h("button", { type: "button", ...given, on: { click: press } }, text);
}

/** Returns a button that acts when it is pressed twice; `label` may be a function that returns its text. */
export function confirmButton(label, act, given = {}) {
  const text = () => (typeof label === "function" ? label() : label);
  const calm = () => {
    delete self.dataset.armed;
    self.textContent = text();
  };
  const self = button(text(), () => {
    const armed = self.dataset.armed;
    calm();
    if (armed) return act();
    self.dataset.armed = "yes";
    self.textContent = `Confirm: ${text().toLowerCase()}`;
    return undefined;
  }, given);
  self.addEventListener("blur", calm);
  self.renew = calm;
  return self;
}

/** Sets the title of the tab from the most particular part to the section. */
export function entitle(...parts) {
  const saved = savedState();
  document.title = [...parts, saved && `saved state ${saved}`, "sms-sandbox"].filter(Boolean).join(" · ");
}

/** Returns a labelled control, the label above it. */
export function field(label, control, hint) {
  return h("label", { class: "field" }, h("span", { class: "field-name" }, label), control, hint && h("small", {}, hint));
}

/** Returns a drop-down list; `options` are words, or pairs of value and word. */
export function choice(options, { value, ...given } = {}) {
  const list = h("select", given, options.map((each) => {
    const [worth, word] = Array.isArray(each) ? each : [each, each];
    return h("option", { value: worth }, word);
  }));
  if (value !== undefined && value !== null) list.value = value;
  return list;
}

/** Returns rows of term and description; empty ones are left out. */
export function facts(pairs) {
  return h("dl", { class: "facts" }, pairs.filter(([, value]) => isPresent(value)).map(([term, value]) => [
    h("dt", {}, term), h("dd", {}, value),
  ]));
}

/** Shows a problem in a line of its own, or hides the line; `noun` is what does not exist if its status is 404. */
export function showProblem(line, problem, noun) {
  line.hidden = !problem;
  line.textContent = noun && problem?.status === 404 ? `This ${noun} does not exist or is no longer kept.` : problem?.message ?? "";
}

let announcing = 0;

/** Announces a text to screen readers, at most every two seconds; only the last one counts. */
export function announce(text) {
  const announcer = document.getElementById("announcer");
  clearTimeout(announcing);
  announcing = setTimeout(() => { announcer.textContent = text; }, announcer.textContent ? 2000 : 50);
}

/** Returns a button that copies what `text` returns. */
export function copier(text, { label = "Copy", ...given } = {}) {
  const press = async () => {
    const done = await copy(text());
    self.textContent = done ? "Copied" : "Copying failed; select the text";
    announce(self.textContent);
    setTimeout(() => { self.textContent = label; }, 1600);
  };
  const self = button(label, press, { class: "quiet", ...given });
  return self;
}

/** Copies a text; returns whether that worked. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text); // without TLS, browsers offer the clipboard on loopback only
  }
}

function copyBySelection(text) {
  const focused = document.activeElement;
  const area = h("textarea", { class: "unseen", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus?.({ preventScroll: true });
  return done;
}

/** Returns a preformatted text that the keyboard can scroll. */
export function verbatim(label, text) {
  return h("pre", { tabindex: "0", role: "group", "aria-label": label }, text);
}
