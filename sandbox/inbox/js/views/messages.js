// The messages: a live list, the open message, and on a fresh start what to do first.

import { announce, CHANGES, choice, confirmButton, h } from "../dom.js";
import { CALLBACK_STATES, callbackSign, optWord, STATUSES, statusWord } from "../status.js";
import { ago } from "../times.js";
import { count, finds, milliseconds } from "../format.js";
import { ListView } from "./list_view.js";
import { openMessage } from "./message.js";
import { fillWelcome } from "./welcome.js";

const SHOWN = 300; // characters of a text in its row
const FEW = 20; // messages that are deleted one by one

/** Opens the section. */
export function open(store) {
  let listed = null;
  let arrived = null;
  const welcome = h("div", { class: "welcome", hidden: true });
  const clear = confirmButton(() => (listed?.filtered ? "Delete matching" : "Delete all"), () => remove(listed.query), { hidden: true, ...CHANGES });
  listed = new ListView(store, {
    section: "messages",
    noun: "message",
    kinds: ["message", "status"],
    filters: ["search", "provider", "status", "callback_state", "since"],
    searches: "Number, text, sender, id or code",
    controls: [
      choice([["", "All statuses"], ...STATUSES], { "aria-label": "Status", name: "status" }),
      choice([["", "All callbacks"], ...Object.keys(CALLBACK_STATES)], { "aria-label": "Callbacks", name: "callback_state" }),
    ],
    tools: [clear],
    exports: [["csv", "CSV"], ["jsonl", "JSONL"]],
    columns: ["Provider", "Channel", "Sender", "Recipient", "Text", "Code", "Status", "Callbacks", "Age"],
    query: (filters) => filters,
    keeps,
    at: (message) => message.accepted_at,
    rank: (message) => message.number,
    newer: (message, known) => message.history.length >= known.history.length,
    state: ({ status, code, opt, provider, channel, from, to, accepted_at: at, text, callback_state: state }) =>
      [status, code, opt, provider, channel, from, to, at, text.slice(0, SHOWN), state],
    row: (message) => row(store, message),
    open: openMessage,
    actions: (chosen) => [["Delete", chosen, (able) => removeEach(able.map(({ id }) => id))]],
    nothing: (filtered) => (filtered ? "No messages match these filters." : "No messages yet."),
    drawn: (self) => {
      greet(store, self, welcome);
      clear.hidden = !self.feed.items.length;
      if (!clear.dataset.armed) clear.renew();
      if (arrived && self.feed.places.has(arrived.id)) announce(`${count(self.feed.items.length, "message")}, newest ${arrived.direction === "inbound" ? `from ${arrived.from}` : `to ${arrived.to}`}`);
      arrived = null;
    },
  });
  const remove = async ({ limit, cursor, ...query }) => {
    const [, problem] = await store.try("DELETE", "messages", { query });
    announce(problem?.message ?? "The messages were deleted.");
  };
  const removeEach = async (ids) => {
    if (ids.length > FEW && ids.length === listed.feed.items.length && !listed.feed.next) return remove(listed.query);
    for (const id of ids) await store.try("DELETE", `messages/${encodeURIComponent(id)}`);
    announce(`${count(ids.length, "message")} deleted.`);
    return undefined;
  };

  listed.element.append(welcome);
  listed.stop.push(
    store.on("message", (message) => {
      arrived = message;
      listed.feed.put(message);
    }),
    store.on("status", (message) => {
      if (!isAfter(listed.filters) || listed.feed.places.has(message.id)) listed.feed.put(message);
    }),
    store.on("callback", ({ message: id, callback_state: state }) => {
      const known = listed.feed.patch({ id, callback_state: state });
      if (!known && listed.filters.callback_state === state && !isAfter(listed.filters)) store.complete({ kind: "message", id });
    }),
  );
  return listed;
}

/** Returns whether only what came after a message is shown: then an unknown one that changes is older. */
function isAfter({ since }) {
  return Boolean(since) && milliseconds(since) === null;
}

function keeps({ provider, status, search, callback_state: state }, message) {
  return (!provider || message.provider === provider)
    && (!status || message.status === status || message.provider_status === status)
    && (!state || message.callback_state === state)
    && (!search || finds(search, [message.direction === "inbound" ? message.from : message.to], [message.text, message.from, message.id, message.code], message.trace));
}

function row(store, { provider, channel, from, to: recipient, text, code, opt, status, accepted_at: at, callback_state: state }) {
  return [
    h("span", { class: "row-provider" }, provider),
    h("span", { class: "row-channel" }, channel),
    h("span", { class: "row-from" }, h("bdi", {}, from ?? "")),
    h("span", { class: "row-to" }, recipient),
    h("span", { class: "row-text", dir: "auto" }, text.slice(0, SHOWN)),
    h("span", { class: "row-code" }, code && h("span", { class: "code-chip" }, code), opt && optWord(opt)),
    h("span", { class: "row-status" }, statusWord(status)),
    h("span", { class: "row-callbacks" }, callbackSign(state)),
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
