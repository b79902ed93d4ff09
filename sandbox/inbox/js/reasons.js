// The reason of a refusal in words that are the same for all requests refused for it, as the overview of the API has it.

const QUOTED = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g;
const NUMBER = /(^|[\s(])\d[\d,.]*(?=[\s),;]|$)/g; // a number by itself, not a part of a word or a pattern

const LONGEST = 1000; // characters

/** Returns the first reason of a refused request, with `…` in place of values, numbers and indexes. */
export function reasonOf(exchange) {
  return [...worded(exchange)].slice(0, LONGEST).join("");
}

function worded({ why, rule, operation }) {
  if (!why.length) return rule === null ? "no reason was recorded" : `the scenario's rule '${rule}'`;
  if (operation && why[0].startsWith(`${operation}: `)) return why[0].slice(operation.length + 2);
  const sentence = why[0].replace(QUOTED, "'…'");
  const colon = sentence.indexOf(": ") + 2;
  const [place, problem] = colon > 1 ? [sentence.slice(0, colon), sentence.slice(colon)] : [sentence, ""];
  const source = problem.lastIndexOf(" (") < 0 ? problem.length : problem.lastIndexOf(" (");
  return place.replace(/\[\d+\]/g, "[…]") + problem.slice(0, source).replace(NUMBER, "$1…") + problem.slice(source);
}
