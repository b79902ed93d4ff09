// The scenario: what is on, its rules in words with how often each held, another by name, or one pasted as YAML.

import { call } from "../api.js";
import { button, fill, h } from "../dom.js";
import { count } from "../words.js";
import { editor } from "./editor.js";

const COUNTING = 250; // milliseconds between two readings of the hits, at least

/** Opens the section. */
export function open(store) {
  const present = h("section", { class: "panel present", "aria-labelledby": "present-title" });
  const shelf = h("ul", { class: "cards shelf" });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const text = editor({ label: "Scenario as YAML" });

  const use = async (name) => {
    const [scenario, trouble] = await store.try("PUT", "scenario", { body: { use: name } });
    problem.hidden = !trouble;
    problem.textContent = trouble?.message ?? "";
    if (scenario) store.readScenario();
  };
  const apply = async () => {
    const [scenario, trouble] = await store.try("PUT", "scenario", { body: text.value(), type: "application/yaml" });
    text.complain(trouble);
    if (!scenario) return;
    text.praise(`“${scenario.name}” is on.`);
    store.readScenario();
  };
  const recount = () => { // every request may be a hit
    counting ||= setTimeout(() => {
      counting = 0;
      store.readScenario();
    }, COUNTING);
  };
  const show = (scenario) => {
    fill(present, scenario ? presentParts(scenario) : h("p", { class: "hint" }, "Reading…"));
    for (const row of shelf.children) row.setAttribute("aria-current", String(row.dataset.name === scenario?.name));
  };
  const readShelf = async () => {
    const page = await call("GET", "scenarios").catch(() => null);
    fill(shelf, (page?.items ?? []).map(({ name, description, mistakes = [] }) => h("li", { class: "card-row", data: { name } },
      h("div", { class: "card-head" }, h("h3", {}, name), button("Use", () => use(name), { class: "small", "aria-label": `Use ${name}`, data: { key: `use-${name}` } })),
      h("p", {}, description),
      mistakes.length > 0 && h("p", { class: "problem" }, mistakes.join("\n")))));
    show(store.scenario);
  };

  const element = h("div", { class: "panels scenarios" }, present,
    h("section", { class: "panel paste", "aria-labelledby": "paste-title" },
      h("h2", { id: "paste-title" }, "Paste one"),
      text.element,
      h("div", { class: "bar" }, button("Use it", apply, { class: "main" }),
        button("Start from what is on", () => { if (store.scenario?.source) text.set(store.scenario.source); }, { class: "quiet" }))),
    h("section", { class: "panel switch", "aria-labelledby": "shelf-title" },
      h("h2", { id: "shelf-title" }, "Switch"), problem, shelf));
  let counting = 0;
  const stop = [
    store.on("rules", show),
    store.on("request", recount),
    store.on("part", recount),
  ];
  show(store.scenario);
  readShelf();
  store.readScenario();
  return { element, route: () => {}, close: () => { clearTimeout(counting); stop.forEach((each) => each()); } };
}

function presentParts({ name, description, rules = [] }) {
  return [
    h("h2", { id: "present-title" }, "On: ", name),
    description && h("p", {}, description),
    rules.length ? h("ol", { class: "rules", tabindex: "0", "aria-label": "Rules", data: { key: "rules" } }, rules.map((rule) => h("li", { class: "rule" },
      h("div", { class: "rule-head" }, h("h3", {}, rule.name), h("span", { class: "hits", data: { hit: String(rule.hits > 0) } }, count(rule.hits, "hit"))),
      h("p", {}, rule.words))))
      : h("p", { class: "hint" }, "It has no rules: every message lives its provider's usual life."),
  ];
}
