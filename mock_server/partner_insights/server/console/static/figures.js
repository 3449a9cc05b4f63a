// The partner's rows → two charts: deployment by service, usage by service and workload, a bar for each channel.

import { ask, Refusal } from "./ask.js";
import { bar, percent, table } from "./bars.js";
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
  const drawn = rows.map((row) => {
    const share = row.proratedDeploymentPercent / unit;
    return [name(row.serviceName, row.channel), bar(share, row.channel), percent(share), whole(row.licensesSold)];
  });
  return chart("Deployment by service", ["Service", "", "Deployed", "Sold"], drawn);
}

function usage(rows, unit) {
  const drawn = rows.map((row) => {
    const share = row.proratedLicensesUsagePercent / unit;
    return [name(`${row.serviceName} · ${row.workloadName}`, row.channel), bar(share, row.channel), percent(share)];
  });
  return chart("Usage by service and workload", ["Service and workload", "", "Active"], drawn);
}

function name(text, channel) {
  return [text, element("span", { class: "channel" }, channel)];
}

function chart(title, heads, rows) {
  if (!rows.length) return [element("h3", {}, title), element("p", { class: "quiet" }, "No rows: the scenarios in force answer with none.")];
  return [table(title, heads, rows)];
}
