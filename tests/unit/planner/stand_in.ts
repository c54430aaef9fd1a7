/** Stand-ins of the planner's tests: a configuration in one line, a model with given points. @module */

import {
  parsePlannerConfig,
  type PlannerConfig,
} from "../../../planner/config/mod.ts";
import {
  type CapacityAnswer,
  type CapacityModel,
  ceilWatts,
  type DecisionInput,
  type Observation,
  type OperatingPoint,
  searchOverPoints,
  type Side,
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
    answer({ side, caps }) {
      const facts = sides[side];
      if (!facts) {
        return { kind: "no_answer", code: "infeasible", message: "no side" };
      }
      if (facts.answer) return facts.answer;
      const at = (
        capWatts: number | undefined,
        speed: number,
      ): OperatingPoint => ({
        capWatts,
        batchSize: 8,
        requestsPerSecond: facts.requestsPerSecond * speed,
        ttftMs: side === "decode" ? undefined : 400 / speed,
        itlMs: side === "prefill" ? undefined : 30 / speed,
        predictedWatts: facts.drawWatts,
        drawWatts: Math.min(facts.drawWatts, capWatts ?? facts.drawWatts),
        latencySource: "roofline",
        powerSource: "modelled",
      });
      const cap = (ratio: number) =>
        withinRange(ceilWatts(Math.min(700, facts.drawWatts) * ratio), gpu);
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
