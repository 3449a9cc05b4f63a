// A form of faults → a plan; the plans in force → their accounts, each fault with the request that met it.

import { ask, Refusal } from "./ask.js";
import { byId, complain, element, redraw } from "./elements.js";

export class Faults {
  #showRequest;
  #number = 0; // of the lines made so far: their labels need ids

  constructor(showRequest) {
    this.#showRequest = showRequest;
    byId("another").addEventListener("click", () => this.#add().querySelector("select").focus());
    byId("faults").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#plan();
    });
    this.#add();
  }

  async refresh() {
    try {
      const { plans, faults } = await ask("faults");
      if (!byId("fault-names").childElementCount) {
        byId("fault-names").append(
          ...faults.map((each) => element("option", { value: each.name }, each.description)),
        );
      }
      const shown = JSON.stringify(plans);
      if (byId("plans").dataset.shown === shown) return;
      byId("plans").dataset.shown = shown;
      redraw(byId("plans"), ...plans.map((plan) => this.#account(plan)));
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      complain(byId("faults-error"), refusal.message);
    }
  }

  #add() {
    const place = ++this.#number;
    const operations = [...byId("by-operation").options]
      .map((option) => option.value)
      .filter((value) => value && value !== "none");
    const field = (label, name, input) => {
      input.id = `fault-${place}-${name}`;
      input.dataset.name = name;
      return element("div", {}, element("label", { for: input.id }, label), input);
    };
    const line = element(
      "li",
      { class: "line" },
      field(
        "Operation",
        "operation",
        element(
          "select",
          {},
          ["*", ...operations].map((each) => element("option", { value: each }, each === "*" ? "any" : each)),
        ),
      ),
      field(
        "Status or fault",
        "what",
        element("input", {
          list: "fault-names",
          required: true,
          placeholder: "503, truncate…",
          autocomplete: "off",
          spellcheck: "false",
        }),
      ),
      field("Seconds", "seconds", element("input", { type: "number", min: 0, max: 600, class: "short" })),
      field(
        "Customer id",
        "customer",
        element("input", { autocomplete: "off", spellcheck: "false", placeholder: "any" }),
      ),
      element(
        "button",
        { type: "button", onclick: () => this.#remove(line) },
        "Remove",
        element("span", { class: "unseen" }, ` fault ${place}`),
      ),
    );
    byId("planned").append(line);
    return line;
  }

  #remove(line) {
    if (byId("planned").childElementCount > 1) line.remove();
    byId("another").focus();
  }

  async #plan() {
    const faults = [...byId("planned").children].map(read);
    try {
      await ask("faults", "POST", { faults, all: byId("for-all").checked, repeat: byId("repeat").checked });
      complain(byId("faults-error"), null);
      await this.refresh();
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      complain(byId("faults-error"), refusal.message);
    }
  }

  #account(plan) {
    const whom = plan.all ? "every request" : "requests that carry its id";
    const takeBack = async () => {
      await ask(`faults/${plan.id}`, "DELETE").catch(() => null); // gone already is gone
      await this.refresh();
      byId("another").focus();
    };
    return element(
      "article",
      { class: "plan" },
      element("h3", {}, "Plan ", element("code", {}, plan.id)),
      element(
        "p",
        { class: "quiet" },
        `For ${whom}: ${plan.consumed} of ${plan.planned} met${plan.repeat ? ", again and again" : ""}.`,
      ),
      element(
        "ol",
        {},
        plan.faults.map((fault) => this.#fault(fault)),
      ),
      element(
        "button",
        { type: "button", onclick: takeBack },
        "Take it back",
        element("span", { class: "unseen" }, ` (plan ${plan.id})`),
      ),
    );
  }

  #fault(fault) {
    const what = `${fault.code ?? fault.fault} for ${fault.operation === "*" ? "any operation" : fault.operation}`;
    const met = fault.request
      ? element(
          "button",
          { type: "button", class: "link", onclick: () => this.#showRequest(fault.request) },
          `met${fault.times > 1 ? ` ${fault.times} times` : ""}: show the request`,
        )
      : element("span", { class: "quiet" }, "not met yet");
    return element("li", {}, what, " · ", met);
  }
}

function read(line) {
  const field = (name) => line.querySelector(`[data-name=${name}]`).value.trim();
  const fault = { operation: field("operation") };
  if (field("customer")) fault.customer = field("customer");
  const isCode = /^\d+$/.test(field("what"));
  if (isCode) fault.code = Number(field("what"));
  else fault.fault = field("what");
  if (field("seconds")) fault[isCode ? "retryAfter" : "seconds"] = Number(field("seconds"));
  return fault;
}
