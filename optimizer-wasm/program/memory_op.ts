/** Time of operators that only move memory (`aic-engine.md` §5.1). @module */

import type { SystemSpec } from "../data/system_spec.ts";

/** Milliseconds a byte and a call, and a byte at the speed of light. */
export function memoryOpMs(
  system: SystemSpec,
): { perByte: number; constant: number; solPerByte: number } {
  const bandwidth = system.memoryBandwidthBytesPerSecond;
  return {
    perByte: 1000 / (bandwidth * system.memoryBandwidthScale),
    constant: system.memoryConstantSeconds * 1000,
    solPerByte: 1000 / bandwidth,
  };
}
