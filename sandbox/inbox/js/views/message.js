// One message: text, code, lifecycle, callbacks and details.

import { announce, button, CHANGES, choice, confirmButton, copier, entitle, facts, h, section, showProblem } from "../dom.js";
import { go, here, to } from "../route.js";
import { nextStatuses, optWord, statusWord } from "../status.js";
import { providers } from "../store.js";
import { ago, keepTime } from "../times.js";
import { count, letters } from "../format.js";
import { lifecycle } from "./lifecycle.js";
import { ReplyForm } from "./reply_form.js";
import { Callbacks } from "./message_callbacks.js";
import { resendOf, traceOf } from "./request.js";

/** Opens a message; returns {element, focus, close}. */
export function openMessage(store, id) {
  return new MessageView(store, id);
}

class MessageView {
  constructor(store, id) {
    this.store = store;
    this.id = id;
    this.message = null;
    this.title = h("h2", { tabindex: "-1" }, "Message");
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.callbacks = new Callbacks(store, { query: { message: id } });
    const parts = Object.fromEntries(["head", "phone", "lifecycle", "moves", "facts"].map((name) => [name, h("div", { class: name === "phone" ? "" : `message-${name}` })]));
    this.reply = new ReplyForm(store);
    this.parts = h("div", { class: "message-parts", hidden: true },
      parts.head,
      h("div", { class: "message-columns" },
        h("div", { class: "message-phone" }, parts.phone, this.reply.element),
        h("div", { class: "message-course" },
          h("section", { "aria-label": "Lifecycle" }, h("h3", {}, "Lifecycle"), parts.lifecycle, parts.moves),
          h("section", { "aria-label": "Callbacks" }, h("h3", {}, "Callbacks"), this.callbacks.element)),
        h("section", { class: "message-about", "aria-label": "Details" }, h("h3", {}, "Details"), parts.facts,
          h("div", { class: "bar" }, confirmButton("Delete message", () => this.remove(), CHANGES)))));
    this.element = h("article", { class: "message" }, this.title, this.problem, this.parts);
    this.update = {
      head: section(parts.head, (message) => head(message)),
      phone: section(parts.phone, (text, more) => phone(text, more)),
      lifecycle: section(parts.lifecycle, (message) => lifecycle(store, message, (at) => this.advanceTo(at))),
      moves: section(parts.moves, (options) => this.moves(options)),
      facts: section(parts.facts, (message) => detailRows(store, message)),
    };
    this.stop = [
      store.on("message", (message) => this.receive(message)),
      store.on("status", (message) => this.receive(message)),
      store.on("part", (part) => part.id === this.id && store.complete(part)),
      store.on("fresh", () => {
        this.message = null; // after a restart of the server it may be another of the same id
        this.read();
      }),
      store.on("time", () => this.message && this.show(this.message)),
      keepTime(store, this.element),
    ];
    if (store.ready) this.read();
  }

  async read() {
    const [message, problem] = await this.store.try("GET", `messages/${encodeURIComponent(this.id)}`);
    if (!message) return this.refuse(problem, problem.status === 404);
    const [request] = message.request ? await this.store.try("GET", `requests/${message.request}`) : []; // null if the journal no longer has it
    this.first = request?.resent_of;
    this.show(message);
  }

  receive(message) {
    if (message?.id === this.id) this.show(message);
  }

  refuse(problem, gone = false) {
    showProblem(this.problem, problem, gone && "message");
    if (gone) this.parts.hidden = true;
  }

  async show(message) {
    if (this.message && message.history.length < this.message.history.length) return;
    if (this.message && this.message.status !== message.status) announce(`Status: ${message.status}`);
    this.message = message;
    this.parts.hidden = false;
    if (this.problem.textContent.startsWith("This message does not")) this.refuse(null);
    const { text, encoding, segments, history, planned, status, scheduled_for: later, provider_status: word } = message;
    const [side, number] = message.direction === "inbound" ? ["from", message.from] : ["to", message.to];
    entitle(`Message ${side} ${number}`);
    this.title.replaceChildren(side === "to" ? "To " : "From ", h("bdi", {}, number), " ", statusWord(status));
    this.update.head(message.code);
    this.update.phone(text, { encoding, segments, from: message.from, to: message.to, direction: message.direction });
    this.update.lifecycle({ history, planned, later }, this.store.clock?.mode);
    const { callbacks, history: _, planned: __, text: ___, ...rest } = message;
    this.update.facts({ ...rest, provider_status: word, first: this.first });
    this.callbacks.show(callbacks);
    const offered = await providers().catch(() => []);
    this.update.moves(nextStatuses(offered, message));
    this.reply.show(offered, message);
  }

  moves(options) {
    if (!options.length) return h("p", { class: "hint" }, "Final status");
    const list = choice(options, { "aria-label": "New status", data: { key: "new-status" } });
    return h("div", { class: "bar", ...CHANGES },
      h("span", { class: "bar-name" }, "New status"), list,
      button("Change status", () => this.changeStatus(list.value), { data: { key: "change-status" } }));
  }

  async changeStatus(status) {
    this.answer(await this.store.try("POST", `messages/${encodeURIComponent(this.id)}/status`, { body: { status } }));
  }

  async advanceTo(at) {
    const past = new Date(Date.parse(at) + 1).toISOString(); // the API rounds times down to milliseconds
    const [, problem] = await this.store.try("POST", "clock/advance", { body: { to: past } });
    this.refuse(problem);
    this.read();
    this.callbacks.read();
  }

  async remove() {
    const [, problem] = await this.store.try("DELETE", `messages/${encodeURIComponent(this.id)}`);
    this.refuse(problem);
    const { workspace, ...filters } = here().query;
    if (!problem) go(to("messages", null, filters));
  }

  answer([message, problem]) {
    this.refuse(problem);
    if (message) this.show(message);
    this.callbacks.read();
  }

  focus() {
    this.title.focus({ preventScroll: true });
  }

  close() {
    this.stop.forEach((each) => each());
    this.callbacks.close();
  }
}

function head(code) {
  return code && h("div", { class: "code" },
    h("span", { class: "code-name" }, "Code"), h("output", { class: "code-digits" }, code),
    copier(() => code, { label: "Copy code", "data-key": "copy-code" }));
}

function phone(text, { encoding, segments, from, to: recipient, direction }) {
  const other = direction === "inbound" ? ["To ", recipient || "no number"] : ["", from ?? "No sender"];
  return h("figure", { class: "phone", data: { direction } },
    h("figcaption", { class: "phone-from" }, other[0], h("bdi", {}, other[1])),
    h("blockquote", { class: "bubble", dir: "auto" }, text),
    h("p", { class: "phone-size" }, `${count(segments, "segment")} · ${encoding} · ${count(letters(text), "character")}`));
}

function detailRows(store, message) {
  return facts([
    ["Provider", message.provider],
    ["Operation", h("code", {}, message.operation)],
    ["Channel", message.channel],
    ["Provider status", h("code", {}, message.provider_status)],
    ["Accepted", h("span", {}, ago(store, message.accepted_at, (text) => (text === "now" ? text : `${text} ago`)))],
    ["Account", h("code", {}, message.account)],
    ["Rule", message.rule],
    ["Opt-out", message.opt && optWord(message.opt)],
    ["Request", message.request && h("a", { href: to("requests", message.request) }, `Request ${message.request}`)],
    ["Trace", traceOf(message.trace)],
    ["Resend", resendOf(message.first)],
    ["ID", h("span", { class: "with-copy" }, h("code", {}, message.id), copier(() => message.id, { "aria-label": "Copy ID", "data-key": "copy-id" }))],
  ]);
}
