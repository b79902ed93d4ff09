// One request: beside its reply, with reasons, rule, and a curl command that repeats it.

import { copier, entitle, facts, h, section, showProblem, verbatim } from "../dom.js";
import { to } from "../route.js";
import { ANY_KEY, curl } from "../sample_requests.js";
import { ago, keepTime } from "../times.js";
import { decode, pretty } from "../format.js";

const ENCODED = /^x-sandbox-(why|rule)$/i; // headers that are percent-encoded
const MASKED = "…";
const OWN = new Set(["host", "content-length", "connection", "accept-encoding", "transfer-encoding", "user-agent", "accept"]);

/** Opens a request; returns {element, focus, close}. */
export function openRequest(store, id) {
  const title = h("h2", { tabindex: "-1" }, `Request ${id}`);
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const body = h("div", { class: "request" });
  const element = h("article", {}, title, problem, body);
  const show = section(body, (exchange, keys) => exchangeView(store, exchange, keys));

  const read = async () => {
    const [exchange, trouble] = await store.try("GET", `requests/${encodeURIComponent(id)}`);
    showProblem(problem, trouble, "request");
    body.hidden = Boolean(trouble);
    if (!exchange) return;
    title.textContent = `${exchange.method} ${exchange.path}`;
    entitle(`Request ${id}`, title.textContent);
    show(exchange, await store.keys().catch(() => ({})));
  };
  const stop = [store.on("fresh", read), keepTime(store, element)];
  if (store.ready) read();
  return { element, focus: () => title.focus({ preventScroll: true }), close: () => stop.forEach((each) => each()) };
}

function exchangeView(store, exchange, keys) {
  const { provider, operation, rule, to: recipients, messages, at, ms, refused, why, reply, resent_of: first, trace } = exchange;
  const { line, masked } = asCurl(exchange, keys[provider] ?? {});
  return [
    refused && h("section", { class: "reasons", "aria-label": "Reasons" },
      h("h3", {}, "Refused"),
      why.length ? h("ul", {}, why.map((sentence) => h("li", {}, sentence)))
        : h("p", {}, rule ? "A scenario rule refused it." : "No reason was recorded.")),
    !refused && why.length > 0 && h("section", { class: "reasons notes", "aria-label": "Notes" },
      h("h3", {}, "Notes"),
      h("ul", {}, why.map((sentence) => h("li", {}, sentence)))),
    facts([
      ["Operation", operation && h("code", {}, operation)],
      ["Rule", rule],
      ["Recipient", recipients.length > 0 && `${recipients.join(", ")}${messages.length > recipients.length ? " …" : ""}`],
      ["Messages", messages.length > 0 && h("span", { class: "links" }, messages.slice(0, 50).map((id) => h("a", { href: to("messages", id) }, id)))],
      ["Trace", traceOf(trace)],
      ["Resend", resendOf(first)],
      ["Received", ago(store, at, (text) => (text === "now" ? text : `${text} ago`))],
      ["Duration", `${ms} ms`],
    ]),
    h("div", { class: "bar" }, copier(() => line, { label: "Copy as curl", class: "", "data-key": "curl" }),
      masked.length > 0 && h("span", { class: "hint" }, `The journal masks ${masked.join(" and ")}: set $SANDBOX_KEY (default: ${ANY_KEY}).`)),
    h("div", { class: "exchange" },
      half("Request", exchange.headers, exchange.body, { query: exchange.query, cut: exchange.body_cut && exchange.body_size }),
      half(`Reply ${reply.status}`, reply.headers, reply.body, {})),
  ];
}

/** Returns the note that a request repeats one whose reply was lost, if it does. */
export function resendOf(first) {
  return first && h("span", {}, "same text and recipient as ", h("a", { href: to("requests", first) }, `request ${first}`), ", whose reply was lost");
}

/** Returns the id of the trace that a request belongs to, if it has one. */
export function traceOf(trace) {
  return trace && h("span", { class: "with-copy" }, h("code", { class: "breakable" }, trace.trace_id),
    copier(() => trace.trace_id, { "aria-label": "Copy trace ID", "data-key": "copy-trace" }));
}

function half(title, headers, body, { query = {}, cut }) {
  const values = Object.entries(query);
  return h("section", { class: "half", "aria-label": title },
    h("h3", {}, title),
    values.length > 0 && [h("h4", {}, "Query"), facts(values.map(([name, value]) => [name, h("code", { class: "breakable" }, [value].flat().join(", "))]))],
    h("h4", {}, "Body"),
    body ? verbatim(`Body of the ${title.toLowerCase()}`, pretty(body)) : h("p", { class: "hint" }, "Empty"),
    cut && h("p", { class: "hint" }, `Only the first 16 KB of ${cut.toLocaleString("en")} bytes are kept.`),
    h("h4", {}, "Headers"),
    facts(Object.entries(headers).map(([name, value]) => [name, h("code", { class: "breakable" }, ENCODED.test(name) ? decode(value) : value)])));
}

/** Returns the request as a curl command, and the names of masked values that are unknown. */
function asCurl({ method, path, query, headers, body }, keys) {
  const masked = [];
  const known = (name, value) => {
    if (!String(value).endsWith(MASKED)) return value;
    const key = Object.entries(keys).find(([field, full]) => field === name && full.startsWith(value.slice(0, -1)));
    if (key) return key[1];
    masked.push(name);
    return HOLE;
  };
  const search = new URLSearchParams(Object.entries(query).flatMap(([name, value]) => [value].flat().map((each) => [name, known(name, each)])));
  const carried = Object.entries(headers).filter(([name]) => !OWN.has(name.toLowerCase()) && !/^(sec-|x-forwarded)/i.test(name));
  const line = curl({
    method,
    path: path + (String(search) ? `?${search}` : ""),
    headers: Object.fromEntries(carried.map(([name, value]) => [name, known(name, value)])),
    body,
  });
  return { line: line.replaceAll(HOLE, `'"\${SANDBOX_KEY:-${ANY_KEY}}"'`), masked };
}

const HOLE = "SANDBOX-KEY-HERE";
