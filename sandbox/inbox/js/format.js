// Formats values for people: times, durations, numbers. Times are UTC, as in the API.

const UNITS = [[86_400_000, "d"], [3_600_000, "h"], [60_000, "min"], [1000, "s"]];

/** Returns a duration in milliseconds in one or two units: 250 ms, 2 s, 5 min, 1 h 30 min. */
export function span(ms) {
  const whole = Math.abs(ms);
  if (whole < 1000) return `${Math.round(whole)} ms`;
  if (whole < 10_000 && whole % 1000) return `${(whole / 1000).toFixed(1)} s`;
  const first = UNITS.findIndex(([size]) => whole >= size);
  const [size, unit] = UNITS[first];
  const count = Math.floor(whole / size);
  const [smaller, name] = UNITS[first + 1] ?? [0, ""];
  const rest = smaller && count < 10 && first < 3 ? Math.floor((whole % size) / smaller) : 0;
  return rest ? `${count} ${unit} ${rest} ${name}` : `${count} ${unit}`;
}

/** Returns an age in one unit. */
export function age(ms) {
  if (ms < 1000) return "now";
  const [size, unit] = UNITS.find(([each]) => ms >= each);
  return `${Math.floor(ms / size)} ${unit}`;
}

/** Returns the time of day: 12:00:02.200. */
export function hour(at) {
  return (typeof at === "string" ? at : new Date(at).toISOString()).slice(11, 23);
}

/** Returns date and time: 2026-03-02 12:00:02. */
export function moment(at) {
  const text = typeof at === "string" ? at : new Date(at).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)}`;
}

/** Returns the last millisecond before a time, for a filter that is exclusive. */
export function before(at) {
  return new Date(Date.parse(at) - 1).toISOString();
}

/** Returns the noun with its number. */
export function count(number, noun, more = `${noun}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? noun : more}`;
}

/** Returns only the digits of a text. */
function digits(text) {
  return String(text ?? "").replace(/\D/g, "");
}

const NUMBER = /^[\s+()./-]*\d[\d\s+()./-]*$/;

/** Returns whether a search finds one of some numbers or texts, as the filter `search` of the API does. */
export function finds(search, numbers, texts, trace = null) {
  const words = search.trim().toLowerCase();
  return words === trace?.trace_id || texts.some((text) => text?.toLowerCase().includes(words))
    || (NUMBER.test(words) && numbers.some((number) => hasDigits(number, words)));
}

/** Returns whether `number` contains `wanted`, a part of a phone number in any notation. */
function hasDigits(number, wanted) {
  const [all, part] = [digits(number), digits(wanted).replace(/^00/, "")];
  return all.includes(part) || (all.length > 7 && part.endsWith(all));
}

const MILLISECONDS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

// The pattern of a field for a duration such as 200ms or 1h30m, or a number of seconds.
export const DURATION = "\\s*(\\d+(\\.\\d+)?|(\\d+(\\.\\d+)?(ms|s|m|h|d))+)\\s*";

/** Returns the milliseconds of a duration such as 5m or 1h30m, or null. */
export function milliseconds(text) {
  if (!/^(\d+[smhd])+$/.test(text)) return null;
  return [...text.matchAll(/(\d+)([smhd])/g)].reduce((sum, [, number, unit]) => sum + Number(number) * MILLISECONDS[unit], 0);
}

/** Returns the number of characters in a text, as a reader counts them. */
export function letters(text) {
  return [...new Intl.Segmenter().segment(text)].length;
}

/** Returns JSON indented, or any other text unchanged. */
export function pretty(text) {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Returns a text without percent-encoding; as it is if the encoding is broken. */
export function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
