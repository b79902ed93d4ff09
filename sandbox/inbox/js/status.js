// A status as a coloured word, and the statuses that may follow it.

import { h } from "./dom.js";

export const STATUSES = ["scheduled", "queued", "sent", "delivered", "read", "undelivered", "failed", "expired", "rejected"];

/** Returns a status as a coloured word. */
export function statusWord(status, text = status) {
  return h("span", { class: "status", data: { status } }, text);
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
