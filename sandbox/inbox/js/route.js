// The address after `#`: section, what is opened in it, and filters; so that every view can be shared as a link.

const SECTIONS = ["messages", "requests", "clock", "scenario", "workspaces", "providers"];

/** Returns {section, id, query} of the present address. */
export function here() {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [section, ...rest] = path.split("/");
  return {
    section: SECTIONS.includes(section) ? section : "messages",
    id: rest.length ? decode(rest.join("/")) : null,
    query: Object.fromEntries(new URLSearchParams(search)),
  };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Returns the address of a section; the workspace in view comes along. */
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

/** Changes the address without a new entry in the history: for filters that are being typed. */
export function amend(address) {
  history.replaceState(null, "", address);
}
