// The journal: a live list of requests with refused ones marked, and the open request.

import { choice, h } from "../dom.js";
import { ago } from "../times.js";
import { ListView } from "./list_view.js";
import { openRequest } from "./request.js";

/** Opens the section. */
export function open(store) {
  const search = h("input", { type: "search", "aria-label": "Path or reason contains", placeholder: "Path or reason", name: "about", spellcheck: "false" });
  const listed = new ListView(store, {
    section: "requests",
    noun: "request",
    kinds: ["request"],
    filters: ["provider", "refused", "about"],
    controls: [
      choice([["", "All outcomes"], ["true", "Refused"], ["false", "Accepted"]], { "aria-label": "Outcome", name: "refused" }),
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
    hint: "Select a request to see it with its reply.",
    nothing: (filtered) => (filtered ? "No requests match these filters."
      : "No requests yet. Every request to a provider path appears here, with the reason if it was refused."),
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
