// Puts the page together: header, the section that the address names, keyboard, and the dialog for the token.

import { DEFAULT, onTokenRequired, readSavedState } from "./api.js";
import { entitle, fill, h } from "./dom.js";
import { helpButton, helpDialog, listen } from "./keyboard.js";
import { go, here, SECTIONS, to } from "./route.js";
import { header } from "./header.js";
import { forgetProviders, Store } from "./store.js";
import { tokenDialog } from "./token.js";
import { restoreTheme } from "./theme.js";
import * as callbacks from "./views/callbacks.js";
import * as clock from "./views/clock.js";
import { restoreCompact } from "./views/compact.js";
import * as messages from "./views/messages.js";
import * as overview from "./views/overview.js";
import * as providers from "./views/providers.js";
import * as requests from "./views/requests.js";
import * as scenario from "./views/scenario.js";
import * as workspaces from "./views/workspaces.js";

const VIEWS = { overview, messages, requests, callbacks, clock, scenario, workspaces, providers };
const titleOf = (section) => section[0].toUpperCase() + section.slice(1);

const PAUSE_AFTER = 60_000; // milliseconds in a hidden tab after which the event stream is closed
const main = document.getElementById("main");
const help = helpDialog();
let store = null;
let view = null;
let shown;
let pausing = 0;

/** Shows what the address names. */
function follow() {
  const place = here();
  const workspace = place.query.workspace ?? DEFAULT;
  const elsewhere = store?.workspace !== workspace;
  if (elsewhere) enter(workspace);
  if (elsewhere || shown !== place.section) show(place.section);
  navigation(place.section);
  view.route(place);
}

function enter(workspace) {
  view?.close();
  store?.close();
  store = new Store(workspace);
  store.on("link", (word) => {
    if (word === "lost") forgetProviders();
    if (word === "live") showSavedState(); // the server may be another
  });
  fill(document.getElementById("state"), header(store), helpButton(help));
  store.start();
}

async function showSavedState() {
  const file = await readSavedState();
  const banner = document.getElementById("saved-state");
  banner.hidden = file === null;
  fill(banner, `Saved state ${file}, read-only`);
}

function show(section) {
  const first = shown === undefined;
  view?.close();
  shown = section;
  const title = section ? titleOf(section) : "No such page";
  entitle(title);
  view = section ? VIEWS[section].open(store) : nowhere();
  main.dataset.section = section;
  fill(main, h("h1", { class: "unseen" }, title), view.element);
  if (!first) main.focus({ preventScroll: true });
}

/** Returns the view of an address that names no page. */
function nowhere() {
  const words = h("p", {});
  const element = h("div", { class: "panels" }, h("section", { class: "panel" }, h("h2", {}, "There is no such page"), words,
    h("p", { class: "bar" }, SECTIONS.map((name) => h("a", { href: to(name) }, titleOf(name))))));
  return { element, route: () => { words.textContent = `${location.hash} is not an address of the inbox.`; }, close: () => {} };
}

function navigation(section) {
  const links = SECTIONS.map((name) =>
    h("a", { href: to(name), "aria-current": name === section ? "page" : null, data: { key: name } }, titleOf(name)));
  fill(document.getElementById("sections"), links);
  document.querySelector(".brand").href = to("messages");
}

restoreTheme();
restoreCompact();
const token = tokenDialog();
document.body.append(help, token.element);
onTokenRequired(token.ask);
listen(() => view, help);
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the part after # is the page's own address
  main.focus();
});
if (!location.hash) go(to("messages"));
await showSavedState(); // before anything is drawn
window.addEventListener("hashchange", follow);
window.addEventListener("online", () => store.resume());
document.addEventListener("visibilitychange", () => {
  clearTimeout(pausing);
  if (document.hidden) pausing = setTimeout(() => store.pause(), PAUSE_AFTER);
  else store.resume();
});
follow();
