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

const FIELDS = "input, select, textarea";

/** What a control is, however often it is drawn: its form and its name, or what it says. */
function identity(control) {
  const own = control.name || control.dataset.id || (control.matches("button") ? control.textContent : "");
  return JSON.stringify([control.tagName, control.closest("form")?.dataset.key, own]);
}

/** Draw a place anew; what is typed in its forms and not yet sent stays, and so does the focus. */
export function redraw(place, ...children) {
  const fields = [...place.querySelectorAll(FIELDS)].filter((each) => each.value !== each.defaultValue);
  const typed = new Map(fields.map((each) => [identity(each), each.value]));
  const focused = place.contains(document.activeElement) ? identity(document.activeElement) : null;
  place.replaceChildren(...children);
  for (const control of place.querySelectorAll(`${FIELDS}, button, summary`)) {
    const key = identity(control);
    if (control.matches(FIELDS) && typed.has(key)) control.value = typed.get(key);
    if (key === focused) control.focus({ preventScroll: true });
  }
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

/** Bring a place into sight, at once for whom movement disturbs. */
export function reveal(place, block) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  place.scrollIntoView({ block, behavior: calm ? "auto" : "smooth" });
}

/** Call `act` whenever the place comes into view. */
export function whenSeen(place, act) {
  new IntersectionObserver(([first]) => first.isIntersecting && act(), { rootMargin: "200px" }).observe(
    place,
  );
}
