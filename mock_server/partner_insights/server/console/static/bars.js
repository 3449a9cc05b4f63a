// Figures → tables with bars in their cells: the chart and its text in one.

import { element } from "./elements.js";

/** A share of one, drawn; the number stands beside it, so it says nothing to a screen reader. */
export function bar(share, tone = "") {
  const full = element("span", { class: `fill ${tone}` });
  full.style.width = `${Math.max(0, Math.min(100, 100 * share)).toFixed(1)}%`;
  return element("span", { class: "track", "aria-hidden": "true" }, full);
}

export function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

/** The share in words, which say what the bar beside it shows. */
export function figure(share, more = null) {
  return element(
    "span",
    { class: "figure" },
    percent(share),
    more ? element("span", { class: "quiet" }, more) : null,
  );
}

/** A table with a caption; `heads` are texts, a row is cells, the first of them its head. */
export function table(caption, heads, rows) {
  return element(
    "table",
    {},
    element("caption", {}, caption),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        heads.map((head) => element("th", { scope: "col" }, head)),
      ),
    ),
    element(
      "tbody",
      {},
      rows.map(([first, ...rest]) =>
        element(
          "tr",
          {},
          element("th", { scope: "row" }, first),
          rest.map((content) => element("td", {}, content)),
        ),
      ),
    ),
  );
}
