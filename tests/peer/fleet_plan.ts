/** A fleet whoever proposed it, and what the peer's engine says it does (`aic-engine.md` §7.4, §7.5, §8). @module */

import type { Layout } from "../../optimizer-wasm/mod.ts";
import type { FleetCandidate } from "../../optimizer-wasm/search/mod.ts";
import type { Peer, PeerEngine } from "./peer.ts";
import type { SearchQuestion } from "./search_questions.ts";

/** One kind of worker. */
export interface PlannedSide {
  readonly replicas: number;
  readonly batchSize: number;
  readonly layout: Layout;
  readonly contextTokens?: number | undefined;
}

/** A fleet. */
export type FleetPlan =
  | {
    readonly mode: "disagg";
    readonly prefill: PlannedSide;
    readonly decode: PlannedSide;
  }
  | { readonly mode: "agg"; readonly workers: PlannedSide };

/** What the peer's engine says of a fleet. */
export interface JudgedFleet {
  readonly tokensPerSecond: number;
  readonly ttftMs: number;
  readonly itlMs: number;
  readonly gpus: number;
  readonly fits: boolean;
}

/** AIC's corrections of separate workers. */
const PREFILL_LATENCY = 1.1;
const DECODE_LATENCY = 1.08;
const TTFT_QUEUEING = 1.8;
const PREFILL_RATE = 0.9;
const DECODE_RATE = 0.92;

/** Our answer as a plan. */
export function planOf(fleet: FleetCandidate): FleetPlan {
  const { prefill, decode, workers } = fleet;
  if (workers) return { mode: "agg", workers };
  if (!prefill || !decode) throw new Error(`No plan for ${fleet.mode}.`);
  return { mode: "disagg", prefill, decode };
}

/** A plan in a few words. */
export function describePlan(plan: FleetPlan): string {
  const side = ({ replicas, batchSize, layout }: PlannedSide) => {
    const { tp, dp, moeTp, moeEp, cp } = layout;
    const ranks = Object.entries({ dp, etp: moeTp, ep: moeEp, cp })
      .filter(([, count]) => count > 1)
      .map(([name, count]) => `${name}${count}`).join("");
    return `${replicas}×tp${tp}${ranks} b${batchSize}`;
  };
  return plan.mode === "agg"
    ? `agg ${side(plan.workers)}`
    : `${side(plan.prefill)} + ${side(plan.decode)}`;
}

/** Has the peer's engine judge a plan. */
export async function judgePlan(
  peer: Peer,
  plan: FleetPlan,
  { question, version }: {
    readonly question: SearchQuestion;
    readonly version: string;
  },
): Promise<JudgedFleet> {
  const { isl, osl } = question;
  const engineOf = (side: PlannedSide, generationOnly = false): PeerEngine => {
    const { tp, pp, dp, moeTp, moeEp, cp } = side.layout;
    return {
      ...{ model: question.model, system: question.system },
      ...{ backend: question.backend, version, mode: "SILICON" },
      layout: { tp, pp, dp, moe_tp: moeTp, moe_ep: moeEp, cp },
      ...(generationOnly ? { generation_only: true } : {}),
    };
  };
  if (plan.mode === "agg") {
    const { workers } = plan;
    const { row, memory } = answerOf(
      await peer.ask(engineOf(workers), {
        ...{ kind: "agg", batch: workers.batchSize, isl, osl },
        ctx: workers.contextTokens ?? isl,
      }),
    );
    return {
      tokensPerSecond: Number(row["tokens/s"]) * workers.replicas,
      ttftMs: Number(row["ttft"]),
      itlMs: Number(row["tpot"]),
      gpus: workers.replicas * gpusOf(workers),
      fits: !memory.oom && !memory.kv_oom,
    };
  }
  const { prefill, decode } = plan;
  const askSide = async (
    side: PlannedSide,
    mode: "static_ctx" | "static_gen",
  ) => {
    const engine = engineOf(side, mode === "static_gen");
    const shape = { batch: side.batchSize, isl, osl };
    const [phases, memory] = await Promise.all([
      peer.ask(engine, { kind: "static", mode, stride: 32, ...shape }),
      peer.ask(engine, { kind: "memory", mode, ...shape }),
    ]);
    const { oom, kv_oom } = answerOf(memory);
    return { ...answerOf(phases), fits: !oom && !kv_oom };
  };
  const [context, generation] = await Promise.all([
    askSide(prefill, "static_ctx"),
    askSide(decode, "static_gen"),
  ]);
  const prefillMs = context.context.ms * PREFILL_LATENCY;
  const decodeMs = generation.generation.ms * DECODE_LATENCY;
  const rate = (side: PlannedSide, ms: number) =>
    side.replicas * side.batchSize * side.layout.dp * side.layout.pp * 1000 /
    ms;
  const requests = Math.min(
    rate(prefill, prefillMs) * PREFILL_RATE,
    rate(decode, decodeMs) * DECODE_RATE,
  );
  return {
    tokensPerSecond: requests * osl,
    ttftMs: prefillMs * TTFT_QUEUEING,
    itlMs: decodeMs / (osl - 1),
    gpus: prefill.replicas * gpusOf(prefill) + decode.replicas * gpusOf(decode),
    fits: context.fits && generation.fits,
  };
}

function gpusOf({ layout: { tp, pp, dp, cp } }: PlannedSide): number {
  return tp * pp * dp * cp;
}

function answerOf<Ok>(
  reply: { readonly ok: Ok } | {
    readonly error: string;
    readonly message: string;
  },
): Ok {
  if ("ok" in reply) return reply.ok;
  throw new Error(`The peer refused: ${reply.error}: ${reply.message}`);
}
