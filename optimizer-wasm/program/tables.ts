/** The slices of one pack by exact key, opened in the module's memory on first use. @module */

import type {
  PackDirectory,
  PackSlice,
  PackTable,
} from "../data/pack/format.ts";
import type { Address, WasmExports } from "./wasm_exports.ts";

/** One key part. */
type KeyPart = string | number;

/** Look-up over a pack's directory. */
export class Tables {
  readonly directory: PackDirectory;
  readonly #wasm: WasmExports;
  readonly #place: (slice: PackSlice) => Address;
  readonly #byKey = new Map<string, PackSlice>();
  readonly #byTable = new Map<PackTable, PackSlice[]>();
  readonly #opened = new Map<number, Address>();

  readonly #used = new Set<PackSlice>();

  /** @param place where the block of a slice lies in the module's memory; asked once a slice */
  constructor(
    directory: PackDirectory,
    wasm: WasmExports,
    place: (slice: PackSlice) => Address,
  ) {
    this.directory = directory;
    this.#wasm = wasm;
    this.#place = place;
    for (const slice of directory.slices) {
      this.#byKey.set(keyOf(slice.table, slice.key), slice);
      const list = this.#byTable.get(slice.table);
      if (list === undefined) this.#byTable.set(slice.table, [slice]);
      else list.push(slice);
    }
  }

  /** Slices of a table in order of first appearance. */
  of(table: PackTable): readonly PackSlice[] {
    return this.#byTable.get(table) ?? [];
  }

  /** The slice of an exact key. */
  find(table: PackTable, ...key: KeyPart[]): PackSlice | undefined {
    return this.#byKey.get(keyOf(table, key));
  }

  /** Opens a grid or curve block; 0 for no slice. */
  grid(slice: PackSlice | undefined): Address {
    return this.#open(slice, this.#wasm.openGrid);
  }

  /** Opens a sites block; 0 for no slice. */
  sites(slice: PackSlice | undefined): Address {
    return this.#open(slice, this.#wasm.openSites);
  }

  /** Slices opened or opened again since the last call. */
  takeUsed(): readonly PackSlice[] {
    const used = [...this.#used];
    this.#used.clear();
    return used;
  }

  #open(
    slice: PackSlice | undefined,
    open: (block: Address) => Address,
  ): Address {
    if (slice === undefined) return 0;
    this.#used.add(slice);
    let opened = this.#opened.get(slice.offset);
    if (opened === undefined) {
      opened = open(this.#place(slice));
      this.#opened.set(slice.offset, opened);
    }
    return opened;
  }
}

function keyOf(table: PackTable, key: readonly KeyPart[]): string {
  return `${table}|${key.join("|")}`;
}
