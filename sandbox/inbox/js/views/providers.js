// The providers: operations with their sources, statuses, callback targets; each operation can be tried.

import { button, CHANGES, field, fill, h } from "../dom.js";
import { to } from "../route.js";
import { statusWord } from "../status.js";
import { forgetProviders, providers } from "../store.js";
import { tryForm } from "./try_form.js";

const WORDS = {
  documented: "stated in the provider's own documents",
  published: "stated in other material of the provider or its clients",
  observed: "seen in a recording of the provider",
  inferred: "our assumption: no source covers it",
};

/** Opens the section. */
export function open(store) {
  const tabs = h("nav", { class: "tabs", "aria-label": "Providers" });
  const body = h("div", { class: "provider" });
  const element = h("div", { class: "panels wide" }, tabs, body);
  let shown = null;
  let here = null;

  const show = async (place) => {
    let all;
    let keys;
    here = place;
    try {
      [all, keys] = await Promise.all([providers(), store.keys()]);
    } catch (problem) {
      fill(body, h("p", { class: "problem", role: "alert" }, problem.message));
      return;
    }
    const provider = all.find(({ name }) => name === place.id) ?? all[0];
    if (!provider) return;
    fill(tabs, all.map(({ name }) => h("a", { href: to("providers", name), "aria-current": name === provider.name ? "page" : null, data: { key: name } }, name)));
    const now = JSON.stringify([provider, keys[provider.name]]);
    if (shown === now) return;
    shown = now;
    fill(body, providerParts(store, provider, keys));
  };
  forgetProviders(); // a document may have been edited since
  const stop = store.on("fresh", () => {
    forgetProviders();
    if (here) show(here);
  });
  return { element, route: show, close: stop };
}

function providerParts(store, provider, keys) {
  return [
    h("section", { class: "panel", "aria-labelledby": "provider-title" },
      h("h2", { id: "provider-title" }, provider.name),
      provider.hosts.length > 0
        ? h("p", {}, "Stands in for ", provider.hosts.map((host) => h("code", {}, host)), ". ",
          h("span", CHANGES, "In your client, change only the host, to ", h("code", {}, location.origin), "."))
        : h("p", {}, "Served at ", h("code", {}, location.origin), ". The document names no host that it stands in for."),
      h("p", {}, "Credentials: ", credentialParts(provider), "."),
      h("dl", { class: "legend" }, Object.entries(WORDS).map(([word, meaning]) => [h("dt", {}, sourceMark(word)), h("dd", {}, meaning)])),
      target(store, provider)),
    h("section", { class: "panel", "aria-labelledby": "operations-title" },
      h("h2", { id: "operations-title" }, "Operations"),
      provider.operations.map((operation) => operationPart(store, provider, operation, keys))),
    h("section", { class: "panel", "aria-labelledby": "statuses-title" },
      h("h2", { id: "statuses-title" }, "Statuses"),
      provider.channels.map(channelPart)),
  ];
}

function credentialParts({ authentication, credentials }) {
  if (!credentials.length) return "none";
  if (!authentication.length) return joined(credentials.map((name) => h("code", {}, name)), " and ");
  return joined(authentication.map((way) => joined(way.map(credentialPart), " and ")), " or ");
}

function credentialPart({ in: place, name, fields, prefix, encoding }) {
  const value = fields.join(":");
  if (!prefix && encoding === "plain") return [place, " ", h("code", {}, name)];
  return [place, " ", h("code", {}, `${name}: ${prefix}${encoding === "base64" ? `base64(${value})` : value}`)];
}

function joined(parts, between) {
  return parts.flatMap((part, place) => (place ? [between, part] : [part]));
}

function sourceMark(word, source) {
  return h("span", { class: "word", data: { word }, title: source }, word);
}

function operationPart(store, provider, operation, keys) {
  const { name, summary, word, source, calls, errors } = operation;
  const inside = h("div", { class: "operation-body" });
  const fold = h("details", { class: "operation", data: { key: name } },
    h("summary", {}, h("code", { class: "operation-name" }, name), h("span", { class: "operation-summary" }, summary), sourceMark(word, source)),
    inside);
  fold.addEventListener("toggle", () => {
    if (!fold.open || inside.childElementCount) return;
    fill(inside,
      source && h("p", { class: "source" }, "Source: ", source),
      h("ul", { class: "calls" }, calls.map((one) => h("li", {}, h("code", {}, one.method), " ", h("code", { class: "breakable" }, one.path), " ", sourceMark(one.word, one.source)))),
      tryForm(store, provider, operation, keys),
      parameters(calls),
      errors.length > 0 && h("details", {}, h("summary", {}, `Errors (${errors.length})`), h("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": "Errors" },
        table(["Name", "HTTP", "Code", "Source"], errors.map((each) => [h("code", {}, each.name), String(each.status), String(each.code), sourceMark(each.word, each.source)])))));
  });
  return fold;
}

function parameters(calls) {
  const rows = new Map();
  for (const one of calls) for (const each of one.parameters) {
    const known = rows.get(each.name);
    rows.set(each.name, { ...each, places: [...new Set([...(known?.places ?? []), each.in])] });
  }
  if (!rows.size) return null;
  return h("details", {}, h("summary", {}, `Parameters (${rows.size})`), h("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": "Parameters" },
    table(["Name", "In", "Required", "Description", "Source"], [...rows.values()].map((each) => [
      h("code", {}, each.name), each.places.join(", "), each.required ? "yes" : "", each.description ?? "", sourceMark(each.word, each.source)]))));
}

function table(heads, rows) {
  return h("table", {}, h("thead", {}, h("tr", {}, heads.map((each) => h("th", { scope: "col" }, each)))),
    h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((each) => h("td", {}, each))))));
}

function channelPart({ name, statuses, inbound }) {
  return h("details", { data: { key: `channel-${name}` } }, h("summary", {}, name),
    h("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": `Statuses of ${name}` },
      table(["Status", "Provider status", "Next statuses", "Reported", "Source"], statuses.map((each) => [
        statusWord(each.status), h("code", {}, [each.says, ...each.variants].join(", ")), each.next.join(", ") || "none (final)",
        each.reported ? "yes" : "", sourceMark(each.word, each.source)]))),
    inbound && h("p", { class: "hint" }, `Takes messages from phones. These opt out: ${inbound.stop.join(", ") || "none"}; these opt in: ${inbound.start.join(", ") || "none"}.`));
}

function target(store, { name }) {
  const url = h("input", { type: "url", name: "url", placeholder: "http://127.0.0.1:9000/dlr", size: 32 });
  const verdict = h("p", { class: "hint", role: "status" });
  const form = h("form", { class: "bar target", ...CHANGES }, field("Callback URL", url), h("button", {}, "Save"),
    button("Remove", async () => {
      const [, problem] = await store.try("DELETE", `targets/${name}`);
      url.value = "";
      verdict.textContent = problem && problem.status !== 404 ? problem.message : "Removed: callbacks are collected, not sent.";
    }, { class: "quiet" }));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [, problem] = await store.try("PUT", `targets/${name}`, { body: { url: url.value } });
    verdict.textContent = problem ? problem.message : "Saved: callbacks are now sent to this URL.";
  });
  let touched = false;
  url.addEventListener("input", () => { touched = true; });
  store.try("GET", "targets").then(([all]) => {
    if (touched) return; // keep what the user is typing
    const known = all?.[name];
    url.value = known?.url ?? "";
    verdict.textContent = known ? `Callbacks are sent to ${known.url}` : "No target: callbacks are collected, not sent.";
  });
  return h("div", {}, form, verdict);
}
