// A status as a coloured word, and the statuses that may follow it.

import { h } from "./dom.js";

export const STATUSES = ["scheduled", "queued", "sent", "delivered", "read", "undelivered", "failed", "expired", "rejected", "received"];

/** Returns a status as a coloured word. */
export function statusWord(status, text = status) {
  return h("span", { class: "status", data: { status } }, text);
}

/** Returns what a message from a phone asks for, as a word in a frame. */
export function optWord(opt) {
  return h("span", { class: "opt-word", data: { opt } }, opt === "stop" ? "opts out" : "opts in");
}

// The states of all callbacks of a message together, and the sign of each.
export const CALLBACK_STATES = { failing: "✗", waiting: "…", cancelled: "–", collected: "○", delivered: "✓" };

/** Returns the state of a message's callbacks as a sign and a word; nothing if it has none. */
export function callbackSign(state) {
  return state && h("span", { class: "callback-sign", data: { state }, title: `Callbacks: ${state}` },
    h("span", { "aria-hidden": "true" }, CALLBACK_STATES[state]), h("span", { class: "sign-word" }, ` ${state}`));
}

/** Returns a provider's word for a status with its meaning, if the word does not say it. */
export function meaning(word, status) {
  return word.toLowerCase() === status ? word : `${word} (${status})`;
}

/** Returns [value for the API, label] for each status that may follow a message's own. */
export function nextStatuses(offered, message) {
  const provider = offered.find(({ name }) => name === message.provider);
  const channel = provider?.channels.find(({ name }) => name === message.channel);
  const rows = new Map((channel?.statuses ?? []).map((row) => [row.status, row]));
  return (rows.get(message.status)?.next ?? []).flatMap((status) => {
    const { says, variants = [] } = rows.get(status) ?? {};
    return [[status, says && says !== status ? `${status} (${says})` : status],
      ...variants.map((variant) => [`${status}/${variant}`, `${status} (${variant})`])];
  });
}
