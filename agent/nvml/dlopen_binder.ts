/** NVML through `Deno.dlopen`: the default. Permission: `--allow-ffi=<path of the library>`, nothing wider. @module */

import type { BoundLibrary, NvmlArgument, NvmlBinder } from "./binder.ts";
import {
  NVML_SYMBOL_NAMES,
  NVML_SYMBOLS,
  type NvmlParameter,
  type NvmlSymbolName,
} from "./symbols.ts";

/** Handles travel as numbers and outputs as buffers: pointers as objects would need unscoped `--allow-ffi`. */
const NATIVE: Readonly<
  Record<NvmlParameter, "u32" | "usize" | "buffer">
> = { u32: "u32", handle: "usize", out: "buffer", text: "buffer" };

function declarations(
  names: readonly NvmlSymbolName[],
  nonblocking: boolean,
): Record<string, Deno.ForeignFunction> {
  return Object.fromEntries(
    names.map((name) => [name, {
      parameters: NVML_SYMBOLS[name].takes.map((kind) => NATIVE[kind]),
      result: "i32",
      nonblocking,
      optional: true,
    }]),
  );
}

/** Only blocking declarations say which symbols are missing; nonblocking ones fail at the call. */
function presentSymbols(path: string): NvmlSymbolName[] {
  const probe = Deno.dlopen(path, declarations(NVML_SYMBOL_NAMES, false));
  const symbols: Readonly<Record<string, unknown>> = probe.symbols;
  const present = NVML_SYMBOL_NAMES.filter((name) => symbols[name] !== null);
  probe.close();
  return present;
}

type NativeCall = (
  ...args: readonly NvmlArgument[]
) => Promise<number>;

/** Binds with `Deno.dlopen`. */
export const dlopenBinder: NvmlBinder = {
  name: "dlopen",
  open(path) {
    return new Promise<BoundLibrary>((resolve) => resolve(bind(path)));
  },
};

function bind(path: string): BoundLibrary {
  const present = presentSymbols(path);
  const library = Deno.dlopen(path, declarations(present, true));
  const calls = library.symbols as unknown as Readonly<
    Partial<Record<NvmlSymbolName, NativeCall>>
  >;
  return {
    path,
    has: (name) => calls[name] !== undefined,
    call: (name, ...args) => {
      const call = calls[name];
      if (!call) {
        return Promise.reject(new Error(`The library has no "${name}".`));
      }
      return call(...args);
    },
    close: () => library.close(),
  };
}
