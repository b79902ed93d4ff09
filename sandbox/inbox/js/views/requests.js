// The journal: every request that came in, refused ones marked, and the exchange that is open.

import { choice, h } from "../dom.js";
import { ago } from "../times.js";
import { Listed } from "./listed.js";
import { openRequest } from "./request.js";

/** Opens the section. */
export function open(store) {
  const search = h("input", { type: "search", "aria-label": "Path or reason contains", placeholder: "Path or reason", name: "about", spellcheck: "false" });
  const listed = new Listed(store, {
    section: "requests",
    noun: "request",
    kinds: ["request"],
    filters: ["provider", "refused", "about"],
    controls: [
      choice([["", "All"], ["true", "Refused"], ["false", "Not refused"]], { "aria-label": "Refused or not", name: "refused" }),
      search,
    ],
    search,
    query: ({ provider, refused }) => ({ provider, refused }),
    keeps,
    rank: (exchange) => exchange.id,
    newer: () => true,
    state: ({ method, path, reply, at, ms }) => [method, path, reply.status, at, ms],
    row: (exchange) => row(store, exchange),
    open: openRequest,
    hint: "Choose a request to see it beside its reply.",
    nothing: (filtered) => (filtered ? "No request fits these filters."
      : "No request yet. Every one that reaches a provider's path stands here, refused ones with the reason."),
  });
  listed.stop.push(store.on("request", (exchange) => listed.feed.put(exchange)));
  return listed;
}

function keeps({ provider, refused, about }, exchange) {
  return (!provider || exchange.provider === provider)
    && (!refused || String(exchange.refused) === refused)
    && (!about || [exchange.path, exchange.operation ?? "", exchange.rule ?? "", ...exchange.why].some((each) => each.includes(about)));
}

function row(store, { provider, operation, method, path, reply, refused, why, rule, at, ms }) {
  return [
    h("span", { class: "row-method" }, method),
    h("span", { class: "row-path" }, operation ?? path),
    h("span", { class: "row-why" }, why[0] ?? (rule ? `rule: ${rule}` : operation ? path : "")),
    h("span", { class: "row-provider" }, provider ?? "no provider"),
    h("span", { class: "row-mark" }, refused && h("span", { class: "mark" }, "refused")),
    h("span", { class: "http", data: { kind: reply.status < 400 ? "good" : "bad" } }, String(reply.status)),
    h("span", { class: "row-ms" }, `${ms} ms`),
    h("span", { class: "row-age" }, ago(store, at)),
  ];
}
