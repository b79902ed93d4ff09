// The right end of the header: workspace, scenario, clock, and the state of the event stream.

import { DEFAULT } from "./api.js";
import { h, section } from "./dom.js";
import { to } from "./route.js";
import { themeButton } from "./theme.js";
import { hour } from "./format.js";

const LINKS = { live: "Live", connecting: "Connecting", lost: "Reconnecting", gone: "Not found" };

/** Returns the parts of the header that show the current workspace. */
export function header(store) {
  const workspace = h("a", { class: "chip", href: to("workspaces") },
    h("span", { class: "chip-name" }, "workspace "), store.workspace);
  workspace.hidden = store.workspace === DEFAULT;
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
  return [workspace, scenario, clock, link, themeButton()];
}
