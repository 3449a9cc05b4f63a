// Something to do → done again and again while somebody looks, with rests, longer ones where it takes its time.

const [LEAST, MOST] = [1500, 6000]; // milliseconds between two beats

export class Pulse {
  #act;
  #timer = null;
  #busy = false;
  #again = false;
  paused = false;

  constructor(act) {
    this.#act = act;
    document.addEventListener("visibilitychange", () => this.beat());
  }

  /** Do it now, or as soon as what is under way is done. */
  async beat() {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#busy = true;
    const began = performance.now();
    try {
      do {
        this.#again = false;
        await this.#act();
      } while (this.#again);
    } finally {
      this.#busy = false;
      const rest = Math.min(MOST, Math.max(LEAST, 5 * (performance.now() - began)));
      if (!document.hidden) this.#timer = setTimeout(() => this.paused || this.beat(), rest);
    }
  }
}
