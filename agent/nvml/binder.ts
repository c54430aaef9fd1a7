/** The thin line between the agent and a foreign library: two binders stand behind it, with one suite for both. @module */

import type { NvmlSymbolName } from "./symbols.ts";

/** A `u32`, a device handle, or a buffer that the library reads or writes. */
export type NvmlArgument = number | bigint | Uint8Array<ArrayBuffer>;

/** A loaded library. */
export interface BoundLibrary {
  readonly path: string;
  /** Whether the library has the symbol. */
  has(name: NvmlSymbolName): boolean;
  /**
   * Calls on a thread of its own, so that a call that hangs holds up nothing else. Arguments are as the symbol table
   * says; buffers must not be touched before the promise settles.
   *
   * @returns the `nvmlReturn_t`
   */
  call(
    name: NvmlSymbolName,
    ...args: readonly NvmlArgument[]
  ): Promise<number>;
  /** Unloads. Only when no call is outstanding. */
  close(): void;
}

/** Loads a library by absolute path. */
export interface NvmlBinder {
  readonly name: "dlopen" | "koffi";
  /** @throws {Error} when the file is not there, not permitted, or no library for this machine */
  open(path: string): Promise<BoundLibrary>;
}
