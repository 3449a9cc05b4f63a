// Switches and a date → the scenarios and the day the fake is in, and back to the start.

import { ask, Refusal } from "./ask.js";
import { byId, complain, element } from "./elements.js";

const HEALTHY = "healthy"; // what is in force when nothing else is

export class Conditions {
  #changed;
  #switches = new Map();
  #day = ""; // as it was last shown: a date that somebody has typed stays

  /** `changed` is called when something else is in force. */
  constructor(changed) {
    this.#changed = changed;
    byId("clock").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#turn({ asOf: byId("as-of").value });
    });
    for (const button of byId("clock").querySelectorAll("[data-days]")) {
      button.addEventListener("click", () => this.#turn({ days: Number(button.dataset.days) }));
    }
    byId("reset").addEventListener("click", () =>
      this.#do("The fake is as it was at the start.", () => ask("reset", "POST")),
    );
  }

  async refresh() {
    const [{ active, scenarios }, { asOf }] = await Promise.all([ask("scenario"), ask("clock")]);
    if (!this.#switches.size) this.#build(scenarios);
    for (const [name, box] of this.#switches) box.checked = active.includes(name);
    const field = byId("as-of");
    if ([this.#day, asOf].includes(field.value) && document.activeElement !== field) {
      field.value = this.#day = asOf;
    }
  }

  #build(scenarios) {
    const shown = scenarios.filter((each) => each.name !== HEALTHY);
    const loners = shown
      .filter((each) => each.conflicts.length === scenarios.length - 1)
      .map((each) => each.name);
    byId("scenarios").append(...shown.map((each) => this.#switch(each, loners)));
  }

  #switch({ name, description, conflicts }, loners) {
    const others = conflicts.filter((other) => other !== HEALTHY && !loners.includes(other));
    const not = loners.includes(name)
      ? "not with any other"
      : others.length
        ? `not with ${others.join(", ")}`
        : "";
    const box = element("input", {
      type: "checkbox",
      role: "switch",
      id: `scenario-${name}`,
      "aria-describedby": `about-${name}`,
      onchange: () => this.#select(name),
    });
    this.#switches.set(name, box);
    return element(
      "li",
      {},
      element("label", { class: "tick" }, box, element("code", {}, name)),
      element(
        "p",
        { id: `about-${name}`, class: "quiet" },
        description,
        not ? element("span", { class: "conflict" }, ` (${not})`) : null,
      ),
    );
  }

  #select(name) {
    const wanted = [...this.#switches].filter(([, box]) => box.checked).map(([each]) => each);
    const on = this.#switches.get(name).checked;
    return this.#do(`${name} is switched ${on ? "on" : "off"}.`, () =>
      ask("scenario", "POST", { scenario: wanted.length ? wanted : [HEALTHY] }),
    );
  }

  #turn(wanted) {
    return this.#do("The date is set.", () => ask("clock", "POST", wanted));
  }

  async #do(done, act) {
    try {
      await act();
      this.#day = byId("as-of").value;
      complain(byId("day-error"), null);
      byId("done").textContent = done;
      await this.#changed();
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      byId("done").textContent = "";
      complain(byId("day-error"), refusal.message);
      await this.refresh().catch(() => null); // the switches show what is in force, not what was wished for
    }
  }
}
