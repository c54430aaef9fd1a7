/** Prompt blocks whose KV cache is kept, the least recently used leaving first; shared by the prefill workers. @module */

/** A linked list over typed arrays, one place a block number. */
export class PrefixStore {
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** The place after the last block is the list's two ends. */
  readonly #end: number;
  readonly #capacity: number;
  #size = 0;

  /**
   * @param blocks numbers are below this
   * @param capacity blocks that fit
   */
  constructor(blocks: number, capacity: number) {
    this.#next = new Int32Array(blocks + 1).fill(-1);
    this.#previous = new Int32Array(blocks + 1).fill(-1);
    this.#end = blocks;
    this.#capacity = Math.max(0, capacity);
    this.#next[blocks] = this.#previous[blocks] = blocks;
  }

  get size(): number {
    return this.#size;
  }

  /** How many leading blocks of a prompt are kept; they count as used now. */
  leading(blocks: Int32Array, from: number, until: number): number {
    let found = 0;
    for (let at = from; at < until; at++) {
      const block = blocks[at]!;
      if (this.#next[block]! < 0) break;
      this.#unlink(block);
      this.#link(block);
      found++;
    }
    return found;
  }

  /** Keeps a prompt's blocks. */
  keep(blocks: Int32Array, from: number, until: number): void {
    if (this.#capacity === 0) return;
    for (let at = from; at < until; at++) {
      const block = blocks[at]!;
      if (this.#next[block]! >= 0) this.#unlink(block);
      else if (this.#size >= this.#capacity) {
        this.#unlink(this.#next[this.#end]!);
      }
      this.#link(block);
    }
  }

  clear(): void {
    this.#next.fill(-1);
    this.#previous.fill(-1);
    this.#next[this.#end] = this.#previous[this.#end] = this.#end;
    this.#size = 0;
  }

  /** At the end: used last. */
  #link(block: number): void {
    const last = this.#previous[this.#end]!;
    this.#next[last] = block;
    this.#previous[block] = last;
    this.#next[block] = this.#end;
    this.#previous[this.#end] = block;
    this.#size++;
  }

  #unlink(block: number): void {
    const before = this.#previous[block]!;
    const after = this.#next[block]!;
    this.#next[before] = after;
    this.#previous[after] = before;
    this.#next[block] = this.#previous[block] = -1;
    this.#size--;
  }
}
