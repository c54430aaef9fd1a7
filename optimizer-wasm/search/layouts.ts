/** The parallel layouts that are searched (`aic-engine.md` §11.2). @module */

import type { Layout } from "../estimate_case.ts";
import { gpusOf } from "../model/layout.ts";
import type { WorkerSide } from "./question.ts";

/** What the list depends on. */
export interface LayoutContext {
  readonly isMoe: boolean;
  readonly backend: string;
  /** Name of the system: racks of 72 GPUs also take 16 ranks of a dense model. */
  readonly system: string;
  /** The family knows context parallelism; sglang alone runs it. */
  readonly totalGpus: number;
}

const DENSE_RANKS = [1, 2, 4, 8];
const WIDE_RANKS = [...DENSE_RANKS, 16];
const CONTEXT_RANKS = [1, 2, 4, 8];
/** Expert parallelism across nodes, tried where all-to-all tables may cover it (`aic-engine.md` §5.10). */
const LARGE_EXPERT_RANKS = [32, 64];

/** Layouts of one side, in AIC's order; a model may still refuse some. */
export function layoutsOf(side: WorkerSide, context: LayoutContext): Layout[] {
  const contextRanks = context.backend === "sglang" && side !== "decode"
    ? CONTEXT_RANKS
    : [1];
  const all = context.isMoe
    ? moeLayouts(context, contextRanks)
    : denseLayouts(context, contextRanks);
  return all.filter((layout) => gpusOf(layout) <= context.totalGpus);
}

function denseLayouts(
  { system }: LayoutContext,
  contextRanks: readonly number[],
): Layout[] {
  const ranks = /^gb[23]00/.test(system) ? WIDE_RANKS : DENSE_RANKS;
  return ranks.flatMap((tp) =>
    contextRanks
      .filter((cp) => ranks.includes(tp * cp) && (cp === 1 || tp === 1))
      .map((cp) => ({ tp, pp: 1, dp: 1, moeTp: 1, moeEp: 1, cp }))
  );
}

function moeLayouts(
  { backend }: LayoutContext,
  contextRanks: readonly number[],
): Layout[] {
  const layouts: Layout[] = [];
  for (const tp of WIDE_RANKS) {
    for (const dp of WIDE_RANKS) {
      for (const moeTp of WIDE_RANKS) {
        for (const moeEp of WIDE_RANKS) {
          for (const cp of contextRanks) {
            const gpus = tp * dp * cp;
            if (!WIDE_RANKS.includes(gpus) || gpus !== moeTp * moeEp) continue;
            if (backend === "trtllm" && dp > 1 && tp > 1) continue;
            if (backend === "vllm" && moeTp > 1 && moeEp > 1) continue;
            if (cp > 1 && (tp > 1 || dp > 1)) continue;
            layouts.push({ tp, pp: 1, dp, moeTp, moeEp, cp });
          }
        }
      }
    }
  }
  for (const moeEp of backend === "vllm" ? LARGE_EXPERT_RANKS : []) {
    for (const tp of WIDE_RANKS) {
      layouts.push({ tp, pp: 1, dp: moeEp / tp, moeTp: 1, moeEp, cp: 1 });
    }
  }
  return layouts;
}
