// Words typed → the customers they find, a few at a time among any number; a customer chosen → its licences.

import { ask, Refusal } from "./ask.js";
import { bar, figure, table } from "./bars.js";
import { adder, editor } from "./customer-edit.js";
import { byId, complain, element, redraw, reveal, terms, whole } from "./elements.js";

const A_PAGE = 8;
const TYPING = 200; // milliseconds: somebody may still be typing

export class Customers {
  #typing = null;
  #search = 0; // which search it is: an older one's answers are of no use
  #chosen = null;
  #shown = null; // what is shown of the chosen one: where nothing is new, what is being typed stays

  #changed;

  /** `changed` is called when the page has changed the data. */
  constructor(changed) {
    this.#changed = changed;
    if (byId("add-customer")) adder((...told) => this.#tell(...told));
    byId("customer-search").addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#find(), TYPING);
    });
  }

  /** Look again; not waited for, as among many customers it takes its time. */
  refresh() {
    this.#find();
    if (this.#chosen) this.#open(this.#chosen);
  }

  async #find() {
    await this.#read(++this.#search, 0);
  }

  /** Ask on until a page is full: each answer looks at a part of the customers only. */
  async #read(search, after) {
    const words = byId("customer-search").value.trim();
    const more = byId("customers-more");
    more.hidden = true;
    let missing = A_PAGE;
    let isFirst = after === 0;
    while (after != null && missing > 0) {
      const query = new URLSearchParams({ search: words, after, size: missing });
      const found = await ask(`customers?${query}`).catch((refusal) => this.#failed(refusal));
      if (!found || search !== this.#search) return;
      missing -= found.customers.length;
      after = found.next;
      const choices = found.customers.map((each) => this.#choice(each));
      if (isFirst) redraw(byId("customer-list"), ...choices);
      else byId("customer-list").append(...choices);
      isFirst = false;
      byId("customers-found").textContent = this.#state(words, after, found.total);
    }
    more.hidden = after == null;
    more.onclick = () => this.#read(search, after);
  }

  #state(words, after, total) {
    const shown = byId("customer-list").childElementCount;
    if (!words) return `${whole(shown)} of ${whole(total)}`;
    const looked = after == null ? "" : `, ${whole(after)} of ${whole(total)} looked at`;
    return `${shown ? whole(shown) : "none"} found${looked}`;
  }

  #choice(customer) {
    const button = element(
      "button",
      {
        type: "button",
        "data-id": customer.id,
        "aria-pressed": String(customer.id === this.#chosen),
        onclick: () => this.#choose(customer.id),
      },
      element("span", {}, customer.name),
      element("span", { class: "quiet" }, customer.domain),
    );
    return element("li", {}, button);
  }

  /** Open a customer that somebody chose: on a narrow screen it stands below the list. */
  async #choose(id) {
    await this.#open(id);
    if (byId("customer").getBoundingClientRect().top > innerHeight / 2) reveal(byId("customer"), "start");
  }

  async #open(id) {
    this.#chosen = id;
    for (const each of byId("customer-list").querySelectorAll("button"))
      each.setAttribute("aria-pressed", String(each.dataset.id === id));
    const customer = await ask(`customers/${id}`).catch((refusal) => this.#failed(refusal));
    if (customer && this.#chosen === id) this.#show(customer);
  }

  #show(customer) {
    const told = JSON.stringify(customer);
    if (told === this.#shown) return;
    this.#shown = told;
    const place = byId("customer");
    const isSame = place.dataset.id === customer.id;
    const open = place.querySelector(".editor")?.open;
    const edit = byId("add-customer") ? [editor(customer, (...told) => this.#tell(...told))] : [];
    if (edit.length && open) edit[0].open = true;
    if (!isSame) place.replaceChildren(); // what was typed was about another customer
    place.dataset.id = customer.id;
    redraw(place, ...detail(customer), ...edit);
  }

  /** Say what was done, and show the customer as it is now; null: it is gone. */
  async #tell(words, customer) {
    byId("customers-done").textContent = words;
    this.#chosen = customer?.id ?? null;
    if (customer) this.#show(customer);
    else this.#put(element("p", { class: "quiet" }, words));
    await this.#changed();
    byId("customer").focus();
  }

  #failed(refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    this.#put(element("p", { class: "error", role: "alert" }, refusal.message));
  }

  /** In the place of a customer. */
  #put(words) {
    this.#shown = null;
    delete byId("customer").dataset.id;
    byId("customer").replaceChildren(words);
  }
}

function detail(customer) {
  const { deployment, usage } = customer;
  return [
    element("h3", {}, customer.name),
    terms([
      ["id", element("code", {}, customer.id)],
      ["domain", customer.domain],
      ["country", customer.country],
      ["channel", customer.channel],
      ["given", customer.given ? "by you" : null],
      ["invalid", customer.invalid.join("; ")],
    ]),
    deployment.length
      ? table(
          "Deployment by product",
          ["Product", "Deployed"],
          deployment.map((row) => line(row.productName, row.licensesDeployed, row.licensesSold)),
        )
      : element(
          "p",
          { class: "quiet" },
          "No licences are shown: the scenarios in force answer with no rows.",
        ),
    usage.length
      ? table(
          "Usage by product and workload",
          ["Product and workload", "Active"],
          usage.map((row) =>
            line(`${row.productName} · ${row.workloadName}`, row.licensesActive, row.licensesQualified),
          ),
        )
      : null,
  ].filter((each) => each != null);
}

function line(name, part, all) {
  const share = all ? part / all : 0;
  return [name, [bar(share), figure(share, ` ${whole(part)} of ${whole(all)}`)]];
}
