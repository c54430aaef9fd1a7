/**
 * The C library through FFI: the few calls that neither Deno nor Node has, or that Deno has only for those who may read
 * everything. Addresses travel as numbers: pointer objects would need unscoped `--allow-ffi`.
 *
 * @module
 */

const SYMBOLS = {
  getsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "buffer"],
    result: "i32",
  },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  execvp: { parameters: ["buffer", "buffer"], result: "i32" },
  signal: { parameters: ["i32", "usize"], result: "usize" },
  access: { parameters: ["buffer", "i32"], result: "i32" },
  strdup: { parameters: ["buffer"], result: "usize" },
  memcpy: { parameters: ["buffer", "usize", "usize"], result: "usize" },
  __errno_location: { parameters: [], result: "usize" },
  getauxval: { parameters: ["usize"], result: "usize" },
  madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
  malloc_trim: { parameters: ["usize"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The calls, typed. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** Where it is, for processes that may open only what they name; others let the loader find it. */
export const LIBC_CANDIDATES: readonly string[] = [
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/lib/aarch64-linux-gnu/libc.so.6",
  "/lib64/libc.so.6",
  "/usr/lib64/libc.so.6",
  "/usr/lib/libc.so.6",
];

let opened: Libc | undefined;

/**
 * Opens the C library, once for the process.
 *
 * @throws {Error} naming every place that was tried
 */
export function libc(): Libc {
  if (opened) return opened;
  const faults: string[] = [];
  for (const path of ["libc.so.6", ...LIBC_CANDIDATES]) {
    try {
      opened = Deno.dlopen(path, SYMBOLS).symbols;
      return opened;
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(
    `The C library cannot be opened: ${faults.join("; ").slice(0, 500)}`,
  );
}
