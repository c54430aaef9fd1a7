/** What of a program's memory is its file, unchanged. @module */

import assert from "node:assert/strict";
import {
  hasTextRelocations,
  PROGRAM_HEADER_BYTES,
  readProgramHeaders,
} from "../../../agent/elf.ts";

const HEADERS_AT = 0x5500_0000_0040n;
/** `p_type`, `p_flags`, `p_vaddr`, `p_memsz`. */
type Header = readonly [number, number, bigint, bigint];
const OWN: Header = [6, 4, 0x40n, 0x230n];
const CONSTANTS: Header = [1, 4, 0x0n, 0x1b8dec6n];
const CODE: Header = [1, 5, 0x1e04000n, 0x3cf3b70n];
const DATA: Header = [1, 6, 0x5af8b70n, 0x271490n];
const DYNAMIC: Header = [2, 6, 0x5d68310n, 0x210n];

function headers(...all: readonly Header[]): Uint8Array {
  const bytes = new Uint8Array(all.length * PROGRAM_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  all.forEach(([type, flags, address, size], i) => {
    view.setUint32(i * PROGRAM_HEADER_BYTES, type, true);
    view.setUint32(i * PROGRAM_HEADER_BYTES + 4, flags, true);
    view.setBigUint64(i * PROGRAM_HEADER_BYTES + 16, address, true);
    view.setBigUint64(i * PROGRAM_HEADER_BYTES + 40, size, true);
  });
  return bytes;
}

Deno.test("code and constants lie where the loader put them; what is written to is left out", () => {
  const bytes = headers(OWN, CONSTANTS, CODE, DATA, DYNAMIC);
  assert.deepEqual(readProgramHeaders(bytes, HEADERS_AT), {
    readOnly: [
      { address: 0x5500_0000_0000n, bytes: 0x1b8dec6n },
      { address: 0x5500_01e0_4000n, bytes: 0x3cf3b70n },
    ],
    dynamic: { address: 0x5500_05d6_8310n, bytes: 0x210n },
  });
});

Deno.test("headers that do not say where they belong give nothing", () => {
  const bytes = headers(CONSTANTS, CODE);
  assert.equal(readProgramHeaders(bytes, HEADERS_AT), undefined);
});

function dynamic(...entries: readonly (readonly [bigint, bigint])[]) {
  return new Uint8Array(new BigUint64Array(entries.flat()).buffer);
}

Deno.test("a loader that wrote into code is found by either mark, and not behind the end", () => {
  const needed = [1n, 77n] as const;
  const end = [0n, 0n] as const;
  assert.equal(hasTextRelocations(dynamic(needed, end)), false);
  assert.equal(hasTextRelocations(dynamic(needed, [22n, 0n], end)), true);
  assert.equal(hasTextRelocations(dynamic([30n, 4n], end)), true);
  assert.equal(hasTextRelocations(dynamic([30n, 8n], end)), false);
  assert.equal(hasTextRelocations(dynamic(end, [22n, 0n])), false);
});
