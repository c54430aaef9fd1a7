/** Random numbers that a seed repeats. @module */

/** A seed from `WATTKEEPER_SEED`, else from the clock; print it, so that a failure can be replayed. */
export function chooseSeed(): number {
  const given = Deno.env.get("WATTKEEPER_SEED");
  if (given === undefined || given === "") return Date.now() % 2 ** 32;
  const seed = Number(given);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new Error(
      `WATTKEEPER_SEED must be a non-negative integer, found "${given}".`,
    );
  }
  return seed % 2 ** 32;
}

/** A small generator (a Weyl sequence through a 32-bit mixer): good enough to draw test cases. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** An integer from `low` to `high` whose logarithm is uniform. */
  logInteger(low: number, high: number): number {
    const value = Math.exp(
      Math.log(low) + this.next() * (Math.log(high + 1) - Math.log(low)),
    );
    return Math.min(high, Math.max(low, Math.floor(value)));
  }

  /** One of the items. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new Error("Nothing to pick from.");
    return item;
  }

  /** One of the items, by weight. */
  weighted<Item>(items: readonly (readonly [Item, number])[]): Item {
    let rest = this.next() * items.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [item, weight] of items) {
      rest -= weight;
      if (rest < 0) return item;
    }
    return this.pick(items)[0];
  }
}
