/** Numbering the slices of a file in the order in which they appear. @module */

import type { KeyColumn } from "./table_spec.ts";

/** Values of a slice key. */
export type SliceKey = readonly (string | number)[];

interface NumberedSlice {
  /** Position of the table among the file's tables. */
  readonly table: number;
  readonly key: SliceKey;
}

type Node = Map<number, Node | number>;

/** Finds the slice of each row by walking a tree of its key's values; neighbouring rows mostly share it. */
export class SliceNumbering {
  readonly #parts: readonly (Int32Array | Float64Array | Uint8Array)[];
  readonly #columns: readonly KeyColumn[];
  readonly #tableOf: Uint8Array | null;
  readonly #root: Node = new Map();
  readonly #slices: NumberedSlice[] = [];
  #lastRow = -1;
  #lastSlice = -1;

  /** @param tableOf per row the table; null = the first */
  constructor(columns: readonly KeyColumn[], tableOf: Uint8Array | null) {
    this.#columns = columns;
    this.#tableOf = tableOf;
    this.#parts = [
      ...(tableOf ? [tableOf] : []),
      ...columns.map((it) => it instanceof Float64Array ? it : it.codes),
    ];
  }

  /** All slices met so far. */
  get slices(): readonly NumberedSlice[] {
    return this.#slices;
  }

  /** Number of the row's slice; a new one when its key is new. */
  sliceOf(row: number): number {
    if (!this.#sameAsLast(row)) {
      this.#lastSlice = this.#find(row);
      this.#lastRow = row;
    }
    return this.#lastSlice;
  }

  #sameAsLast(row: number): boolean {
    const last = this.#lastRow;
    return last >= 0 && this.#parts.every((part) => part[row] === part[last]);
  }

  #find(row: number): number {
    let node = this.#root;
    const last = this.#parts.length - 1;
    for (let depth = 0; depth < last; depth++) {
      const value = this.#parts[depth]![row]!;
      let child = node.get(value);
      if (!(child instanceof Map)) {
        child = new Map();
        node.set(value, child);
      }
      node = child;
    }
    const value = this.#parts[last]![row]!;
    const known = node.get(value);
    if (typeof known === "number") return known;
    const number = this.#slices.push({
      table: this.#tableOf?.[row] ?? 0,
      key: this.#columns.map((it) =>
        it instanceof Float64Array ? it[row]! : it.words[it.codes[row]!]!
      ),
    }) - 1;
    node.set(value, number);
    return number;
  }
}
