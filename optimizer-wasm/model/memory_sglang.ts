/** Memory fraction that sglang derives for static and disaggregated workers (`aic-engine.md` §8). @module */

import type { Layout } from "../estimate_case.ts";

const MIB = 1024 * 1024;

/** Prefill chunk and CUDA-graph batch by memory size, both in tokens. */
function tierOf(gib: number, tp: number): { chunk: number; graph: number } {
  if (gib < 20) return { chunk: 2048, graph: 8 };
  if (gib < 35) return { chunk: 2048, graph: tp < 4 ? 24 : 80 };
  if (gib < 60) return { chunk: 4096, graph: tp < 4 ? 32 : 160 };
  if (gib < 160) return { chunk: 8192, graph: tp < 4 ? 256 : 512 };
  return { chunk: 16384, graph: 512 };
}

/** @param capacityBytes memory of one GPU */
export function sglangFraction(
  capacityBytes: number,
  { tp, pp, dp }: Layout,
): number {
  const capacity = capacityBytes / MIB;
  const { chunk, graph } = tierOf(capacity / 1024, tp);
  let reserved = 512 + 1.5 * chunk + tp * pp / 8 * 1024 + 2 * graph;
  if (dp > 1) {
    reserved += 3 * graph * dp + (graph > 300 ? 1.5 * graph * dp : 0);
  }
  if (capacity > 60 * 1024) reserved = Math.max(reserved, 10240);
  return Math.round((capacity - reserved) / capacity * 1000) / 1000;
}
