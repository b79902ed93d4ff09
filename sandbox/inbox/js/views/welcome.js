// Shown on a fresh start: a command for each provider that sends a message to this server.

import { DEFAULT } from "../api.js";
import { CHANGES, copier, fill, h, verbatim } from "../dom.js";
import { to } from "../route.js";
import { curl, firstSend } from "../sample_requests.js";
import { providers } from "../store.js";

/** Fills an element with what to do first. */
export async function fillWelcome(store, host) {
  const [offered, keys] = await Promise.all([providers(), store.keys()]).catch(() => [[], {}]);
  const lines = offered.map((provider) => [provider, firstSend(provider, keys)]).filter(([, request]) => request);
  const demo = `sms-sandbox demo --url ${location.origin}${store.workspace === DEFAULT ? "" : ` --workspace ${store.workspace}`}`;
  fill(host,
    h("h2", {}, "No messages yet"),
    h("p", CHANGES, "Point your application at ", h("code", {}, location.origin), " instead of its provider, or run one of these commands. Messages appear here as they are sent."),
    h("ul", { class: "samples", ...CHANGES }, lines.map(([provider, request]) => sample(provider, curl(request)))),
    h("div", { class: "sample", ...CHANGES }, h("h3", {}, "Or sample traffic"), copier(() => demo, { "aria-label": "Copy the demo command" }), verbatim("Sample traffic", demo)),
    h("p", { class: "hint", ...CHANGES }, "You can try every operation under ", h("a", { href: to("providers") }, "Providers"),
      ". The ", h("a", { href: to("scenario") }, "scenario"), " determines how providers behave; the ",
      h("a", { href: to("clock") }, "clock"), " determines when things happen."));
}

function sample(provider, line) {
  return h("li", { class: "sample" },
    h("h3", {}, provider.name),
    copier(() => line, { "aria-label": `Copy the command for ${provider.name}` }),
    verbatim(`A request to ${provider.name}`, line));
}
