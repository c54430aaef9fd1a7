/**
 * NVML through koffi: the second binder, for machines where `Deno.dlopen` does not fit. Loaded only with
 * `--nvml koffi`, and never part of the compiled agent: koffi loads any library, so scoped FFI means nothing with it.
 *
 * @module
 */

import type { BoundLibrary, NvmlBinder } from "./binder.ts";
import {
  NVML_SYMBOL_NAMES,
  NVML_SYMBOLS,
  type NvmlParameter,
  type NvmlSymbolName,
} from "./symbols.ts";

const NATIVE: Readonly<Record<NvmlParameter, string>> = {
  u32: "uint32_t",
  handle: "uintptr_t",
  out: "void *",
  text: "void *",
};

interface KoffiFunction {
  async(...args: readonly unknown[]): void;
}

interface Koffi {
  load(path: string, options: { lazy: boolean }): {
    func(name: string, result: string, takes: string[]): KoffiFunction;
    unload(): void;
  };
}

/** Binds with koffi. */
export const koffiBinder: NvmlBinder = {
  name: "koffi",
  async open(path) {
    const { default: koffi } = await import("koffi");
    return bind(koffi as unknown as Koffi, path);
  },
};

function bind(koffi: Koffi, path: string): BoundLibrary {
  // Symbols are resolved when they are called, as `Deno.dlopen` does: a library may lack what nobody here calls.
  const library = koffi.load(path, { lazy: true });
  const calls = new Map<NvmlSymbolName, KoffiFunction>();
  for (const name of NVML_SYMBOL_NAMES) {
    try {
      const takes = NVML_SYMBOLS[name].takes.map((kind) => NATIVE[kind]);
      calls.set(name, library.func(name, "int", takes));
    } catch {
      // Not in this library: `has` says so, and the facade decides what that means.
    }
  }
  return {
    path,
    has: (name) => calls.has(name),
    call: (name, ...args) =>
      new Promise((resolve, reject) => {
        const call = calls.get(name);
        if (!call) return reject(new Error(`The library has no "${name}".`));
        call.async(...args, (error: Error | null, code: number) => {
          if (error) reject(error);
          else resolve(code);
        });
      }),
    close: () => library.unload(),
  };
}
