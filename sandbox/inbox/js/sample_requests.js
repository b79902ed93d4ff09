// Makes sample requests from the API's description of operations, and formats requests as curl commands.

export const ANY_KEY = "demo"; // in the workspace `default`, every key has its own account
const FORM = "application/x-www-form-urlencoded";

/** Returns the credentials of a provider by field: those of the workspace, or any key. */
export function credentials(provider, keys) {
  const fields = provider.credentials ?? [];
  return { ...Object.fromEntries(fields.map((field) => [field, ANY_KEY])), ...keys[provider.name] };
}

/**
 * Returns the draft of a request: {method, path, values: {path, query, header}, type, body}. `body` is the value of the
 * sample `chosen`, with the given credentials in place of the sample's.
 */
export function draftOf(operation, one, { known, chosen = 0 }) {
  const sample = one.samples[chosen] ?? null;
  const values = { path: {}, query: {}, header: {} };
  const body = sample ? withKeys(sample.value, known) : undefined;
  const borrowed = sample ? {} : valuesOf(operation);
  for (const { name, in: place, required } of one.parameters) {
    if (!(place in values) || (sample && place === "query" && isIn(body, name))) continue;
    const value = known[name] ?? (place === "header" && required ? ANY_KEY : plain(borrowed[name]));
    if (value !== undefined) values[place][name] = value;
    else if (place === "path" || (place === "query" && required && !sample)) values[place][name] = ""; // for the user to fill in
  }
  const [first] = Object.keys(known);
  if (first && !isIn(body, first) && !one.parameters.some(({ name }) => name === first)) values.header[first] = known[first];
  return { method: one.method, path: one.path, values, type: sample?.type ?? null, body };
}

function valuesOf(operation) {
  const samples = operation.calls.flatMap((each) => each.samples).filter(({ value }) => value && typeof value === "object");
  return (samples.find(({ type }) => type === FORM) ?? samples[0])?.value ?? {};
}

function plain(value) {
  return value === undefined ? undefined : Array.isArray(value) ? value.join(",") : String(value);
}

function isIn(value, name) {
  if (value === null || typeof value !== "object") return false;
  return name in value || Object.values(value).some((each) => isIn(each, name));
}

function withKeys(value, known) {
  if (Array.isArray(value)) return value.map((each) => withKeys(each, known));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, known[name] ?? withKeys(each, known)]));
}

/** Returns a body as text: indented JSON, an encoded form, or the text itself. */
export function bodyText(type, body) {
  if (body === undefined || body === null) return "";
  if (type === FORM) return String(new URLSearchParams(Object.entries(body).map(([name, each]) => [name, plain(each)])));
  return typeof body === "string" ? body : JSON.stringify(body, null, 2);
}

/** Returns the request of a draft: {method, path, headers, body}; `text` is its edited body. */
export function requestOf({ method, path, values, type }, text) {
  const filled = path.replace(/\{([^}]+)\}/g, (_, name) => encodeURIComponent(values.path[name] ?? ""));
  const given = Object.entries(values.query).filter(([, value]) => value !== "");
  const headers = Object.fromEntries(Object.entries(values.header).filter(([, value]) => value !== ""));
  if (text) headers["Content-Type"] = type ?? "application/json";
  return { method, path: filled + (given.length ? `?${new URLSearchParams(given)}` : ""), headers, body: text };
}

/** Returns a request as a curl command for a POSIX shell. */
export function curl({ method, path, headers, body }) {
  const parts = [`curl ${method === (body ? "POST" : "GET") ? "" : `-X ${method} `}${quote(location.origin + path)}`];
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quote(`${name}: ${value}`)}`);
  if (body) parts.push(`--data-raw ${quote(body)}`);
  return parts.join(" \\\n  ");
}

/** Returns a text quoted for the shell. */
function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Returns a sample request of the first operation that sends a message; null if a provider has none. */
export function firstSend(provider, keys) {
  const known = credentials(provider, keys);
  for (const operation of provider.operations.filter(({ channel }) => channel)) {
    for (const one of operation.calls) {
      if (!one.samples.length) continue;
      const draft = draftOf(operation, one, { known });
      const text = draft.type === "application/json" ? JSON.stringify(draft.body) : bodyText(draft.type, draft.body);
      return requestOf(draft, text);
    }
  }
  return null;
}
