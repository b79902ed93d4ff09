// The messages: a live list, the open message, and on a fresh start what to do first.

import { announce, choice, h } from "../dom.js";
import { STATUSES, statusWord } from "../status.js";
import { ago } from "../times.js";
import { count, hasDigits } from "../format.js";
import { ListView } from "./list_view.js";
import { openMessage } from "./message.js";
import { fillWelcome } from "./welcome.js";

const SHOWN = 300; // characters of a text in its row

/** Opens the section. */
export function open(store) {
  const search = h("input", { type: "search", "aria-label": "Text contains", placeholder: "Text", name: "text", spellcheck: "false" });
  const welcome = h("div", { class: "welcome", hidden: true });
  const listed = new ListView(store, {
    section: "messages",
    noun: "message",
    kinds: ["message", "status"],
    filters: ["provider", "status", "to", "text"],
    controls: [
      choice([["", "All statuses"], ...STATUSES], { "aria-label": "Status", name: "status" }),
      h("input", { type: "search", "aria-label": "Recipient", placeholder: "Recipient", name: "to", inputmode: "tel" }),
      search,
    ],
    search,
    query: ({ provider, status, text }) => ({ provider, status, text }),
    keeps,
    rank: (message) => message.request,
    newer: (message, known) => message.history.length >= known.history.length,
    state: ({ status, code, provider, to, accepted_at: at, text }) => [status, code, provider, to, at, text.slice(0, SHOWN)],
    row: (message) => row(store, message),
    open: openMessage,
    hint: "Select a message to see its lifecycle and callbacks.",
    nothing: (filtered) => (filtered ? "No messages match these filters." : "No messages yet."),
    drawn: (self) => {
      greet(store, self, welcome);
      if (arrived && self.feed.places.has(arrived.id)) announce(`${count(self.feed.items.length, "message")}, newest to ${arrived.to}`);
      arrived = null;
    },
  });
  let arrived = null;
  listed.element.append(welcome);
  listed.stop.push(
    store.on("message", (message) => {
      arrived = message;
      listed.feed.put(message);
    }),
    store.on("status", (message) => listed.feed.put(message)),
  );
  return listed;
}

function keeps({ provider, status, text, to: number }, message) {
  return (!provider || message.provider === provider)
    && (!status || message.status === status || message.provider_status === status)
    && (!text || message.text.includes(text))
    && (!number || hasDigits(message.to, number));
}

function row(store, { provider, to: recipient, text, code, status, accepted_at: at }) {
  return [
    h("span", { class: "row-provider" }, provider),
    h("span", { class: "row-to" }, recipient),
    h("span", { class: "row-text", dir: "auto" }, text.slice(0, SHOWN)),
    h("span", { class: "row-code" }, code && h("span", { class: "code-chip" }, code)),
    h("span", { class: "row-status" }, statusWord(status)),
    h("span", { class: "row-age" }, ago(store, at)),
  ];
}

/** Shows what to do first while there are no messages. */
function greet(store, { element, feed, filtered, opened }, welcome) {
  const fresh = feed.state === "ready" && !feed.items.length && !filtered && opened === null;
  element.classList.toggle("is-fresh", fresh);
  if (fresh && welcome.hidden) fillWelcome(store, welcome);
  if (!fresh) welcome.replaceChildren();
  welcome.hidden = !fresh;
}
