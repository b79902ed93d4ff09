// A YAML editor with line numbers that marks the lines of mistakes; it is as high as its text.

import { button, fill, h } from "../dom.js";
import { count } from "../format.js";

const PLACE = /^(?:[^\s:]*:)?(\d+):(\d+):\s*([\s\S]*)$/;

/** Returns the editor: element, value, set, showProblem (null: none; `note` follows the number of mistakes), showSuccess. */
export function editor({ label, changed }) {
  const lines = h("div", { class: "editor-lines", "aria-hidden": "true" });
  const area = h("textarea", { class: "editor-text", "aria-label": label, "aria-describedby": "mistakes", spellcheck: "false", wrap: "off", rows: 14,
    placeholder: "name: rough-evening\nextends: [default]\nrules:\n  - name: every third fails\n    when: {operation: betatel.sms.send, every: 3}\n    then: {lifecycle: [sent: 200ms, failed: 2s]}" });
  const verdict = h("div", { id: "mistakes", class: "mistakes", "aria-live": "polite" });
  let wrong = new Set();

  const number = () => {
    const amount = area.value.split("\n").length;
    area.rows = Math.max(14, amount + 1);
    lines.replaceChildren(...Array.from({ length: amount }, (_, place) =>
      h("div", { class: wrong.has(place + 1) ? "wrong" : null }, String(place + 1))));
  };
  const jump = (line, column) => {
    const before = area.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    area.focus();
    area.setSelectionRange(before + column - 1, before + column - 1);
    lines.children[line - 1]?.scrollIntoView({ block: "nearest" });
  };
  const showProblem = (problem, note = "") => {
    const mistakes = problem ? mistakesOf(problem) : [];
    wrong = new Set(mistakes.map(({ line }) => line));
    area.setAttribute("aria-invalid", String(mistakes.length > 0));
    number();
    fill(verdict, mistakes.length > 0 && [
      h("p", { class: "problem" }, `${count(mistakes.length, "mistake")}. ${note}`),
      h("ul", {}, mistakes.map(({ line, column, text }) => h("li", {},
        line ? button(`Line ${line}, column ${column}`, () => jump(line, column), { class: "link" }) : null, " ", text))),
    ]);
  };
  area.addEventListener("input", () => {
    number();
    changed(area.value);
  });
  number();
  return {
    element: h("div", {}, h("div", { class: "editor" }, lines, area), verdict),
    value: () => area.value,
    set: (text) => {
      area.value = text;
      showProblem(null);
    },
    showProblem,
    showSuccess: (text, warnings = []) => {
      showProblem(null);
      fill(verdict, h("p", { class: "good" }, text), warnings.map((each) => h("p", { class: "hint" }, each)));
    },
  };
}

/** Returns {line, column, text} of each mistake in a problem. */
function mistakesOf({ message, errors }) {
  const named = errors.length ? errors : [{ problem: message }];
  return named.map(({ problem, line, column }) => {
    const match = PLACE.exec(problem);
    if (match) return { line: Number(match[1]), column: Number(match[2]), text: match[3] };
    return { line: line ?? 0, column: column ?? 1, text: problem };
  });
}
