// The right end of the header: failing callbacks, workspace, scenario, clock, and the state of the event stream.

import { DEFAULT } from "./api.js";
import { fill, h, section } from "./dom.js";
import { Failing } from "./failing.js";
import { to } from "./route.js";
import { themeButton } from "./theme.js";
import { hour } from "./format.js";

const LINKS = { live: "Live", connecting: "Connecting", lost: "Reconnecting", gone: "Not found" };

/** Returns the parts of the header that show the current workspace. */
export function header(store) {
  const workspace = h("a", { class: "chip workspace-chip", href: to("workspaces") });
  const showName = (name) => {
    workspace.hidden = store.workspace === DEFAULT && !name;
    workspace.title = `Workspace ${store.workspace}`;
    fill(workspace, h("span", { class: "chip-name" }, "workspace "), name ? `${name} (${store.workspace})` : store.workspace);
  };
  showName(null);
  store.on("name", showName);
  const failing = h("a", { class: "chip failing-chip", href: to("callbacks", null, { state: "failing" }), hidden: true });
  new Failing(store, (text, number) => {
    failing.hidden = !number;
    const noun = number === 1 ? "callback" : "callbacks";
    failing.title = `${text} failing ${noun}`;
    failing.setAttribute("aria-label", failing.title);
    fill(failing, h("span", {}, "✗ ", text), h("span", { class: "failing-word" }, " failing"), h("span", { class: "chip-name" }, ` ${noun}`));
  });
  const scenario = h("a", { class: "chip scenario-chip", href: to("scenario"), hidden: true });
  const time = h("span", { class: "clock-time" });
  const mode = h("span", { class: "clock-mode" });
  const clock = h("a", { class: "chip clock-chip", href: to("clock"), hidden: true },
    h("span", { class: "unseen" }, "Clock "), time, mode);
  const link = h("span", { class: "link", data: { link: store.link }, title: "Event stream" });
  const showLink = section(link, (word) => LINKS[word]);

  const tick = () => {
    if (store.clock) time.textContent = hour(store.now()).slice(0, 8);
  };
  store.on("time", ({ mode: word, rate }) => {
    clock.hidden = false;
    mode.textContent = word === "scaled" ? `${rate}×` : word === "frozen" ? "frozen" : "";
    clock.dataset.mode = word;
    tick();
  });
  store.on("rules", ({ name }) => {
    scenario.hidden = false;
    scenario.title = `Scenario ${name}`;
    scenario.replaceChildren(h("span", { class: "chip-name" }, "scenario "), name);
  });
  store.on("link", (word) => {
    link.dataset.link = word;
    showLink(word);
  });
  showLink(store.link);
  const ticking = setInterval(() => {
    if (clock.isConnected) tick();
    else clearInterval(ticking);
  }, 500);
  return [failing, workspace, scenario, clock, link, themeButton()];
}
