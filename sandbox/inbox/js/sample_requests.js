// Makes sample requests from the API's description of operations, and formats requests as curl commands.

export const ANY_KEY = "demo"; // in the workspace `default`, every key has its own account
const FORM = "application/x-www-form-urlencoded";
const XML = "application/xml";

/** Returns the credentials of a provider by field: those of the workspace, or any key. */
export function credentials(provider, keys) {
  const fields = provider.credentials ?? [];
  return { ...Object.fromEntries(fields.map((field) => [field, ANY_KEY])), ...keys[provider.name] };
}

/**
 * Returns the draft of a request: {method, path, values: {path, query, header}, type, body}. `body` is the value of the
 * sample `chosen`, with the given credentials in place of the sample's. `authentication` says where they are, unless
 * they are headers and parameters of their names.
 */
export function draftOf(operation, one, { known, authentication = [], chosen = 0 }) {
  const sample = one.samples[chosen] ?? null;
  const values = { path: {}, query: {}, header: {} };
  let body = sample ? withKeys(sample.value, known) : undefined;
  const borrowed = sample ? {} : valuesOf(operation);
  for (const { name, in: place, required, example } of one.parameters) {
    if (!(place in values) || (sample && place === "query" && isIn(body, name))) continue;
    const given = required || (!sample && place === "query") ? plain(example ?? undefined) : undefined;
    const value = known[name] ?? plain(borrowed[name]) ?? (operation.channel || place !== "path" ? given : undefined);
    if (value !== undefined) values[place][name] = value;
    else if (place === "header" && required) values[place][name] = ANY_KEY;
    else if (place === "path" || (place === "query" && required && !sample)) values[place][name] = ""; // for the user to fill in
  }
  const way = authentication.find((parts) => sample || parts.every((part) => part.in !== "body"));
  for (const part of way ?? []) {
    if (part.in === "path" && !one.path.includes(`{${part.name}}`)) continue; // only other calls have it
    if (part.in === "body") body = withKey(body, sample.type, part.name, credential(part, known));
    else values[part.in][part.name] = credential(part, known);
  }
  const [first] = Object.keys(known);
  if (first && !authentication.length && !isIn(body, first) && !one.parameters.some(({ name }) => name === first)) {
    values.header[first] = known[first];
  }
  return { method: one.method, path: one.path, values, type: sample?.type ?? null, body };
}

/** Returns the value of a part of the credentials: the fields joined by colons, encoded, behind the prefix. */
function credential({ fields, prefix, encoding }, known) {
  const value = fields.map((name) => known[name] ?? ANY_KEY).join(":");
  return prefix + (encoding === "base64" ? btoa(String.fromCharCode(...new TextEncoder().encode(value))) : value);
}

/** Returns a body with a key at a place, which is a name or a JSON pointer. */
function withKey(body, type, place, key) {
  const steps = place.startsWith("/") ? place.slice(1).split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~")) : [place];
  if (type === XML) return withElement(String(body), steps, key);
  const [first, ...rest] = steps;
  if (!rest.length) return { ...body, [first]: key };
  return { ...body, [first]: withKey(body?.[first] ?? {}, type, `/${rest.map((step) => step.replaceAll("~", "~0").replaceAll("/", "~1")).join("/")}`, key) };
}

/** Returns XML with a key as the text of an element, which is added to the root if it is not there. */
function withElement(text, steps, key) {
  const escaped = key.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const last = steps.at(-1);
  const known = new RegExp(`(<${last}(?:\\s[^>]*)?>)[^<]*(</${last}>)`);
  if (known.test(text)) return text.replace(known, (_, begin, end) => begin + escaped + end);
  const element = steps.reduceRight((inside, step) => `<${step}>${inside}</${step}>`, escaped);
  return text.replace(/<\/[^<]*$/, (end) => element + end);
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
  if (typeof value === "string" && value.startsWith("<")) {
    return Object.entries(known).reduce((text, [name, key]) => (text.includes(`<${name}>`) ? withElement(text, [name], key) : text), value);
  }
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
  const operation = provider.operations.find(({ channel }) => channel);
  if (!operation) return null;
  const one = operation.calls.find(({ samples }) => samples.length) ?? operation.calls[0];
  const draft = draftOf(operation, one, { known, authentication: provider.authentication });
  const text = draft.type === "application/json" ? JSON.stringify(draft.body) : bodyText(draft.type, draft.body);
  return requestOf(draft, text);
}
