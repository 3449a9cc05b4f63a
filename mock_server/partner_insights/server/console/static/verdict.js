// The fake's verdict on its client → words, and findings that lead to their journal entries.

import { ask, Refusal } from "./ask.js";
import { byId, element, redraw, whole } from "./elements.js";

const MOST = 50; // findings shown: who hammers has thousands
const WORDS = {
  "well-behaved": "Well-behaved",
  misbehaved: "Misbehaved",
  "nothing-judged": "Nothing to judge yet",
};

export class Verdict {
  #show;
  #before = "";

  /** `show` opens the journal at an entry's number. */
  constructor(show) {
    this.#show = show;
  }

  async refresh() {
    let verdict;
    try {
      verdict = await ask("verdict");
    } catch (refusal) {
      if (!(refusal instanceof Refusal) || refusal.status === 0) throw refusal;
      byId("judged").textContent = refusal.message;
      return;
    }
    const now = JSON.stringify(verdict);
    if (now === this.#before) return;
    this.#before = now;
    const count = verdict.judged
      ? ` by ${whole(verdict.judged)} request${verdict.judged === 1 ? "" : "s"}`
      : "";
    const words = element(
      "b",
      { class: `badge ${verdict.verdict}` },
      WORDS[verdict.verdict] ?? verdict.verdict,
    );
    byId("judged").replaceChildren(words, element("span", { class: "quiet" }, count));
    const more = verdict.findings.length - MOST;
    redraw(
      byId("findings"),
      ...verdict.findings.slice(0, MOST).map((finding) => this.#finding(finding)),
      ...(more > 0
        ? [element("li", { class: "quiet" }, `and ${whole(more)} more: GET /_admin/verdict`)]
        : []),
    );
  }

  #finding({ code, severity, title, message, entries, requests }) {
    return element(
      "li",
      {},
      element("h3", {}, `${severity === "remark" ? "Remark: the" : "The"} client ${title}`),
      element("p", {}, message, " ", element("code", { class: "quiet" }, code)),
      element(
        "p",
        { class: "cited" },
        entries.map((number, place) =>
          element(
            "button",
            { type: "button", class: "link", onclick: () => this.#show(number) },
            requests[place],
          ),
        ),
      ),
    );
  }
}
