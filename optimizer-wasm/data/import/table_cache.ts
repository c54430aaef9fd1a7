/** Files that several identities read are decoded once, within a bound of memory. @module */

import { type LoadedTable, sizeOf } from "./load_table.ts";

/** Room for all files of one system in the released package, with some to spare. */
const DEFAULT_LIMIT_BYTES = 320 * 2 ** 20;

/** Least recently used tables go first. */
export class TableCache {
  readonly #limitBytes: number;
  readonly #tables = new Map<string, LoadedTable>();
  #bytes = 0;

  constructor(limitBytes = DEFAULT_LIMIT_BYTES) {
    this.#limitBytes = limitBytes;
  }

  /** The table under `key`, loaded when it is not there. */
  async get(
    key: string,
    load: () => Promise<LoadedTable>,
  ): Promise<LoadedTable> {
    let table = this.#tables.get(key);
    if (table === undefined) {
      table = await load();
      this.#bytes += sizeOf(table);
    }
    // Deleting first moves the key to the end of the map's order.
    this.#tables.delete(key);
    this.#tables.set(key, table);
    this.#evict();
    return table;
  }

  #evict(): void {
    for (const [key, table] of this.#tables) {
      if (this.#bytes <= this.#limitBytes || this.#tables.size === 1) return;
      this.#tables.delete(key);
      this.#bytes -= sizeOf(table);
    }
  }
}
