// The documentation's script: the theme that the inbox keeps, copy buttons, heading links and the search box.

const MOST = 12; // results shown
const AROUND = 70; // characters of text shown on each side of a match

try {
  document.documentElement.dataset.theme = localStorage.getItem("sms-sandbox-theme") ?? "auto";
} catch {
  // Without storage the system's theme applies.
}

let index = null;

addEventListener("DOMContentLoaded", () => {
  for (const pre of document.querySelectorAll("article pre")) addCopyButton(pre);
  for (const heading of document.querySelectorAll("article :is(h2, h3, h4)[id]")) addAnchor(heading);
  document.querySelector("nav a[aria-current]")?.scrollIntoView({ block: "nearest" });
  startSearch(document.getElementById("query"), document.getElementById("results"));
});

function addCopyButton(pre) {
  const block = element("div", { className: "block" });
  const button = element("button", { className: "copy", type: "button" }, "Copy");
  const lines = pre.textContent.split("\n");
  const commands = lines.filter((line) => line.startsWith("$ ")).map((line) => line.slice(2));
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(commands.length ? commands.join("\n") : pre.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied: the browser refused";
    }
    announce(button.textContent);
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  pre.replaceWith(block);
  block.append(pre, button);
}

function addAnchor(heading) {
  const label = `Link to ${heading.textContent}`;
  const link = element("a", { className: "anchor", href: `#${heading.id}` }, "#");
  link.setAttribute("aria-label", label);
  heading.append(link);
}

function startSearch(query, results) {
  query.disabled = false;
  query.addEventListener("input", async () => {
    await loadIndex();
    show(query.value, results);
  });
  query.addEventListener("focus", loadIndex, { once: true });
  addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      query.focus();
      query.select();
    } else if (event.key === "Escape" && !results.hidden) {
      close(query, results);
      query.focus();
    } else if (query.parentElement.contains(event.target)) {
      step(event, query, results);
    }
  });
  addEventListener("click", (event) => {
    const inside = query.parentElement.contains(event.target);
    if (!inside || event.target.closest("#results a")) close(query, results);
  });
}

async function loadIndex() {
  if (index) return;
  const reply = await fetch("/_sandbox/docs/search.json");
  if (reply.ok) index = await reply.json();
}

/** Moves between the box and its results by the arrow keys; Enter in the box opens the first result. */
function step(event, query, results) {
  const links = [...results.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  if (event.key === "ArrowDown" && links[at + 1]) links[at + 1].focus();
  else if (event.key === "ArrowUp" && at >= 0) (links[at - 1] ?? query).focus();
  else if (event.key === "Enter" && event.target === query && links[0]) links[0].click();
  else return;
  event.preventDefault();
}

function close(query, results) {
  results.hidden = true;
  query.value = "";
}

function show(text, results) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  results.hidden = words.length === 0;
  if (results.hidden) return;
  const found = search(words);
  results.replaceChildren(...(found.length ? found.map((row) => result(row, words)) : [element("p", {}, "No results")]));
  announce(found.length === 1 ? "1 result" : found.length ? `${found.length} results` : "No results");
}

/** Returns the sections that have every word, those first that have them in their heading. */
function search(words) {
  const scored = [];
  for (const row of index ?? []) {
    const title = row.title.toLowerCase();
    const all = `${title} ${row.in.toLowerCase()} ${row.text.toLowerCase()}`;
    if (!words.every((word) => all.includes(word))) continue;
    const inTitle = words.filter((word) => title.includes(word)).length;
    scored.push({ row, score: inTitle * 10 + (title === words.join(" ") ? 50 : 0) + (row.text ? 1 : 0) });
  }
  return scored.sort((one, other) => other.score - one.score).slice(0, MOST).map(({ row }) => row);
}

function result(row, words) {
  const place = row.title === row.in ? row.page : `${row.page}#${row.anchor}`;
  const link = element("a", { href: `/_sandbox/docs/${place}` }, element("b", {}, ...marked(row.title, words)));
  if (row.title !== row.in) link.append(` · ${row.in}`);
  const lower = row.text.toLowerCase();
  const at = Math.max(0, Math.min(...words.map((word) => lower.indexOf(word)).filter((each) => each >= 0), lower.length) - AROUND);
  const from = at >= lower.length - AROUND ? 0 : at;
  const piece = row.text.slice(from, from + 2 * AROUND);
  if (piece) link.append(element("small", {}, ...marked(`${from ? "…" : ""}${piece}${from + 2 * AROUND < lower.length ? "…" : ""}`, words)));
  return link;
}

/** Returns a text as nodes in which the words are marked. */
function marked(text, words) {
  const pattern = new RegExp(`(${words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "i");
  return text.split(pattern).map((piece, place) => (place % 2 ? element("mark", {}, piece) : piece));
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function announce(text) {
  document.getElementById("announcer").textContent = text;
}
