// The first thing on a fresh start: a line for each provider that sends something to this very server.

import { copier, fill, h, verbatim } from "../dom.js";
import { to } from "../route.js";
import { curl, firstSend } from "../sample.js";
import { providers } from "../store.js";

/** Fills an element with what to do first. */
export async function start(store, host) {
  const [offered, keys] = await Promise.all([providers(), store.keys()]).catch(() => [[], {}]);
  const lines = offered.map((provider) => [provider, firstSend(provider, keys)]).filter(([, request]) => request);
  fill(host,
    h("h2", {}, "Nothing sent yet"),
    h("p", {}, "Point your application at ", h("code", {}, location.origin), " instead of at its provider, or paste one of these. What is sent appears here by itself."),
    h("ul", { class: "samples" }, lines.map(([provider, request]) => sample(provider, curl(request)))),
    h("p", { class: "hint" }, "Every operation has a form to try it under ", h("a", { href: to("providers") }, "Providers"),
      ". How the providers behave is the ", h("a", { href: to("scenario") }, "scenario"), "; what time it is there, the ",
      h("a", { href: to("clock") }, "clock"), "."));
}

function sample(provider, line) {
  return h("li", { class: "sample" },
    h("h3", {}, provider.name),
    copier(() => line, { "aria-label": `Copy the line for ${provider.name}` }),
    verbatim(`A request to ${provider.name}`, line));
}
