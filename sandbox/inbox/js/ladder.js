// The axis of durations: bounds in round numbers whose distance grows, the same as the buckets of the API.

import { span } from "./format.js";

// The upper bounds of the buckets, in milliseconds; what is longer is in one more bucket.
export const BOUNDS = [
  ...[1, 10, 100].flatMap((unit) => [1, 1.5, 2, 3, 5, 7].map((digit) => digit * unit)),
  ...[1, 60].flatMap((unit) => [1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45].map((digit) => digit * unit * 1000)),
  ...[1, 1.5, 2, 3, 4, 6, 8, 12, 18].map((hours) => hours * 3_600_000),
  ...[1, 2, 3, 5, 7, 14, 30].map((days) => days * 86_400_000),
];
const NAMED = [ // the bounds that are named on the axis where there is room for these
  [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 60_000, 300_000, 1_800_000, 3_600_000, 10_800_000, 43_200_000, 86_400_000, 604_800_000],
  [1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000, 21_600_000, 86_400_000, 604_800_000],
  [10, 1000, 60_000, 3_600_000, 86_400_000],
];

/** Returns the number of the bucket of a duration in milliseconds; null stands for one beyond all bounds. */
export function bucketOf(ms) {
  const place = ms === null ? -1 : BOUNDS.findIndex((bound) => bound >= ms - 1e-6);
  return place < 0 ? BOUNDS.length : place;
}

/** Returns where a duration is on an axis that begins with the bucket `first`, in buckets. */
export function placeOf(ms, first) {
  const bucket = bucketOf(ms);
  if (bucket === BOUNDS.length) return bucket - first + 1;
  const low = BOUNDS[bucket - 1] ?? 0;
  return bucket - first + (ms - low) / (BOUNDS[bucket] - low);
}

/** Returns the name of a bucket. */
export function bucketName(bucket) {
  if (bucket === BOUNDS.length) return `more than ${span(BOUNDS.at(-1))}`;
  return bucket === 0 ? `up to ${span(BOUNDS[0])}` : `${span(BOUNDS[bucket - 1])} to ${span(BOUNDS[bucket])}`;
}

/** Returns the labels of an axis with the buckets from `first` to `last`, the finest level first; `origin` is its first label. */
export function levels(first, last, origin) {
  const start = origin ? [{ place: 0, text: origin }] : [];
  const all = BOUNDS.slice(first, last + 1).map((bound, place) => ({ place: place + 1, text: span(bound), bound })).slice(start.length);
  return [all, ...NAMED.map((named) => all.filter(({ bound }) => named.includes(bound)))].map((level) => [...start, ...level]);
}
