// The journal: a live list of requests with refused ones marked, and the open request.

import { choice, h } from "../dom.js";
import { ago } from "../times.js";
import { finds } from "../format.js";
import { reasonOf } from "../reasons.js";
import { ListView } from "./list_view.js";
import { openRequest } from "./request.js";

const CODE = /^[1-5]\d\d$/;

/** Opens the section. */
export function open(store) {
  const reason = h("input", { type: "search", class: "reason-filter", "aria-label": "Reason of the refusal", name: "reason", readonly: true, hidden: true });
  const listed = new ListView(store, {
    section: "requests",
    noun: "request",
    kinds: ["request"],
    filters: ["search", "provider", "refused", "status", "reason", "since"],
    searches: "Recipient, path, operation, reason or rule",
    controls: [
      choice([["", "All outcomes"], ["true", "Refused"], ["false", "Accepted"]], { "aria-label": "Outcome", name: "refused" }),
      h("input", { type: "search", class: "status-code", "aria-label": "Status code", placeholder: "Code", name: "status", inputmode: "numeric", maxlength: 3 }),
      reason,
    ],
    exports: [["har", "HAR"]],
    columns: ["Method", "Operation", "Recipient", "Reason or path", "Outcome", "Code", "Took", "Age"],
    query: ({ status, ...rest }) => ({ ...rest, status: CODE.test(status) ? status : undefined }),
    keeps,
    at: (exchange) => exchange.at,
    rank: (exchange) => exchange.id,
    newer: () => true,
    state: ({ method, path, reply, at, ms, to }) => [method, path, reply.status, at, ms, to],
    row: (exchange) => row(store, exchange),
    drawn: ({ filters }) => {
      reason.hidden = !filters.reason;
      reason.title = filters.reason ?? "";
    },
    open: openRequest,
    nothing: (filtered) => (filtered ? "No requests match these filters."
      : "No requests yet. Every request to a provider path appears here, with the reason if it was refused."),
  });
  listed.stop.push(store.on("request", (exchange) => listed.feed.put(exchange)));
  return listed;
}

function keeps({ provider, refused, search, status, reason }, exchange) {
  const { path, operation, rule, why, to, messages } = exchange;
  return (!provider || exchange.provider === provider)
    && (!refused || String(exchange.refused) === refused)
    && (!reason || (exchange.refused && reasonOf(exchange) === reason))
    && (!CODE.test(status) || String(exchange.reply.status) === status)
    && (!search || finds(search, to, [path, operation, rule, ...why, ...messages], exchange.trace));
}

function row(store, { operation, method, path, to, messages, reply, refused, why, rule, at, ms }) {
  const more = Math.max(to.length, messages.length) - 1;
  return [
    h("span", { class: "row-method" }, method),
    h("span", { class: "row-path" }, operation ?? path),
    h("span", { class: "row-to" }, to[0], more > 0 && ` +${more}`),
    h("span", { class: "row-why" }, why[0] ?? (rule ? `rule: ${rule}` : operation ? path : "")),
    h("span", { class: "row-mark" }, refused && h("span", { class: "mark" }, "refused")),
    h("span", { class: "http", data: { kind: refused || reply.status >= 400 ? "bad" : "good" } }, String(reply.status)),
    h("span", { class: "row-ms" }, `${ms} ms`),
    h("span", { class: "row-age" }, ago(store, at)),
  ];
}
