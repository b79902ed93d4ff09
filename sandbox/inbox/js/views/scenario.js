// The scenario: an editor for YAML that checks while one types, the active one with its rules and hits, others to use.

import { call, savedState } from "../api.js";
import { button, CHANGES, fill, h, showProblem, verbatim } from "../dom.js";
import { keep, kept } from "../kept.js";
import { count } from "../format.js";
import { editor } from "./editor.js";

const COUNTING = 250; // milliseconds between two readings of the hits
const TYPING = 350; // milliseconds without a key after which a draft is checked
const DRAFT = "sms-sandbox-draft-"; // followed by the workspace: where a draft is kept for this tab

/** Opens the section. */
export function open(store) {
  const active = h("section", { class: "panel active", "aria-labelledby": "active-title" });
  const available = h("ul", { class: "cards available" });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const text = editor({ label: "Scenario as YAML", changed: (draft) => changeDraft(draft) });
  const discard = button("Discard draft", () => replace(""), { class: "quiet" });

  const changeDraft = (draft) => {
    keep(DRAFT + store.workspace, draft);
    discard.hidden = !draft;
    clearTimeout(checking);
    checking = setTimeout(() => check(draft), TYPING);
  };
  const check = async (draft) => {
    if (!draft.trim()) return text.showProblem(null);
    const [good, trouble] = await store.try("POST", "scenario/check", { body: draft, type: "application/yaml" });
    if (draft !== text.value()) return undefined; // another check follows
    return trouble ? text.showProblem(trouble) : text.showSuccess("No mistakes.", good.warnings);
  };
  const replace = (draft) => {
    text.set(draft);
    changeDraft(draft);
  };

  const use = async (name) => {
    const [scenario, trouble] = await store.try("PUT", "scenario", { body: { use: name } });
    showProblem(problem, trouble);
    if (scenario) store.readScenario();
  };
  const apply = async () => {
    clearTimeout(checking);
    const [scenario, trouble] = await store.try("PUT", "scenario", { body: text.value(), type: "application/yaml" });
    text.showProblem(trouble, "The scenario was not changed.");
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
    for (const row of available.children) {
      const isActive = row.dataset.name === scenario?.name;
      row.setAttribute("aria-current", String(isActive));
      row.querySelector("button").hidden = isActive;
      row.querySelector(".mark-here").hidden = !isActive;
    }
  };
  const readAvailable = async () => {
    const page = await call("GET", "scenarios").catch(() => null);
    fill(available, (page?.items ?? []).map(({ name, description, mistakes = [] }) => h("li", { class: "card-row", data: { name } },
      h("div", { class: "card-head" }, h("h3", {}, name), h("span", { class: "mark-here", hidden: true }, "in use"),
        button("Use", () => use(name), { class: "small", "aria-label": `Use ${name}`, data: { key: `use-${name}` } })),
      h("p", {}, description),
      mistakes.length > 0 && h("p", { class: "problem" }, mistakes.join("\n")))));
    show(store.scenario);
  };

  const element = h("div", { class: "panels scenarios" }, h("div", { class: "column" },
    h("section", { class: "panel paste", ...CHANGES, "aria-labelledby": "paste-title" },
      h("h2", { id: "paste-title" }, "Edit a scenario"),
      text.element,
      h("div", { class: "bar" }, button("Apply", apply, { class: "main" }),
        button("Load the active scenario", () => { if (store.scenario?.source) replace(store.scenario.source); }, { class: "quiet" }), discard)),
    active),
    h("section", { class: "panel switch", ...CHANGES, "aria-labelledby": "available-title" },
      h("h2", { id: "available-title" }, "Available scenarios"), problem, available));
  let counting = 0;
  let checking = 0;
  const stop = [
    store.on("rules", show),
    store.on("request", recount),
    store.on("part", recount),
  ];
  show(store.scenario);
  replace(kept(DRAFT + store.workspace) ?? "");
  readAvailable();
  store.readScenario();
  return { element, route: () => {}, close: () => {
    clearTimeout(counting);
    clearTimeout(checking);
    stop.forEach((each) => each());
  } };
}

function activeParts({ name, description, rules = [], source }) {
  return [
    h("h2", { id: "active-title" }, "Active: ", name),
    description && h("p", {}, description),
    rules.length ? h("ol", { class: "rules", "aria-label": "Rules" }, rules.map((rule) => h("li", { class: "rule" },
      h("div", { class: "rule-head" }, h("h3", {}, rule.name), h("span", { class: "hits", data: { hit: String(rule.hits > 0) } }, count(rule.hits, "hit"))),
      h("p", {}, rule.words))))
      : h("p", { class: "hint" }, "No rules: every message follows its provider's default lifecycle."),
    savedState() && source && h("details", { data: { key: "source" } }, h("summary", {}, "Source"), verbatim("Source", source)),
  ];
}
