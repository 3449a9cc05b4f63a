// The history → a chart of what was sold, deployed and active; a day to point at, its values in words beside it.

import { ask, Refusal } from "./ask.js";
import { table } from "./bars.js";
import { byId, complain, element, whenSeen, whole } from "./elements.js";

const WIDTH = 720;
const HEIGHT = 220;
const EDGE = { left: 8, right: 8, top: 12, bottom: 8 };
const SVG = "http://www.w3.org/2000/svg";

function drawn(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** The histories to choose from: name → [[what is counted, its numbers by day]…]. */
function choices(history) {
  const found = history.deployment.map((each) => [
    each.service,
    [
      ["sold", each.sold],
      ["deployed", each.deployed],
    ],
  ]);
  const used = history.usage.map((each) => [
    `${each.service} · ${each.workload}`,
    [
      ["qualified", each.qualified],
      ["active", each.active],
    ],
  ]);
  return new Map([...found, ...used]);
}

export class Trend {
  #section;
  #seen = false;
  #stale = true;
  #days = [];
  #choices = new Map();

  constructor(section) {
    this.#section = section;
    byId("trend-of").addEventListener("change", () => this.#draw());
    byId("trend-day").addEventListener("input", () => this.#point());
    byId("trend-chart").addEventListener("pointermove", (event) => this.#follow(event));
    whenSeen(section, () => {
      this.#seen = true;
      if (this.#stale) this.#load();
    });
  }

  refresh() {
    this.#stale = true;
    if (this.#seen) this.#load();
  }

  async #load() {
    this.#stale = false;
    const error = this.#section.querySelector(".error");
    try {
      const history = await ask("history");
      this.#days = history.days;
      this.#choices = choices(history);
      const before = byId("trend-of").value;
      byId("trend-of").replaceChildren(
        ...[...this.#choices.keys()].map((name) => element("option", { selected: name === before }, name)),
      );
      const day = byId("trend-day");
      const last = Number(day.max);
      const atEnd = Number(day.value) === last;
      day.max = this.#days.length - 1;
      if (atEnd || Number(day.value) > day.max) day.value = day.max;
      complain(error, null);
      this.#draw();
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      complain(error, refusal.message);
    }
  }

  get #series() {
    return this.#choices.get(byId("trend-of").value) ?? [];
  }

  #x(at) {
    const steps = Math.max(1, this.#days.length - 1);
    return EDGE.left + (at / steps) * (WIDTH - EDGE.left - EDGE.right);
  }

  #draw() {
    const series = this.#series;
    const most = Math.max(1, ...series.flatMap(([, numbers]) => numbers));
    const y = (number) => HEIGHT - EDGE.bottom - (number / most) * (HEIGHT - EDGE.top - EDGE.bottom);
    const chart = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true", focusable: "false" });
    chart.append(drawn("line", { x1: 0, x2: WIDTH, y1: y(0), y2: y(0), class: "axis" }));
    for (const [place, [, numbers]] of series.entries()) {
      const points = numbers.map((number, at) => `${this.#x(at).toFixed(1)},${y(number).toFixed(1)}`);
      chart.append(drawn("polyline", { points: points.join(" "), class: `trend trend-${place}` }));
    }
    chart.append(drawn("line", { y1: 0, y2: HEIGHT, class: "pointer" }));
    byId("trend-chart").replaceChildren(chart);
    byId("trend-legend").replaceChildren(
      ...series.map(([name], place) =>
        element("li", {}, element("span", { class: `key key-${place}`, "aria-hidden": "true" }), name),
      ),
    );
    byId("trend-table").replaceChildren(
      table(
        `${byId("trend-of").value}, day by day`,
        ["Day", ...series.map(([name]) => name)],
        this.#days.map((day, at) => [day, ...series.map(([, numbers]) => whole(numbers[at]))]),
      ),
    );
    this.#point();
  }

  #point() {
    const day = byId("trend-day");
    const at = Number(day.value);
    if (!this.#days[at]) return;
    const told = this.#series.map(([name, numbers]) => `${whole(numbers[at])} ${name}`).join(", ");
    const words = `${this.#days[at]}: ${told}`;
    day.setAttribute("aria-valuetext", words);
    byId("trend-values").textContent = words;
    const pointer = byId("trend-chart").querySelector(".pointer");
    pointer?.setAttribute("x1", this.#x(at));
    pointer?.setAttribute("x2", this.#x(at));
  }

  #follow({ clientX }) {
    const box = byId("trend-chart").getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (clientX - box.left) / box.width));
    byId("trend-day").value = Math.round(share * (this.#days.length - 1));
    this.#point();
  }
}
