// Times that keep up with the workspace's clock: ages in rows and spans ahead, renewed every second.

import { h } from "./dom.js";
import { age, moment, span } from "./words.js";

/** Returns how long ago an instant was on the workspace's clock; `sign` frames the words of an instant that has passed. */
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

/** Renews every time below an element each second, and when the clock runs otherwise; returns the function that stops it. */
export function keepTime(store, element) {
  const renew = () => element.querySelectorAll("time").forEach((each) => each.renew?.());
  const ticking = setInterval(renew, 1000);
  const stop = store.on("time", renew);
  return () => {
    clearInterval(ticking);
    stop();
  };
}
