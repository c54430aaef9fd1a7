/** Opens the bytes of a pack: header, checksum, directory; the payload is a view, ready to be copied into WebAssembly memory. @module */

import { WattkeeperError } from "../../../service/portable.ts";
import { sha256 } from "./checksum.ts";
import {
  PACK_FORMAT_VERSION,
  PACK_HEADER_BYTES,
  PACK_MAGIC,
  type PackDirectory,
} from "./format.ts";

/** A pack that passed its checksum. */
export interface Pack {
  readonly directory: PackDirectory;
  /** The blocks; starts at a multiple of 8 of its buffer when the pack's bytes do. */
  readonly payload: Uint8Array;
}

/**
 * Checks and opens a pack.
 *
 * @param bytes the whole file
 * @param where the file's name, for errors
 * @throws {WattkeeperError} `corrupt_pack` when length, version or checksum are wrong
 */
export async function parsePack(
  bytes: Uint8Array,
  where: string,
): Promise<Pack> {
  if (
    bytes.length < PACK_HEADER_BYTES ||
    new TextDecoder().decode(bytes.subarray(0, 8)) !== PACK_MAGIC
  ) {
    throw corrupt(where, "it does not begin like a pack");
  }
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = header.getUint32(8, true);
  if (version !== PACK_FORMAT_VERSION) {
    throw corrupt(
      where,
      `its format version is ${version}, this program reads ${PACK_FORMAT_VERSION}`,
    );
  }
  const payloadStart = PACK_HEADER_BYTES + header.getUint32(12, true);
  const expectedBytes = payloadStart + header.getUint32(16, true);
  if (expectedBytes !== bytes.length || payloadStart % 8 !== 0) {
    throw corrupt(
      where,
      `it has ${bytes.length} bytes, its header says ${expectedBytes}`,
    );
  }
  const actual = await sha256(bytes.subarray(PACK_HEADER_BYTES));
  if (actual.some((byte, index) => byte !== bytes[24 + index])) {
    throw corrupt(where, "its SHA-256 does not match its content");
  }
  const directory: PackDirectory = JSON.parse(
    new TextDecoder().decode(bytes.subarray(PACK_HEADER_BYTES, payloadStart)),
  );
  return { directory, payload: bytes.subarray(payloadStart) };
}

/** Rows with measured power of a pack just written; undefined for bytes that are no pack. */
export function poweredLeavesOf(bytes: Uint8Array): number | undefined {
  const magic = new TextDecoder().decode(bytes.subarray(0, 8));
  if (magic !== PACK_MAGIC) return undefined;
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = PACK_HEADER_BYTES + header.getUint32(12, true);
  const { slices }: PackDirectory = JSON.parse(
    new TextDecoder().decode(bytes.subarray(PACK_HEADER_BYTES, end)),
  );
  return slices.reduce((sum, slice) => sum + slice.poweredLeaves, 0);
}

function corrupt(where: string, found: string): WattkeeperError {
  return new WattkeeperError(
    "corrupt_pack",
    `The pack "${where}" cannot be used: ${found}.`,
    { where, remedy: "Run `data import` again with --force." },
  );
}
