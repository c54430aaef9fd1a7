/** Opens the node's NVML: finds the library, chooses the binder, says what was tried. @module */

import type { Clock, Nvml, NvmlResult } from "../ports.ts";
import type { NvmlBinder } from "./binder.ts";
import { NVML_LIBRARY_CANDIDATES } from "./candidates.ts";
import { dlopenBinder } from "./dlopen_binder.ts";
import { openNativeNvml } from "./native.ts";
import { simulatedGpu, SimulatedNvml } from "./simulated.ts";

/** `--nvml`. */
export const NVML_CHOICES = ["dlopen", "koffi", "simulated"] as const;
export type NvmlChoice = typeof NVML_CHOICES[number];

/** What {@linkcode openNvml} needs to know. */
export interface OpenNvmlOptions {
  readonly choice: NvmlChoice;
  /** `--nvml-library`: this file and no other. */
  readonly library: string | undefined;
  readonly clock: Clock;
  /** Whether a file exists; injected so that tests need no `/usr/lib`. */
  readonly exists: (path: string) => boolean;
}

/** What came of opening: the port, or the reason with every path that was tried. */
export type NvmlOpening =
  | { readonly ok: true; readonly nvml: Nvml }
  | {
    readonly ok: false;
    readonly reason: string;
    readonly tried: readonly string[];
  };

/** GPUs of `--nvml simulated`. */
const SIMULATED_GPUS = 8;

/** Opens NVML, holding the first library that begins a session. */
export async function openNvml(options: OpenNvmlOptions): Promise<NvmlOpening> {
  if (options.choice === "simulated") {
    const gpus = Array.from(
      { length: SIMULATED_GPUS },
      (_, index) => simulatedGpu(index),
    );
    return { ok: true, nvml: new SimulatedNvml(gpus) };
  }
  const tried = options.library
    ? [options.library]
    : [...NVML_LIBRARY_CANDIDATES];
  const there = tried.filter((path) => options.exists(path));
  if (there.length === 0) {
    return { ok: false, reason: "No libnvidia-ml.so.1 was found.", tried };
  }
  const binder = await loadBinder(options.choice);
  if (binder === undefined) {
    return {
      ok: false,
      reason:
        "The koffi binder is not part of this binary: run the sources, `deno run -A main.ts agent --nvml koffi`.",
      tried,
    };
  }
  let reason = "";
  for (const path of there) {
    const opened: NvmlResult<Nvml> = await openNativeNvml({
      binder,
      path,
      clock: options.clock,
    });
    if (opened.ok) return { ok: true, nvml: opened.value };
    const { name, call } = opened.error;
    reason ||= `${path}: ${call} answered ${name}.`;
  }
  return { ok: false, reason, tried };
}

/** The specifier is not a literal, so that a compiled agent holds no koffi. @returns undefined when there is none */
async function loadBinder(
  choice: "dlopen" | "koffi",
): Promise<NvmlBinder | undefined> {
  if (choice === "dlopen") return dlopenBinder;
  const specifier = new URL("./koffi_binder.ts", import.meta.url).href;
  try {
    const { koffiBinder }: { koffiBinder: NvmlBinder } = await import(
      specifier
    );
    return koffiBinder;
  } catch {
    return undefined;
  }
}
