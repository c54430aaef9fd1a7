/** Stand-ins of the planner's tests: a configuration in one line, a model with given points. @module */

import {
  parsePlannerConfig,
  type PlannerConfig,
} from "../../../planner/config/mod.ts";
import {
  bridgeCap,
  type CapacityAnswer,
  type CapacityModel,
  ceilWatts,
  type DecisionInput,
  type EngineLoad,
  type LiveSignals,
  type Observation,
  type OperatingPoint,
  type PerSide,
  searchOverPoints,
  type Side,
  type SideInventory,
  withinRange,
} from "../../../planner/core/mod.ts";

/** A configuration outside Kubernetes from a few YAML lines. */
export function configOf(text: string): PlannerConfig {
  return parsePlannerConfig({
    text: `environment: virtual\nload_predictor: constant\n${text}`,
    name: "test",
  }).config;
}

/** Power awareness and the optimizer, with an engine of one GPU a replica. */
export const OPTIMIZER = `
enable_power_awareness: true
power_agent_safe_default_watts: 490
enable_aic_optimizer: true
aic_interpolation:
  system: h200_sxm
  backend: vllm
  hf_id: Qwen/Qwen3-32B
  isl: 3000
  osl: 150
  prefill_pick: { tp: 1 }
  decode_pick: { tp: 1 }
`;

/** One side of the stand-in: what a replica does at its own draw. */
export interface SideFacts {
  readonly requestsPerSecond: number;
  readonly drawWatts: number;
  readonly gpus?: number;
  /** At the own draw, without any correction; 400 and 30 where absent. */
  readonly ttftMs?: number;
  readonly itlMs?: number;
  /** An answer instead of points. */
  readonly answer?: CapacityAnswer;
}

/** Share of the speed left at a share of the own draw, as on a Hopper. */
const SPEED_AT: readonly (readonly [number, number])[] = [
  [1, 1],
  [0.9, 0.96],
  [0.8, 0.92],
  [0.7, 0.87],
];

/** Speed between the known shares, in proportion below the lowest. */
function speedAt(share: number): number {
  const known = SPEED_AT.find(([ratio]) => ratio <= share + 1e-9);
  return known ? known[1] : share * (0.87 / 0.7);
}

/** A model with given capacities; caps below 0.7 × the own draw lose speed in proportion. */
export function modelOf(
  sides: Readonly<Partial<Record<Side, SideFacts>>>,
): CapacityModel {
  const gpu = { minWatts: 200, maxWatts: 700, tdpWatts: 700 };
  const model: CapacityModel = {
    gpusPerReplica: Object.fromEntries(
      Object.entries(sides).map(([side, { gpus }]) => [side, gpus ?? 1]),
    ),
    usualIslTokens: 3000,
    usualOslTokens: 150,
    gpu,
    answer({ side, caps, coefficients, ttftMs, itlMs }) {
      const facts = sides[side];
      if (!facts) {
        return { kind: "no_answer", code: "infeasible", message: "no side" };
      }
      if (facts.answer) return facts.answer;
      const own = side === "decode"
        ? undefined
        : (facts.ttftMs ?? 400) * Math.max(1, coefficients.ttft);
      const ownItl = side === "prefill"
        ? undefined
        : (facts.itlMs ?? 30) * Math.max(1, coefficients.itl);
      const misses = own !== undefined && own > ttftMs
        ? ["ttft_ms", own, ttftMs] as const
        : ownItl !== undefined && ownItl > itlMs
        ? ["itl_ms", ownItl, itlMs] as const
        : undefined;
      if (misses) {
        const [constraint, needed, available] = misses;
        return {
          kind: "infeasible",
          constraint,
          message: `${side} needs ${needed} ms.`,
          needed,
          available,
          unit: "ms",
        };
      }
      const at = (
        capWatts: number | undefined,
        speed: number,
      ): OperatingPoint => ({
        capWatts,
        batchSize: 8,
        requestsPerSecond: facts.requestsPerSecond * speed,
        ttftMs: own && own / speed,
        itlMs: ownItl && ownItl / speed,
        predictedWatts: facts.drawWatts,
        drawWatts: Math.min(facts.drawWatts, capWatts ?? facts.drawWatts),
        latencySource: "roofline",
        powerSource: "modelled",
      });
      const power = side === "prefill"
        ? coefficients.powerPrefill
        : side === "decode"
        ? coefficients.powerDecode
        : coefficients.powerAgg;
      const bridged = bridgeCap(facts.drawWatts, power, gpu);
      const cap = (ratio: number) =>
        withinRange(ceilWatts(bridged.capWatts * ratio), gpu);
      switch (caps.kind) {
        case "none":
          return { kind: "points", points: [at(undefined, 1)] };
        case "own_draw":
          return { kind: "points", points: [at(cap(1), 1)] };
        case "fixed": {
          const capWatts = withinRange(caps.capWatts, gpu);
          return {
            kind: "points",
            points: [at(capWatts, speedAt(capWatts / facts.drawWatts))],
          };
        }
        case "ladder": {
          const [first, ...rest] = SPEED_AT.map(([ratio, speed]) =>
            at(cap(ratio), speed)
          );
          return { kind: "points", points: [first ?? at(700, 1), ...rest] };
        }
      }
    },
    searchFleet: (question) => searchOverPoints(model, question),
  };
  return model;
}

