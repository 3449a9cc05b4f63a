// A customer in the page → changed, its licences too, or removed; a new one added. The fake says what cannot be.

import { ask, Refusal } from "./ask.js";
import { byId, complain, element } from "./elements.js";

/** What the fields of a form hold; numbers as numbers, empty ones left out. */
function content(form) {
  const held = {};
  for (const field of form.elements) {
    if (!field.name || field.value.trim() === "") continue;
    held[field.name] = field.type === "number" ? Number(field.value) : field.value.trim();
  }
  return held;
}

function field(label, name, value, attributes = {}) {
  const input = element("input", { name, value, autocomplete: "off", ...attributes });
  return element("div", {}, element("label", {}, label, input));
}

const count = (label, name, value) =>
  field(label, name, value, { type: "number", min: 0, step: 1, class: "short" });

/** A form that acts when it is sent, and tells beside itself why it could not. */
function form(key, name, fields, button, act, changed, more = []) {
  const error = element("p", { class: "error", role: "alert", hidden: true });
  const made = element(
    "form",
    { class: "edit", "aria-label": name, "data-key": key },
    element("div", { class: "line" }, fields, element("button", { type: "submit" }, button), more),
    error,
  );
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    tried(error, async () => {
      const told = await act(content(made));
      made.reset(); // it was sent: nothing of it is kept
      changed(...told);
    });
  });
  return made;
}

async function tried(error, act) {
  try {
    complain(error, null);
    await act();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    complain(error, refusal.message);
  }
}

/** The forms for a chosen customer; `changed` is called with what to say, and what to show. */
export function editor(customer, changed) {
  const path = `customers/${customer.id}`;
  const remove = element("button", { type: "button" }, "Remove the customer");
  const naming = form(
    "rename",
    `Change ${customer.name}`,
    [field("Name", "name", customer.name, { required: true })],
    "Rename",
    async (held) => [`${held.name} is renamed.`, await ask(path, "PATCH", held)],
    changed,
    [remove],
  );
  remove.addEventListener("click", () =>
    tried(naming.querySelector(".error"), async () => {
      await ask(path, "DELETE");
      changed(`${customer.name} is removed.`, null);
    }),
  );
  const products = new Map(customer.deployment.map((row) => [row.productName, row]));
  return element(
    "details",
    { class: "editor" },
    element("summary", {}, "Change this customer"),
    naming,
    [...products].map(([product, row]) => licence(path, product, row, changed)),
    form(
      "add",
      "Add a licence",
      [
        field("Product", "product", "", { required: true }),
        count("Sold", "sold", ""),
        count("Deployed", "deployed", ""),
      ],
      "Add the licence",
      async ({ product, ...held }) => [
        `${product} is added.`,
        await ask(`${path}/licenses/${encodeURIComponent(product)}`, "PUT", held),
      ],
      changed,
    ),
  );
}

function licence(path, product, row, changed) {
  const place = `${path}/licenses/${encodeURIComponent(product)}`;
  const remove = element("button", { type: "button" }, "Remove", element("span", { class: "unseen" }, ` ${product}`));
  const made = form(
    product,
    product,
    [
      element("p", { class: "what" }, product),
      count("Sold", "sold", row.licensesSold),
      count("Deployed", "deployed", row.licensesDeployed),
    ],
    "Save",
    async (held) => [`${product} is changed.`, await ask(place, "PATCH", held)],
    changed,
    [remove],
  );
  remove.addEventListener("click", () =>
    tried(made.querySelector(".error"), async () =>
      changed(`${product} is removed.`, await ask(place, "DELETE")),
    ),
  );
  return made;
}

/** The form that adds a customer. */
export function adder(changed) {
  byId("add-customer").append(
    form(
      "customer",
      "Add a customer",
      [
        field("Name of the new customer", "name", "", { required: true }),
        field("Product", "product", ""),
        count("Sold", "sold", ""),
        count("Deployed", "deployed", ""),
      ],
      "Add the customer",
      async ({ name, product, ...held }) => {
        const licences = product || Object.keys(held).length ? { licenses: [{ product, ...held }] } : {};
        return [`${name} is added.`, await ask("customers", "POST", { name, ...licences })];
      },
      changed,
    ),
  );
}
