// The fake's journal → a list that follows it, the newest request first; an entry opens to its detail.

import { ask, Refusal } from "./ask.js";
import { byId, element, redraw, reveal, terms, whole } from "./elements.js";
import { curlButton, indented } from "./exchange.js";

const A_PAGE = 50;
const ALL = 2000; // the fake keeps no more

export class Journal {
  #items = new Map(); // number → { item, shown }
  #last = A_PAGE;
  #before = "";
  #none = null; // why there is no journal

  /** `beat` asks for a refresh at once. */
  constructor(beat) {
    for (const id of ["by-operation", "by-status"]) byId(id).addEventListener("change", beat);
    byId("by-customer").addEventListener("input", beat);
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
    byId("older").addEventListener("click", () => {
      this.#last = Math.min(ALL, this.#last * 4);
      beat();
    });
  }

  /** Follow; whether anything has changed. */
  async refresh() {
    if (this.#none) return false;
    const query = new URLSearchParams({
      operation: byId("by-operation").value,
      status: byId("by-status").value,
      customer: byId("by-customer").value.trim(),
      last: this.#last,
    });
    let answer;
    try {
      answer = await ask(`journal?${query}`);
    } catch (refusal) {
      if (!(refusal instanceof Refusal) || refusal.status === 0) throw refusal;
      if (refusal.status === 409) this.#none = refusal.message;
      byId("journal-state").textContent = refusal.message;
      return true;
    }
    const now = JSON.stringify(answer);
    if (now === this.#before) return false;
    this.#before = now;
    this.#draw(answer.entries);
    byId("journal-state").textContent = answer.entries.length
      ? `${whole(answer.entries.length)} shown, the newest first.`
      : "Waiting for requests.";
    byId("older").hidden = answer.entries.length < this.#last || this.#last >= ALL;
    return true;
  }

  /** Open the entry of a number, whatever the filters. */
  async show(number) {
    if (!this.#items.has(number)) {
      byId("filters").reset();
      this.#last = ALL;
      await this.refresh();
    }
    const found = this.#items.get(number);
    if (!found) return;
    const details = found.item.querySelector("details");
    details.open = true;
    details.querySelector("summary").focus({ preventScroll: true });
    reveal(found.item, "center");
  }

  /** Open the entry of the request with this MS-RequestId. */
  async showRequest(requestId) {
    const { entries } = await ask("journal");
    const found = entries.find((entry) => entry.requestId === requestId);
    if (found) await this.show(found.number);
  }

  #draw(entries) {
    const list = byId("entries");
    const numbers = new Set(entries.map((entry) => entry.number));
    for (const [number, { item }] of this.#items) {
      if (!numbers.has(number)) {
        item.remove();
        this.#items.delete(number);
      }
    }
    let above = null; // the list is drawn from its end, the oldest, upwards
    for (const entry of entries) {
      const item = this.#item(entry);
      if (item.parentElement !== list || item.nextElementSibling !== above) list.insertBefore(item, above);
      above = item;
    }
  }

  #item(entry) {
    const shown = JSON.stringify(entry);
    const known = this.#items.get(entry.number);
    if (known?.shown === shown) return known.item;
    const item = known?.item ?? element("li", { value: entry.number });
    redraw(item, line(entry, item.querySelector("details")?.open));
    this.#items.set(entry.number, { item, shown });
    return item;
  }
}

function line(entry, open = false) {
  const status = entry.status ?? (entry.pending ? "…" : "no reply");
  const details = element(
    "details",
    { open },
    element(
      "summary",
      {},
      element(
        "span",
        { class: "when" },
        `#${entry.number} `,
        element("time", { datetime: entry.time }, entry.time.slice(11, 19)),
      ),
      element(
        "span",
        { class: "what" },
        element("b", {}, entry.method),
        " ",
        entry.path + (entry.query ? `?${entry.query}` : ""),
      ),
      element(
        "span",
        { class: "how" },
        entry.fault ? element("span", { class: "badge fault" }, entry.fault) : null,
        entry.operation ? null : element("span", { class: "badge" }, "no operation"),
        element("span", { class: `badge ${tone(entry.status)}` }, String(status)),
        entry.milliseconds == null ? null : element("span", { class: "quiet" }, `${entry.milliseconds} ms`),
      ),
    ),
  );
  const fill = () => details.childElementCount === 1 && details.append(detail(entry));
  if (open) fill();
  details.addEventListener("toggle", fill);
  return details;
}

function tone(status) {
  return status == null ? "bad" : status < 400 ? "good" : status < 500 ? "fair" : "bad";
}

function detail(entry) {
  const response = entry.response ?? {};
  return element(
    "div",
    { class: "detail" },
    entry.notes.length
      ? element(
          "ul",
          { class: "notes" },
          entry.notes.map((note) => element("li", {}, note)),
        )
      : null,
    terms([
      ["time", entry.time],
      ["operation", entry.operation ?? "none"],
      ["customer", entry.customer],
      ["MS-RequestId", entry.requestId],
      ["MS-CorrelationId", entry.correlationId],
      ["token", entry.token && `${entry.token} (${entry.caller ?? "not one of ours"})`],
      ["User-Agent", entry.userAgent],
      ["Accept", entry.accept],
      ["MS-Contract-Version", entry.contractVersion],
      ["X-Locale", entry.locale],
      ["Prefer", entry.prefer],
      ["X-Fault-Plan", entry.plan],
      ["fault", entry.fault],
      ["Retry-After", entry.retryAfter == null ? null : `${entry.retryAfter} s`],
      ["peer", entry.peer],
      [
        "answer",
        response.bytes == null
          ? response.contentType
          : `${whole(response.bytes)} bytes, ${response.contentType}`,
      ],
    ]),
    response.body
      ? element(
          "pre",
          {
            tabindex: "0",
            role: "region",
            "aria-label": `The answer to request ${entry.number}, its beginning`,
          },
          element("code", {}, indented(response.body)),
        )
      : null,
    curlButton(entry),
  );
}
