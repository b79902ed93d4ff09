// The callbacks of all messages: a live list with what each reports, its last answer and its next attempt.

import { announce, button, CHANGES, choice, h } from "../dom.js";
import { meaning } from "../status.js";
import { ago } from "../times.js";
import { count, finds } from "../format.js";
import { openCallback } from "./callback.js";
import { ACTIONS, actionsOf, stateWord } from "./callback_card.js";
import { ListView } from "./list_view.js";

const STATES = ["failing", "pending", "held", "sending", "delivered", "failed", "cancelled", "collected"];
const AT_ONCE = 6; // calls on their way at a time
const SHOWN = 200; // characters of an answer in its row

/** Opens the section. */
export function open(store) {
  const note = h("p", { class: "hint note", role: "status" });
  const all = button("Replay all failed", () => replayAll(), { title: "Sends failed callbacks again, and waiting retries now", hidden: true, ...CHANGES });
  const listed = new ListView(store, {
    section: "callbacks",
    noun: "callback",
    kinds: [],
    filters: ["search", "provider", "state", "since"],
    searches: "Recipient, message, status, URL or answer",
    controls: [choice([["", "All states"], ...STATES], { "aria-label": "State", name: "state" })],
    tools: [all, note],
    columns: ["State", "Provider", "Recipient", "Reports", "Attempts", "Last answer or error", "Next attempt"],
    query: ({ state, ...rest }) => (state === "failing" ? { ...rest, failing: true } : { ...rest, state }),
    keeps,
    at: (callback) => callback.due,
    rank: (callback) => callback.id,
    state: ({ state, failing, due, attempts, to, provider }) => [state, failing, due, attempts.length, to, provider],
    row: (callback) => row(store, callback),
    open: openCallback,
    actions: (chosen) => Object.entries(ACTIONS)
      .map(([act, [label]]) => [label, chosen.filter(({ state }) => actionsOf(state).includes(act)), (able) => run(able.map(({ id }) => [id, act]), label)])
      .filter(([, able]) => able.length),
    nothing: (filtered) => (filtered ? "No callbacks match these filters."
      : "No callbacks yet. One is created when a message reaches a status that its provider reports."),
    drawn: ({ feed }) => { all.hidden = !feed.items.some(({ failing }) => failing); },
  });
  listed.stop.push(store.on("callback", (callback) => listed.feed.put({ request: null, ...callback })));

  /** Does one thing to each of several callbacks, a few at a time, and says how many refused it. */
  const run = async (jobs, label) => {
    const refused = [];
    const work = async () => {
      for (let job = jobs.pop(); job; job = jobs.pop()) {
        const [callback, problem] = await store.try("POST", `callbacks/${job[0]}/${job[1]}`);
        const known = callback && listed.feed.items.find(({ id }) => id === callback.id);
        if (!callback) refused.push(problem.message);
        else if (!known || known.attempts.length <= callback.attempts.length) listed.feed.put(callback); // an event may be newer
      }
    };
    const number = jobs.length;
    note.textContent = `${label}: ${number}…`;
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    note.textContent = `${label}: ${count(number - refused.length, "callback")}${refused.length ? `; ${refused.length} refused: ${refused[0]}` : ""}`;
    announce(note.textContent);
  };
  const replayAll = async () => {
    const jobs = [];
    for (let cursor; cursor !== null;) {
      const [page, problem] = await store.try("GET", "callbacks", { query: { ...listed.query, state: undefined, failing: true, limit: 1000, cursor } });
      if (problem) return void (note.textContent = problem.message);
      jobs.push(...page.items.filter(({ state }) => state !== "sending").map(({ id, state }) => [id, state === "failed" ? "replay" : "fire"]));
      cursor = page.next;
    }
    await run(jobs, "Replay");
  };
  return listed;
}

function keeps({ search, provider, state, since }, callback) {
  return (!/^\d+$/.test(since) || callback.id > Number(since))
    && (!provider || callback.provider === provider)
    && (!state || callback.state === state || (state === "failing" && callback.failing))
    && (!search || finds(search, [callback.to], [String(callback.id), callback.message, callback.reports, callback.status,
      ...callback.attempts.flatMap(({ url, answer, error }) => [url, answer, error])]));
}

function row(store, callback) {
  const { provider, to, reports, status, state, due, attempts } = callback;
  const last = attempts.at(-1);
  const waits = ["pending", "sending"].includes(state);
  return [
    h("span", { class: "row-state" }, stateWord(callback)),
    h("span", { class: "row-provider" }, provider),
    h("span", { class: "row-to" }, to),
    h("span", { class: "row-reports" }, meaning(reports, status)),
    h("span", { class: "row-attempts" }, String(attempts.length)),
    h("span", { class: "row-answer", data: { good: String(!last || (!last.error && last.status < 300)) } },
      last ? last.error ?? `${last.status} ${last.answer.slice(0, SHOWN)}` : state === "collected" ? "no target" : ""),
    h("span", { class: "row-age" }, waits ? ago(store, due, () => "due") : state === "held" ? "held" : "–"),
  ];
}
