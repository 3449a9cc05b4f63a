// What the fake says of itself → the line of facts at the top, kept up to date.

import { byId, whole } from "./elements.js";

export class Facts {
  #before = null;

  /** Show them; whether the scenes are others than before, so that all that shows data is to be asked for anew. */
  show(world) {
    const scenes = JSON.stringify([world.scenario, world.asOf, world.customers, world.revision]);
    const told = {
      seed: world.seed,
      asOf: world.asOf,
      customers: whole(world.customers),
      scenario: world.scenario.join(", "),
      uptime: span(world.uptimeSeconds),
    };
    for (const [key, text] of Object.entries(told)) {
      const place = byId(`fact-${key}`);
      if (place && place.textContent !== String(text)) place.textContent = text;
    }
    const turned = scenes !== this.#before;
    this.#before = scenes;
    return turned;
  }
}

function span(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
