/**
 * Gives memory back that only the start needed: most of what a process of this runtime holds is code that it ran once,
 * and heap that it has freed (decision 0300).
 *
 * @module
 */

import type { AgentLog } from "./agent.ts";
import {
  hasTextRelocations,
  type MemoryRange,
  PROGRAM_HEADER_BYTES,
  readProgramHeaders,
} from "./elf.ts";
import { libc } from "./libc.ts";
import type { Clock } from "./ports.ts";

/** By then the start is over: the API server and the kubelet have answered, caps stand, milliseconds. */
export const START_OVER_MS = 5_000;
/** What seldom runs comes and goes: given back again this often, milliseconds. */
export const AGAIN_MS = 3_600_000;

/**
 * Gives memory back at once, when the start is over, and every hour. Where this process may not, it says so once and
 * keeps it.
 *
 * @param release does it once
 */
export async function keepResidentMemoryLow(
  { clock, log, release = releaseResidentMemory }: {
    readonly clock: Clock;
    readonly log: Pick<AgentLog, "info">;
    readonly release?: () => void;
  },
  signal: AbortSignal,
): Promise<void> {
  for (let waitMs = START_OVER_MS; !signal.aborted; waitMs = AGAIN_MS) {
    try {
      release();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.info(`The memory that only the start needed is kept: ${reason}`);
      return;
    }
    await clock.sleep(waitMs, signal);
  }
}

/** `MADV_DONTNEED`. */
const NOT_NEEDED = 4;

/**
 * Returns free pages of the C library's heap to the kernel, and takes the program's own unchanged pages out of this
 * process: what is needed of them comes back from the page cache at the next touch.
 *
 * @throws {Error} when the C library cannot be opened
 */
export function releaseResidentMemory(): void {
  const { madvise, malloc_trim } = libc();
  malloc_trim(0n);
  for (const { address, bytes } of programPages()) {
    madvise(address, bytes, NOT_NEEDED);
  }
}

/** Entries of the auxiliary vector (`getauxval`). */
const AT_PHDR = 3n;
const AT_PHENT = 4n;
const AT_PHNUM = 5n;
const AT_PAGESZ = 6n;

/**
 * The parts of the running program's file that are mapped read-only, code and constants, in whole pages. Nothing is
 * lost when their pages go: none has been changed.
 *
 * @returns nothing where the kernel does not say, or where the loader has changed code
 */
export function programPages(): MemoryRange[] {
  const { getauxval } = libc();
  const headersAt = getauxval(AT_PHDR);
  const page = getauxval(AT_PAGESZ);
  if (
    headersAt === 0n || page === 0n ||
    getauxval(AT_PHENT) !== BigInt(PROGRAM_HEADER_BYTES)
  ) return [];
  const bytes = getauxval(AT_PHNUM) * BigInt(PROGRAM_HEADER_BYTES);
  const program = readProgramHeaders(memoryAt(headersAt, bytes), headersAt);
  if (program === undefined) return [];
  const { dynamic } = program;
  if (
    dynamic && hasTextRelocations(memoryAt(dynamic.address, dynamic.bytes))
  ) return [];
  return program.readOnly.map((range) => wholePages(range, page));
}

/** A copy of this process's own memory. */
function memoryAt(address: bigint, bytes: bigint): Uint8Array {
  const copy = new Uint8Array(Number(bytes));
  libc().memcpy(copy, address, bytes);
  return copy;
}

/** The pages that lie in a range with all they hold: those at its ends may be shared with what is written to. */
function wholePages({ address, bytes }: MemoryRange, page: bigint) {
  const begin = (address + page - 1n) / page * page;
  const end = (address + bytes) / page * page;
  return { address: begin, bytes: end > begin ? end - begin : 0n };
}
