/** Oscillation: how often what is asked for changes its direction. @module */

/** Counts turns of one value: up after down, down after up, whatever lay between. */
export class Flips {
  count = 0;
  #last: number | undefined;
  #direction = 0;

  see(value: number | undefined): void {
    if (value === undefined) return;
    const direction = Math.sign(value - (this.#last ?? value));
    this.#last = value;
    if (direction === 0) return;
    if (this.#direction !== 0 && direction !== this.#direction) this.count++;
    this.#direction = direction;
  }
}
