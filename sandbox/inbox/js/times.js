// Relative times on the workspace's clock, updated every second.

import { h } from "./dom.js";
import { age, moment, span } from "./format.js";

/** Returns how long ago a time was on the workspace's clock; `frame` returns the text for a time in the past. */
export function ago(store, at, frame = (text) => text) {
  const self = h("time", { datetime: at, title: `${moment(at)} UTC` });
  self.renew = () => {
    const past = store.now() - Date.parse(at);
    const text = past < 0 ? `in ${span(past)}` : frame(age(past));
    if (self.textContent !== text) self.textContent = text;
  };
  self.renew();
  return self;
}

/** Updates all times below an element every second and when the clock changes; returns the function that stops this. */
export function keepTime(store, element) {
  const renew = () => element.querySelectorAll("time").forEach((each) => each.renew?.());
  const ticking = setInterval(renew, 1000);
  const stop = store.on("time", renew);
  return () => {
    clearInterval(ticking);
    stop();
  };
}
