/** What decides: ours, and what people use instead, each as good as its rule allows. @module */

import {
  type CapacityModel,
  type FleetQuestion,
  type PerSide,
  type PlannerConfig,
  sidesOf,
} from "../../planner/portable_planner.ts";
import { WattkeeperError } from "../../service/portable.ts";
import { decodeFirst } from "./decode_first.ts";

/** Names on the command line, ours first (`SPEC.md` §13). */
export const POLICY_NAMES = [
  "wattkeeper",
  "static-clamp",
  "uncapped",
  "greedy-decode-first",
] as const;

export type PolicyName = typeof POLICY_NAMES[number];

/** One policy for one deployment and budget. */
export interface Policy {
  readonly name: PolicyName;
  /** Its rule in one sentence. */
  readonly rule: string;
  readonly config: PlannerConfig;
  /** The model as it sees it. */
  readonly model: CapacityModel;
}

/**
 * A policy over a configuration with power awareness and the optimizer on.
 *
 * @throws {WattkeeperError} `invalid_config` when the configuration has no power budget to compare policies under
 */
export function policyOf(
  name: PolicyName,
  config: PlannerConfig,
  model: CapacityModel,
): Policy {
  const { power, optimizer } = config;
  if (!power || !optimizer.enabled) {
    throw new WattkeeperError(
      "invalid_config",
      "Policies are compared under a power budget, and this configuration has none that the planner works with.",
      {
        where: "enable_power_awareness",
        remedy:
          "Write enable_power_awareness, total_gpu_power_limit and enable_aic_optimizer.",
      },
    );
  }
  const off = { ...optimizer, enabled: false };
  switch (name) {
    case "wattkeeper":
      return {
        name,
        rule:
          "replicas and caps by the exact search, corrected by what is measured",
        config,
        model,
      };
    case "static-clamp": {
      const caps = staticCaps(config, model);
      const [prefill, decode] = [
        caps.prefill ?? caps.agg,
        caps.decode ?? caps.agg,
      ];
      return {
        name,
        rule: `caps fixed at ${
          sidesOf(config.mode).map((side) => caps[side]).join("/")
        } W${
          power.prefillCapWatts === undefined
            ? ", the best ones for full load,"
            : ""
        } and replicas clamped to the budget`,
        config: {
          ...config,
          optimizer: off,
          power: {
            ...power,
            clamp: "compatible",
            prefillCapWatts: prefill,
            decodeCapWatts: decode,
          },
        },
        model,
      };
    }
    case "greedy-decode-first":
      return {
        name,
        rule:
          "caps at the own draw, as many decode replicas as the watts allow, prefill with the rest",
        config: { ...config, power: { ...power, clamp: "compatible" } },
        model: decodeFirst(model),
      };
    case "uncapped":
      return {
        name,
        rule: "no caps and no budget: an ordinary autoscaler",
        config: { ...config, optimizer: off, power: undefined },
        model,
      };
  }
}

/**
 * The caps of the configuration; where it has none, those that a person gets who asks once which fleet serves most
 * within the budget at the usual lengths.
 */
export function staticCaps(
  config: PlannerConfig,
  model: CapacityModel,
): PerSide<number> {
  const { prefillCapWatts, decodeCapWatts } = config.power ?? {};
  if (prefillCapWatts !== undefined && decodeCapWatts !== undefined) {
    return {
      prefill: prefillCapWatts,
      decode: decodeCapWatts,
      agg: decodeCapWatts,
    };
  }
  const answer = model.searchFleet(atFullLoad(config, model));
  if (answer.kind !== "fleet") return everywhere(config, model.gpu.tdpWatts);
  const { sides } = answer.best;
  return Object.fromEntries(
    sidesOf(config.mode).map((side) => [
      side,
      sides[side]?.point.capWatts ?? model.gpu.tdpWatts,
    ]),
  );
}

/** Which fleet serves most, whatever the demand. */
export function atFullLoad(
  config: PlannerConfig,
  model: CapacityModel,
): FleetQuestion {
  return {
    mode: config.mode,
    islTokens: model.usualIslTokens,
    oslTokens: model.usualOslTokens,
    ttftMs: config.ttftMs,
    itlMs: config.itlMs,
    coefficients: config.optimizer.initialCoefficients,
    demandRequestsPerSecond: undefined,
    budgetWatts: config.power?.budgetWatts,
    maxGpus: config.maxGpus,
    floors: Object.fromEntries(
      sidesOf(config.mode).map((side) => [side, config.floors[side]]),
    ),
    ceilings: {},
    caps: { kind: "free" },
    objective: "throughput",
    maxThetaPrefill: undefined,
    maxThetaDecode: undefined,
  };
}

function everywhere(config: PlannerConfig, watts: number): PerSide<number> {
  return Object.fromEntries(sidesOf(config.mode).map((side) => [side, watts]));
}