/** A window of 60 s with so many requests per second of the usual lengths. */
export function window(
  requestsPerSecond: number,
  change: Partial<Observation> = {},
): Observation {
  return {
    atMs: 60_000,
    windowSeconds: 60,
    requests: requestsPerSecond * 60,
    islTokens: 3000,
    oslTokens: 150,
    ...change,
  };
}

/** What a tick of both cadences, or of one, looks like without a fleet to read. */
export function tick(
  config: PlannerConfig,
  observation: Observation,
  change: Partial<DecisionInput> = {},
): DecisionInput {
  return {
    nowMs: observation.atMs,
    due: { throughput: true, load: false },
    observation,
    inventory: undefined,
    config,
    model: modelOf({}),
    ...change,
  };
}

/** A side where everything is as it was set. */
export function settled(replicas: number): SideInventory {
  return {
    targetReplicas: replicas,
    readyReplicas: replicas,
    startingReplicas: 0,
    rollout: "settled",
    gpusPerReplica: undefined,
  };
}

/** A fleet of prefill and decode, or of one more pair, where everything is as it was set. */
export function inventoryOf(
  [prefill, decode]: readonly [prefill: number, decode: number],
): PerSide<SideInventory> {
  return { prefill: settled(prefill), decode: settled(decode) };
}

/** Live signals of which only some were seen. */
export function signals(change: Partial<LiveSignals> = {}): LiveSignals {
  return {
    ttftMs: undefined,
    itlMs: undefined,
    requestDurationMs: undefined,
    tokensPerSecond: undefined,
    kvHitRate: undefined,
    acceptLength: undefined,
    drawWatts: {},
    totalDrawWatts: undefined,
    prefillActive: false,
    decodeActive: false,
    engines: undefined,
    ...change,
  };
}

/** One engine without load, with a context of 4,096 tokens and a cache of 100,000. */
export function engine(change: Partial<EngineLoad> = {}): EngineLoad {
  return {
    side: "decode",
    workerId: "w0",
    dpRank: 0,
    scheduledPrefillTokens: 0,
    queuedPrefillTokens: 0,
    scheduledDecodeKvTokens: 0,
    queuedDecodeKvTokens: 0,
    scheduledRequests: 0,
    queuedRequests: 0,
    wallTimeMs: 10,
    contextLengthTokens: 4096,
    kvCapacityTokens: 100_000,
    maxBatchedTokens: 8192,
    ...change,
  };
}
