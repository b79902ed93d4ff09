// The address after `#`: section, open item and filters, so that every view can be shared as a link.

import { decode } from "./format.js";

export const SECTIONS = ["overview", "messages", "requests", "callbacks", "clock", "scenario", "workspaces", "providers"];

/** Returns {section, id, query} of the current address; section null: there is no such page. */
export function here() {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [section, ...rest] = path.split("/");
  return {
    section: section ? SECTIONS.find((name) => name === section) ?? null : "messages",
    id: rest.length ? decode(rest.join("/")) : null,
    query: Object.fromEntries(new URLSearchParams(search)),
  };
}

/** Returns the address of a section in the current workspace. */
export function to(section, id = null, query = {}) {
  const { workspace } = here().query;
  const given = Object.entries({ workspace, ...query }).filter(([, value]) => value);
  const search = given.length ? `?${new URLSearchParams(given)}` : "";
  return `#/${section}${id === null ? "" : `/${encodeURIComponent(id)}`}${search}`;
}

/** Goes to an address. */
export function go(address) {
  location.hash = address;
}

/** Goes to an address in place of the present one in the history, for what a key moves through. */
export function goInstead(address) {
  location.replace(address);
}

/** Adds an address of the same section to the history; the caller shows it, at once. */
export function push(address) {
  history.pushState(null, "", address);
}

/** Changes the address without a new history entry, for filters that are being typed. */
export function amend(address) {
  history.replaceState(null, "", address);
}
