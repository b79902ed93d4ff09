// Workspaces: open, create (with keys to copy), name, reset and delete them.

import { call, DEFAULT } from "../api.js";
import { CHANGES, choice, confirmButton, copier, facts, field, fill, h, section, showProblem, verbatim } from "../dom.js";
import { go } from "../route.js";
import { DURATION, span } from "../format.js";

/** Opens the section. */
export function open(store) {
  const list = h("ul", { class: "cards" });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const created = h("div", { class: "created", "aria-live": "polite" });

  const refuse = (trouble) => showProblem(problem, trouble);
  const attempt = async (act) => {
    try {
      const answer = await act();
      refuse(null);
      return answer;
    } catch (trouble) {
      refuse(trouble);
      return undefined;
    }
  };
  const read = async () => {
    const page = await attempt(() => call("GET", "workspaces", { query: { limit: 1000 } }));
    if (page) show(page.items.map(({ clock: { mode, rate }, ...each }) => ({ ...each, clock: { mode, rate } })));
  };
  const show = section(list, (items) => items.map((each) => card(each, { current: each.id === store.workspace, reset, end, rename })));
  const reset = async (id) => {
    const path = id === DEFAULT ? "reset" : `workspaces/${encodeURIComponent(id)}/reset`;
    await attempt(() => call("POST", path));
    if (id === store.workspace) store.refresh();
    read();
  };
  const rename = async (id, name) => {
    await attempt(() => call("PATCH", `workspaces/${encodeURIComponent(id)}`, { body: { name: name.trim() || null } }));
    if (id === store.workspace) store.readName();
    read();
  };
  const end = async (id) => {
    await attempt(() => call("DELETE", `workspaces/${encodeURIComponent(id)}`));
    if (id === store.workspace) go("#/workspaces");
    else read();
  };
  const create = async (values) => {
    const workspace = await attempt(() => call("POST", "workspaces", { body: values }));
    if (!workspace) return;
    fill(created, h("h3", {}, "Created ", title(workspace)), keysOf(workspace), h("p", {}, link(workspace.id, "Open workspace")));
    read();
  };

  const element = h("div", { class: "panels" },
    h("section", { class: "panel", "aria-labelledby": "create-title", ...CHANGES },
      h("h2", { id: "create-title" }, "Create a workspace"),
      h("p", { class: "hint" }, "A workspace has its own messages, clock and scenario. Requests with its keys go to it, so parallel tests never see each other."),
      form(create), problem, created),
    h("section", { class: "panel", "aria-labelledby": "list-title" }, h("h2", { id: "list-title" }, "Workspaces"), list));
  const stop = store.on("fresh", read);
  read();
  return { element, route: () => {}, close: stop };
}

function form(create) {
  const scenario = choice([["", "Server default"]], {});
  call("GET", "scenarios").then(({ items }) => scenario.append(...items.map(({ name }) => h("option", { value: name }, name))), () => {});
  const clock = choice([["", "Server default"], ["real", "real"], ["frozen", "frozen"]], {});
  const ttl = h("input", { placeholder: "1h", pattern: DURATION, title: "5m, 1h30m, 1d" });
  const seed = h("input", { inputmode: "numeric", pattern: "\\d*", placeholder: "random" });
  const name = h("input", { maxlength: 60, placeholder: "optional" });
  const self = h("form", { class: "fields" },
    field("Name", name), field("Scenario", scenario), field("Clock", clock), field("Seed", seed), field("Delete when unused for", ttl),
    h("button", { class: "main" }, "Create"));
  self.addEventListener("submit", (event) => {
    event.preventDefault();
    create({
      ...(name.value.trim() && { name: name.value.trim() }),
      ...(scenario.value && { scenario: scenario.value }),
      ...(clock.value && { clock: { mode: clock.value } }),
      ...(seed.value && { seed: Number(seed.value) }),
      ...(ttl.value.trim() && { ttl: ttl.value.trim() }),
    });
  });
  return self;
}

/** Returns the name of a workspace with its id, or its id alone. */
function title({ id, name }) {
  return name ? `${name} (${id})` : id;
}

function card(workspace, { current, reset, end, rename }) {
  const { id, scenario, clock, seed, ttl, keys } = workspace;
  return h("li", { class: "card-row", "aria-current": current ? "true" : null },
    h("div", { class: "card-head" },
      h("h3", {}, title(workspace)), current ? h("span", { class: "mark-here" }, "current") : link(id, "Open")),
    facts([["Scenario", scenario], ["Clock", clock.mode === "scaled" ? `${clock.rate} ×` : clock.mode], ["Seed", h("code", {}, String(seed))],
      ["Deleted", ttl && `after ${span(ttl * 1000)} without use`]]),
    id === DEFAULT && h("p", {}, "Receives requests with any key that does not belong to another workspace."),
    Object.keys(keys).length > 0 && h("details", { data: { key: `keys-${id}` } }, h("summary", {}, "Keys"), keysOf(workspace)),
    h("div", { class: "bar", ...CHANGES }, nameForm(workspace, rename),
      twice("Reset", () => reset(id), id), id !== DEFAULT && twice("Delete", () => end(id), id)));
}

function nameForm({ id, name }, rename) {
  const input = h("input", { value: name ?? "", maxlength: 60, "aria-label": `Name of ${id}`, placeholder: "Name", data: { key: `name-${id}` } });
  const form = h("form", { class: "bar" }, input, h("button", { class: "small", "aria-label": `Save the name of ${id}` }, "Save name"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    rename(id, input.value);
  });
  return form;
}

function twice(label, act, id) {
  return confirmButton(label, act, { class: "small", "aria-label": `${label} ${id}`, data: { key: `${label}-${id}` } });
}

function link(id, text) {
  const address = id === DEFAULT ? "#/messages" : `#/messages?${new URLSearchParams({ workspace: id })}`;
  return h("a", { href: address, "aria-label": `${text}: ${id}` }, text);
}

function keysOf({ id, keys }) {
  const text = environment(id, keys);
  return h("div", { class: "sample" },
    verbatim("Environment variables", text),
    copier(() => text, { label: "Copy", "aria-label": `Copy the keys of ${id}` }));
}

/** Returns keys as environment variables named PROVIDER_FIELD, without the x- of a header. */
function environment(id, keys) {
  const lines = [["SANDBOX_URL", location.origin], ["SANDBOX_WORKSPACE", id]];
  for (const [provider, fields] of Object.entries(keys)) {
    for (const [name, value] of Object.entries(fields)) {
      lines.push([`${provider}_${name.replace(/^x-/, "")}`.replace(/\W/g, "_").toUpperCase(), value]);
    }
  }
  return lines.map(([name, value]) => `${name}=${value}`).join("\n");
}
