/** A line of numbers that grows at both ends: first in, first out, and back to the front. @module */

const FIRST_ROOM = 64;

/** Numbers of requests that wait. */
export class Ring {
  #items = new Int32Array(FIRST_ROOM);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The first; −1 when nobody waits. */
  get first(): number {
    return this.#size > 0 ? this.#items[this.#head]! : -1;
  }

  /** Puts one at the end. */
  push(item: number): void {
    if (this.#size === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#size++) & (this.#items.length - 1)] = item;
  }

  /** Puts one at the front. */
  pushFirst(item: number): void {
    if (this.#size === this.#items.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#items.length - 1);
    this.#items[this.#head] = item;
    this.#size++;
  }

  /** Takes the first out; −1 when nobody waits. */
  shift(): number {
    if (this.#size === 0) return -1;
    const item = this.#items[this.#head]!;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#size--;
    return item;
  }

  /** Room is a power of two, so that positions wrap with a mask. */
  #grow(): void {
    const items = new Int32Array(this.#items.length * 2);
    for (let index = 0; index < this.#size; index++) {
      items[index] = this
        .#items[(this.#head + index) & (this.#items.length - 1)]!;
    }
    this.#items = items;
    this.#head = 0;
  }
}
