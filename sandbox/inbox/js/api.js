// Calls the control API and, for "Try it", provider paths. Keeps the control token for the tab.

import { keep, kept } from "./kept.js";

export const BASE = new URL("../../", import.meta.url).pathname;
export const DEFAULT = "default";
const KEPT = "sms-sandbox-token";

let token = kept(KEPT);
let file = null;
let asking = null;
let askToken = async () => null;

/** A refused call: `status` is 0 if there was no reply; `errors` are pairs of place and problem. */
class Problem extends Error {
  constructor(status, text, errors = []) {
    super(text);
    this.status = status;
    this.errors = errors;
  }
}

/** Sets how to ask the user for the control token: `ask` takes whether one was refused, and returns one or null. */
export function onTokenRequired(ask) {
  askToken = ask;
}

/** Reads whether the server shows a saved state; then whatever would change it is hidden. */
export async function readSavedState() {
  file = (await call("GET", "health").catch(() => null))?.saved_state ?? null;
  document.documentElement.toggleAttribute("data-saved-state", file !== null);
  return file;
}

/** Returns the name of the saved state that the server shows, or null. */
export function savedState() {
  return file;
}

/** Returns the path of a call about one workspace. */
export function inside(workspace, path) {
  return workspace === DEFAULT ? path : `workspaces/${encodeURIComponent(workspace)}/${path}`;
}

/** Returns the value of a call's reply. Empty `query` values are left out. */
export async function call(method, path, { query = {}, body, type, signal } = {}) {
  const headers = body === undefined ? {} : { "Content-Type": type ?? "application/json" };
  const sent = body === undefined || type ? body : JSON.stringify(body);
  const answer = await reach(BASE + path + searchOf(query), { method, headers, body: sent, signal });
  if (answer.ok) return answer.status === 204 ? null : read(answer);
  throw await problemOf(answer);
}

/** Saves the file that a call replies with under its name; a link would not carry the control token. */
export async function download(path, query) {
  const answer = await reach(BASE + path + searchOf(query), { method: "GET" });
  if (!answer.ok) throw await problemOf(answer);
  const [, name] = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition")) ?? [];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name ?? "export";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may still read it
}

function searchOf(query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

/** Returns the response to a control call; asks for the token if one is required. */
export async function reach(url, options) {
  for (;;) {
    const carried = token;
    const headers = { ...options.headers, ...(carried ? { Authorization: `Bearer ${carried}` } : {}) };
    const answer = await attempt(url, { ...options, headers, cache: "no-store" });
    if (answer.status !== 401) return answer;
    if (token === carried && !(await renew(Boolean(carried)))) return answer;
  }
}

async function attempt(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Problem(0, "The sandbox is not responding. Is it running?");
  }
}

async function renew(refused) {
  asking ??= askToken(refused).finally(() => { asking = null; });
  const given = await asking;
  if (!given) return false;
  token = given;
  keep(KEPT, given);
  return true;
}

async function read(answer) {
  return /json/.test(answer.headers.get("Content-Type") ?? "") ? answer.json() : answer.text();
}

async function problemOf(answer) {
  const document = await answer.json().catch(() => ({}));
  const text = document.detail || document.title || `The sandbox replied with status ${answer.status}.`;
  return new Problem(answer.status, text, document.errors ?? []);
}

/** Sends a request to a provider's path; returns status, headers by lower-case name, body, and the journal's id. */
export async function send({ method, path, headers, body }) {
  const url = BASE.replace(/\/_sandbox\/$/, "") + path;
  const answer = await attempt(url, { method, headers, body: body || undefined, cache: "no-store", redirect: "manual" });
  return {
    status: answer.status,
    headers: Object.fromEntries(answer.headers),
    body: await answer.text(),
    request: answer.headers.get("X-Sandbox-Request"),
  };
}
