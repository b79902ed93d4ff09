// The scenario: the active one with its rules and hits, others to activate, and an editor for YAML.

import { call } from "../api.js";
import { button, fill, h } from "../dom.js";
import { count } from "../format.js";
import { editor } from "./editor.js";

const COUNTING = 250; // milliseconds between two readings of the hits

/** Opens the section. */
export function open(store) {
  const active = h("section", { class: "panel active", "aria-labelledby": "active-title" });
  const available = h("ul", { class: "cards available" });
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
    text.showProblem(trouble);
    if (!scenario) return;
    text.showSuccess(`Scenario “${scenario.name}” is active.`);
    store.readScenario();
  };
  const recount = () => { // any request may be a hit
    counting ||= setTimeout(() => {
      counting = 0;
      store.readScenario();
    }, COUNTING);
  };
  const show = (scenario) => {
    fill(active, scenario ? activeParts(scenario) : h("p", { class: "hint" }, "Loading…"));
    for (const row of available.children) row.setAttribute("aria-current", String(row.dataset.name === scenario?.name));
  };
  const readAvailable = async () => {
    const page = await call("GET", "scenarios").catch(() => null);
    fill(available, (page?.items ?? []).map(({ name, description, mistakes = [] }) => h("li", { class: "card-row", data: { name } },
      h("div", { class: "card-head" }, h("h3", {}, name), button("Activate", () => use(name), { class: "small", "aria-label": `Activate ${name}`, data: { key: `use-${name}` } })),
      h("p", {}, description),
      mistakes.length > 0 && h("p", { class: "problem" }, mistakes.join("\n")))));
    show(store.scenario);
  };

  const element = h("div", { class: "panels scenarios" }, active,
    h("section", { class: "panel paste", "aria-labelledby": "paste-title" },
      h("h2", { id: "paste-title" }, "Paste a scenario"),
      text.element,
      h("div", { class: "bar" }, button("Apply", apply, { class: "main" }),
        button("Load the active scenario", () => { if (store.scenario?.source) text.set(store.scenario.source); }, { class: "quiet" }))),
    h("section", { class: "panel switch", "aria-labelledby": "available-title" },
      h("h2", { id: "available-title" }, "Available scenarios"), problem, available));
  let counting = 0;
  const stop = [
    store.on("rules", show),
    store.on("request", recount),
    store.on("part", recount),
  ];
  show(store.scenario);
  readAvailable();
  store.readScenario();
  return { element, route: () => {}, close: () => { clearTimeout(counting); stop.forEach((each) => each()); } };
}

function activeParts({ name, description, rules = [] }) {
  return [
    h("h2", { id: "active-title" }, "Active: ", name),
    description && h("p", {}, description),
    rules.length ? h("ol", { class: "rules", tabindex: "0", "aria-label": "Rules", data: { key: "rules" } }, rules.map((rule) => h("li", { class: "rule" },
      h("div", { class: "rule-head" }, h("h3", {}, rule.name), h("span", { class: "hits", data: { hit: String(rule.hits > 0) } }, count(rule.hits, "hit"))),
      h("p", {}, rule.words))))
      : h("p", { class: "hint" }, "No rules: every message follows its provider's default lifecycle."),
  ];
}
