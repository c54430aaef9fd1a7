/** What a layer of experts says to its neighbours (`aic-engine.md` §5.10); latency only. @module */

import type { Bench } from "./bench.ts";
import { customAllReduce, nccl } from "./collectives.ts";

/** Dispatch before (pre) or after (post) the experts. */
export interface DispatchOp {
  readonly stage: "pre" | "post";
  readonly phase: "context" | "generation";
  readonly h: number;
  readonly moeTp: number;
  readonly moeEp: number;
  readonly dp: number;
  /** 1 where the operator ignores context parallelism (§6.6). */
  readonly cp: number;
  readonly quant: string;
}

/** Bytes of the payload relative to half precision, trtllm on Blackwell. */
function payload(quant: string): number {
  if (quant === "nvfp4") return 0.25 + 0.03125;
  return quant === "fp8" || quant === "fp8_block" ? 0.5 : 1;
}

/** ms of one dispatch of x tokens. */
export function dispatch(bench: Bench, op: DispatchOp, x: number): number {
  const { stage, phase, h, dp, cp } = op;
  const G = op.moeTp * op.moeEp;
  const A = Math.max(Math.floor(G / dp), 1);
  const isPre = stage === "pre";
  const reduce = (k: number) => customAllReduce(bench, k, x * h).ms;
  const gather = (k: number, tokens: number, scale = 1) =>
    nccl(bench, "all_gather", k, tokens * h * scale).ms;
  const scatter = (k: number, tokens: number) =>
    nccl(bench, "reduce_scatter", k, tokens * h).ms;
  const gatherOrScatter = (k: number, tokens: number) =>
    isPre ? gather(k, tokens) : scatter(k, tokens);
  switch (bench.backend) {
    case "vllm":
      return (A > 1 ? reduce(G) : 0) +
        (dp > 1 ? gatherOrScatter(G, x * dp) : 0);
    case "sglang":
      if (A > 1 && dp > 1) {
        return isPre
          ? scatter(A, x) + gather(G, x * dp)
          : scatter(G, x * dp) + gather(A, x);
      }
      if (cp > 1) {
        if (phase === "context") return gatherOrScatter(G, x);
        return isPre ? 0 : reduce(G);
      }
      break;
    default:
      if (bench.system.smVersion === 100 && dp > 1) {
        return isPre
          ? gather(G, x * dp, payload(op.quant))
          : scatter(G, x * dp);
      }
  }
  if (A > 1) return reduce(G);
  return dp > 1 ? gatherOrScatter(G, x * dp) : 0;
}
