// The partner's rows → two charts: deployment by service, usage by service and workload, a column for each channel.

import { ask, Refusal } from "./ask.js";
import { bar, figure, percent, table } from "./bars.js";
import { byId, complain, element, whenSeen, whole } from "./elements.js";

export class Figures {
  #section;
  #seen = false;
  #stale = true;

  constructor(section) {
    this.#section = section;
    whenSeen(section, () => {
      this.#seen = true;
      if (this.#stale) this.#draw();
    });
  }

  /** Draw them anew, when they are next looked at. */
  refresh() {
    this.#stale = true;
    if (this.#seen) this.#draw();
  }

  async #draw() {
    this.#stale = false;
    const error = this.#section.querySelector(".error");
    try {
      const figures = await ask("figures");
      const unit = figures.percentScale;
      byId("deployment").replaceChildren(...deployment(figures.deployment, unit));
      byId("usage").replaceChildren(...usage(figures.usage, unit));
      complain(error, null);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      complain(error, refusal.message);
    }
  }
}

function deployment(rows, unit) {
  const drawn = grouped(
    rows,
    (row) => row.serviceName,
    (row) => {
      const share = row.proratedDeploymentPercent / unit;
      return [bar(share, row.channel), figure(share, ` of ${whole(row.licensesSold)} sold`)];
    },
  );
  const days = Map.groupBy(rows, (row) => row.serviceName);
  const processed = [...days].map(
    ([service, [row]]) => `${service} on ${row.processedDateTime.slice(0, 10)}`,
  );
  const note = processed.length
    ? [element("p", { class: "quiet" }, `Processed: ${processed.join(", ")}.`)]
    : [];
  return [...chart("Deployment by service", "Service", rows, drawn), ...total(rows, unit), ...note];
}

/** All services and channels together. */
function total(rows, unit) {
  const sold = rows.reduce((sum, row) => sum + row.licensesSold, 0);
  const deployed = rows.reduce(
    (sum, row) => sum + (row.licensesSold * row.proratedDeploymentPercent) / unit,
    0,
  );
  if (!sold) return [];
  return [
    element(
      "p",
      { class: "total" },
      element("b", {}, whole(sold)),
      " licences sold, ",
      element("b", {}, percent(deployed / sold)),
      " of them deployed",
    ),
  ];
}

function usage(rows, unit) {
  const drawn = grouped(
    rows,
    (row) => `${row.serviceName} · ${row.workloadName}`,
    (row) => {
      const share = row.proratedLicensesUsagePercent / unit;
      return [bar(share, row.channel), figure(share)];
    },
  );
  return chart("Usage by service and workload", "Service and workload", rows, drawn);
}

const channels = (rows) => [...new Set(rows.map((row) => row.channel))].sort();

/** A line for each group of rows, with a cell for each channel. */
function grouped(rows, name, draw) {
  const groups = Map.groupBy(rows, name);
  return [...groups].map(([head, same]) => [
    head,
    ...channels(rows).map((channel) => {
      const row = same.find((each) => each.channel === channel);
      return row ? draw(row) : [element("span", { class: "quiet" }, "none")];
    }),
  ]);
}

function chart(title, head, rows, drawn) {
  if (!rows.length)
    return [
      element("h3", {}, title),
      element("p", { class: "quiet" }, "No rows: the scenarios in force answer with none."),
    ];
  return [table(title, [head, ...channels(rows)], drawn)];
}
