/** Puts blocks and their directory together into the bytes of a pack. @module */

import type { Block } from "./block.ts";
import { padTo8 } from "./block_views.ts";
import { sha256 } from "./checksum.ts";
import {
  PACK_FORMAT_VERSION,
  PACK_HEADER_BYTES,
  PACK_MAGIC,
  type PackDirectory,
  type PackSlice,
  type PackTable,
} from "./format.ts";

/** Everything of a directory that does not follow from the blocks. */
export type PackHead = Omit<PackDirectory, "formatVersion" | "slices">;

/** Collects blocks in the order of their slices and lays out the pack. */
export class PackWriter {
  readonly #slices: PackSlice[] = [];
  readonly #blocks: Uint8Array[] = [];
  #payloadBytes = 0;

  /** Appends a slice. @param key as the table's key is defined in `format.ts` */
  add(table: PackTable, key: readonly (string | number)[], block: Block): void {
    const { bytes, leaves, primaryLeaves, poweredLeaves } = block;
    this.#slices.push({
      table,
      key,
      offset: this.#payloadBytes,
      leaves,
      primaryLeaves,
      poweredLeaves,
    });
    this.#blocks.push(bytes);
    this.#payloadBytes += padTo8(bytes.length);
  }

  /** The whole file. The directory's length counts its padding, so that the checksum covers one unbroken range. */
  async finish(head: PackHead): Promise<Uint8Array> {
    const directory: PackDirectory = {
      formatVersion: PACK_FORMAT_VERSION,
      ...head,
      slices: this.#slices,
    };
    const json = new TextEncoder().encode(JSON.stringify(directory));
    const directoryBytes = padTo8(json.length);
    const payloadStart = PACK_HEADER_BYTES + directoryBytes;
    const pack = new Uint8Array(payloadStart + this.#payloadBytes);
    pack.set(new TextEncoder().encode(PACK_MAGIC), 0);
    new Uint32Array(pack.buffer, 8, 3).set([
      PACK_FORMAT_VERSION,
      directoryBytes,
      this.#payloadBytes,
    ]);
    pack.fill(0x20, PACK_HEADER_BYTES, payloadStart);
    pack.set(json, PACK_HEADER_BYTES);
    this.#slices.forEach((slice, index) =>
      pack.set(this.#blocks[index]!, payloadStart + slice.offset)
    );
    pack.set(await sha256(pack.subarray(PACK_HEADER_BYTES)), 24);
    return pack;
  }
}
