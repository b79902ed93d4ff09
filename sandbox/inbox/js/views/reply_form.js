// "Reply as this phone": below a message to a phone, if its provider has messages from phones.

import { announce, button, CHANGES, h, showProblem } from "../dom.js";
import { go, here, to } from "../route.js";

/** A form that lets the recipient of the message that is shown send a text. */
export class ReplyForm {
  constructor(store) {
    this.store = store;
    this.message = null;
    this.text = h("input", { name: "text", "aria-label": "Reply as this phone", placeholder: "Reply as this phone", required: true, maxlength: 4096, autocomplete: "off" });
    this.words = h("span", { class: "bar" });
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.element = h("form", { class: "reply-form", hidden: true, "aria-label": "Reply as this phone", ...CHANGES, on: { submit: (event) => this.submit(event) } },
      h("div", { class: "bar" }, this.text, h("button", { type: "submit" }, "Reply"), this.words), this.problem);
  }

  /** Offers to reply to a message; `offered` are the providers of the server. */
  show(offered, message) {
    this.message = message;
    const provider = offered.find(({ name }) => name === message.provider);
    const inbound = message.direction === "outbound" && provider?.channels.find(({ name }) => name === message.channel)?.inbound;
    this.element.hidden = !inbound;
    if (!inbound) return;
    const word = inbound.stop.includes("STOP") ? "STOP" : inbound.stop[0];
    if (word === this.word) return;
    this.word = word;
    this.words.replaceChildren(...(word ? [button(word, () => this.send(word), { class: "quiet" })] : []));
  }

  submit(event) {
    event.preventDefault();
    return this.send(this.text.value);
  }

  async send(text) {
    const { id, provider, to: phone } = this.message;
    const [sent, problem] = await this.store.try("POST", "inbound", { body: { provider, from: phone, text, message: id } });
    showProblem(this.problem, problem);
    if (!sent) return;
    this.text.value = "";
    announce(`The phone has replied: ${text}`);
    const { workspace, ...filters } = here().query;
    go(to("messages", sent.id, filters));
  }
}
