// Names and texts → elements. Text is only ever text: nothing that a client sent can become markup.

/** An element with attributes (`on…`: listeners), its children elements or texts; null ones are left out. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child != null));
  return made;
}

export const byId = (id) => document.getElementById(id);

/** Show what went wrong in a place for it; null takes it away. */
export function complain(place, words) {
  place.textContent = words ?? "";
  place.hidden = words == null;
}

export const whole = (number) => number.toLocaleString("en");

/** Terms and what they are; those without a value are left out. */
export function terms(pairs) {
  const known = pairs.filter(([, value]) => value != null && value !== "");
  return element(
    "dl",
    { class: "terms" },
    known.map(([term, value]) => [element("dt", {}, term), element("dd", {}, value)]),
  );
}

/** Call `act` whenever the place comes into view. */
export function whenSeen(place, act) {
  new IntersectionObserver(([first]) => first.isIntersecting && act(), { rootMargin: "200px" }).observe(
    place,
  );
}
