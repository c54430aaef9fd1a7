/** Memory-bound operators without tables (`aic-engine.md` §5.1, §5.8). @module */

import type { Bench } from "./bench.ts";
import { memorySol } from "./speed_of_light.ts";

/** Moving some bytes, ms. */
export function memoryOp({ system, mode }: Bench, bytes: number): number {
  if (mode === "SOL") return memorySol(system, bytes);
  const bandwidth = system.memoryBandwidthBytesPerSecond *
    system.memoryBandwidthScale;
  return (bytes / bandwidth + system.memoryConstantSeconds) * 1000;
}

/** Passing activations of width h to the next pipeline stage, ms. */
export function pipelineHop(
  { system, mode }: Bench,
  h: number,
  pp: number,
  tokens: number,
): number {
  if (pp <= 1) return 0;
  const latency = mode === "SOL" ? 0 : system.p2pLatencySeconds;
  return (tokens * h * 2 / system.interNodeBytesPerSecond + latency) * 1000;
}
