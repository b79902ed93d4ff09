// A form that sends a sample request to a provider path and opens the message that it creates.

import { send } from "../api.js";
import { CHANGES, choice, copier, field, fill, h, verbatim } from "../dom.js";
import { go, to } from "../route.js";
import { bodyText, credentials, curl, draftOf, requestOf } from "../sample_requests.js";
import { decode, pretty } from "../format.js";

/** Returns the form for an operation. */
export function tryForm(store, provider, operation, keys) {
  const known = credentials(provider, keys);
  const options = operation.calls.flatMap((one, place) => (one.samples.length ? one.samples : [null]).map((sample, chosen) =>
    [`${place}/${chosen}`, [one.method, one.path, sample && `${sample.name}, ${short(sample.type)}`].filter(Boolean).join(" ")]));
  const pick = choice(options, { "aria-label": "Call" });
  const fields = h("div", { class: "try-fields" });
  const answer = h("div", { class: "try-answer", "aria-live": "polite" });
  let request = null;

  const draw = () => {
    const [place, chosen] = pick.value.split("/").map(Number);
    const draft = draftOf(operation, operation.calls[place], { known, authentication: provider.authentication, chosen });
    const [parts, read] = editable(draft);
    request = read;
    fill(fields, parts);
    fill(answer);
  };
  const press = async () => {
    try {
      const reply = await send(request());
      if (!(await openMessage(store, reply.request))) fill(answer, replyParts(reply));
    } catch (problem) {
      fill(answer, h("p", { class: "problem", role: "alert" }, problem.message));
    }
  };
  const preferred = options.findIndex(([, label]) => label.includes("json"));
  if (preferred > 0) pick.value = options[preferred][0];
  pick.addEventListener("input", draw);
  draw();
  const form = h("form", { ...CHANGES, class: "try", "aria-label": `Try ${operation.name}` },
    h("h3", {}, "Try it"), options.length > 1 && field("Call", pick), fields,
    h("div", { class: "bar" }, h("button", { class: "main" }, operation.channel ? "Send and open message" : "Send"),
      copier(() => curl(request()), { label: "Copy as curl" })),
    answer);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    press();
  });
  return form;
}

function short(type) {
  return type.replace("application/", "").replace("x-www-form-urlencoded", "form");
}

/** Returns the fields of a draft, and a function that returns their request. */
function editable(draft) {
  const parts = Object.entries(draft.values).flatMap(([place, values]) =>
    Object.keys(values).map((name) => input(`${name}`, place, values)));
  if (draft.body === undefined) return [parts, () => requestOf(draft, "")];
  const text = h("textarea", { rows: Math.min(12, bodyText(draft.type, draft.body).split("\n").length + 1), spellcheck: "false", class: "code-text" });
  text.value = bodyText(draft.type, draft.body);
  return [[parts.length > 0 && h("div", { class: "fields" }, parts), field(`Body (${short(draft.type)})`, text)], () => requestOf(draft, text.value)];
}

function input(name, place, values) {
  const wanted = values[name] === "";
  const self = h("input", { value: values[name], required: wanted, spellcheck: "false", on: { input: () => { values[name] = self.value; } } });
  return field(`${name} (${place})`, self);
}

/** Opens the message that a request created; returns whether there is one. */
async function openMessage(store, request) {
  if (!request) return false;
  const [exchange] = await store.try("GET", `requests/${request}`);
  if (!exchange?.messages.length) return false;
  go(to("messages", exchange.messages[0]));
  return true;
}

function replyParts({ status, headers, body, request }) {
  const why = (headers["x-sandbox-why"] ?? "").split("; ").filter(Boolean).map(decode);
  return [
    h("h4", {}, `Reply ${status}`),
    why.length > 0 && h("ul", { class: "why" }, why.map((each) => h("li", {}, each))),
    verbatim("Reply", pretty(body)),
    request && h("a", { href: to("requests", request) }, `View request ${request}`),
  ];
}
