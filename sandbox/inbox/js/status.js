// A status as a coloured word, and what a message may become next.

import { h } from "./dom.js";

export const STATUSES = ["scheduled", "queued", "sent", "delivered", "read", "undelivered", "failed", "expired", "rejected"];

/** Returns a status as a coloured word. */
export function statusWord(status, text = status) {
  return h("span", { class: "status", data: { status } }, text);
}

/** Returns [word for the API, words for people] for each status that a message may move to. */
export function mayFollow(offered, message) {
  const provider = offered.find(({ name }) => name === message.provider);
  const channel = provider?.channels.find(({ name }) => name === message.channel);
  const rows = new Map((channel?.statuses ?? []).map((row) => [row.status, row]));
  return (rows.get(message.status)?.next ?? []).flatMap((status) => {
    const { says, variants = [] } = rows.get(status) ?? {};
    return [[status, says && says !== status ? `${status} (${says})` : status],
      ...variants.map((variant) => [`${status}/${variant}`, `${status} (${variant})`])];
  });
}
