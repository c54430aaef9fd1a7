/** What a 64-bit ELF program says about itself (`elf.h`), as far as its memory goes. Pure. @module */

/** A range of a process's memory. */
export interface MemoryRange {
  readonly address: bigint;
  readonly bytes: bigint;
}

/** A loaded program. */
export interface LoadedProgram {
  /** Loaded segments that are not written to. */
  readonly readOnly: readonly MemoryRange[];
  /** What the loader worked by. */
  readonly dynamic: MemoryRange | undefined;
}

/** Bytes of one program header. */
export const PROGRAM_HEADER_BYTES = 56;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_PHDR = 6;
const PF_W = 2;

/**
 * Reads the headers of a program that has been loaded.
 *
 * @param headers one after another
 * @param headersAt address at which they are in memory
 * @returns undefined when they do not say where they belong
 */
export function readProgramHeaders(
  headers: Uint8Array,
  headersAt: bigint,
): LoadedProgram | undefined {
  const view = viewOf(headers);
  const segments = Array.from(
    { length: Math.floor(headers.length / PROGRAM_HEADER_BYTES) },
    (_, i) => {
      const at = i * PROGRAM_HEADER_BYTES;
      return {
        type: view.getUint32(at, true),
        flags: view.getUint32(at + 4, true),
        address: view.getBigUint64(at + 16, true),
        bytes: view.getBigUint64(at + 40, true),
      };
    },
  );
  const own = segments.find(({ type }) => type === PT_PHDR);
  if (own === undefined) return undefined;
  // The loader puts the whole program at an address of its choice.
  const base = headersAt - own.address;
  const loaded = ({ address, bytes }: MemoryRange): MemoryRange => ({
    address: base + address,
    bytes,
  });
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  return {
    readOnly: segments.filter(({ type, flags }) =>
      type === PT_LOAD && (flags & PF_W) === 0
    ).map(loaded),
    dynamic: dynamic && loaded(dynamic),
  };
}

const DT_NULL = 0n;
const DT_TEXTREL = 22n;
const DT_FLAGS = 30n;
const DF_TEXTREL = 4n;

/** Whether the loader had to write into code: such pages are not those of the file. @param dynamic tags and values */
export function hasTextRelocations(dynamic: Uint8Array): boolean {
  const view = viewOf(dynamic);
  for (let at = 0; at + 16 <= dynamic.length; at += 16) {
    const tag = view.getBigUint64(at, true);
    if (tag === DT_NULL) return false;
    if (tag === DT_TEXTREL) return true;
    const value = view.getBigUint64(at + 8, true);
    if (tag === DT_FLAGS && (value & DF_TEXTREL) !== 0n) return true;
  }
  return false;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
