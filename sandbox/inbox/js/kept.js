// Values that the browser keeps: for the tab, or in "localStorage" for every tab.

/** Returns a kept value, or null. */
export function kept(name, place = "sessionStorage") {
  try {
    return window[place].getItem(name);
  } catch {
    return null; // the browser allows no storage
  }
}

/** Keeps a value if the browser allows it; an empty one is removed. */
export function keep(name, value, place = "sessionStorage") {
  try {
    if (value) window[place].setItem(name, value);
    else window[place].removeItem(name);
  } catch {
    // Then it is lost with the page.
  }
}
