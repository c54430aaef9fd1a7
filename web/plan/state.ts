/** What a person has chosen on the page: the inputs of one question, and their limits. @module */

import {
  type FleetMode,
  HEADROOM,
  type Layout,
  NODE_OVERHEAD_WATTS,
} from "../../optimizer-wasm/portable.ts";

/** Kinds of worker whose layout can be pinned. */
export const PINNED_SIDES = ["prefill", "decode", "agg"] as const;

/** One of them. */
export type PinnedSide = typeof PINNED_SIDES[number];

/** Where the budget comes from. */
export type WattsChoice = "budget" | "racks" | "none";

/** How caps are chosen; `auto` as `sweep` does. */
export type CapsChoice = "auto" | "free" | "own_draw" | "none";

/** The inputs. Watts, milliseconds, tokens, GPUs. */
export interface PlanState {
  readonly model: string;
  readonly system: string;
  readonly backend: string;
  /** Version of an imported pack; undefined: the built-in model. */
  readonly version: string | undefined;
  readonly mode: Extract<FleetMode, "best" | "disagg" | "agg">;
  /** Sides without a layout are searched. */
  readonly pins: Readonly<Partial<Record<PinnedSide, Layout>>>;
  readonly totalGpus: number;
  readonly watts: WattsChoice;
  readonly budgetWatts: number;
  readonly racks: number;
  readonly rackWatts: number;
  readonly headroom: number;
  readonly nodes: number;
  readonly gpusPerNode: number;
  readonly nodeOverheadWatts: number;
  readonly ttftMs: number;
  readonly itlMs: number;
  readonly isl: number;
  readonly osl: number;
  readonly prefix: number;
  /** Requests a second; undefined: as many as possible. */
  readonly requestRate: number | undefined;
  readonly objective: "throughput" | "efficiency";
  readonly caps: CapsChoice;
  readonly allowUnmeasuredCaps: boolean;
  readonly corrections: boolean;
  /** The simulation: what decides everything random, how long, how finely, and through which traffic. */
  readonly simulationSeed: number;
  /** Undefined: a day, or as long as the trace is. */
  readonly simulationHours: number | undefined;
  readonly simulationResolution: "loop" | "request";
  readonly simulationTraffic: "day" | "trace";
  readonly traceSpeed: number;
  readonly traceCopies: number;
}

/** What the page opens with: what can 30 kW of up to 64 H200 serve? */
export const FIRST_STATE: PlanState = {
  model: "Qwen/Qwen3-32B",
  system: "h200_sxm",
  backend: "vllm",
  version: undefined,
  mode: "best",
  pins: {},
  totalGpus: 64,
  watts: "budget",
  budgetWatts: 30_000,
  racks: 4,
  rackWatts: 14_000,
  headroom: HEADROOM,
  nodes: 8,
  gpusPerNode: 8,
  nodeOverheadWatts: NODE_OVERHEAD_WATTS,
  ttftMs: 1000,
  itlMs: 30,
  isl: 4000,
  osl: 500,
  prefix: 0,
  requestRate: undefined,
  objective: "throughput",
  caps: "auto",
  allowUnmeasuredCaps: false,
  corrections: true,
  simulationSeed: 1,
  simulationHours: undefined,
  simulationResolution: "loop",
  simulationTraffic: "day",
  traceSpeed: 1,
  traceCopies: 1,
};

/** Names of the numbers. */
export type NumberField = {
  [Key in keyof PlanState]-?: PlanState[Key] extends number | undefined
    ? number extends PlanState[Key] ? Key : never
    : never;
}[keyof PlanState];

/** What a number may be, and how people read it. */
export interface NumberRule {
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
  readonly unit: string;
}

const rule = (
  least: number,
  most: number,
  unit: string,
  whole = true,
): NumberRule => ({ least, most, whole, unit });

/** Limits of every number. */
export const NUMBER_RULES: Readonly<Record<NumberField, NumberRule>> = {
  totalGpus: rule(1, 4096, "GPUs"),
  budgetWatts: rule(1, 10_000_000, "W", false),
  racks: rule(1, 10_000, "racks"),
  rackWatts: rule(1, 10_000_000, "W", false),
  headroom: rule(0.05, 1, "share", false),
  nodes: rule(1, 100_000, "nodes"),
  gpusPerNode: rule(1, 128, "GPUs"),
  nodeOverheadWatts: rule(0, 100_000, "W", false),
  ttftMs: rule(1, 3_600_000, "ms", false),
  itlMs: rule(0.1, 60_000, "ms", false),
  isl: rule(1, 1_000_000, "tokens"),
  osl: rule(2, 1_000_000, "tokens"),
  prefix: rule(0, 999_999, "tokens"),
  requestRate: rule(0.001, 1_000_000, "requests/s", false),
  simulationSeed: rule(0, 2_147_483_647, ""),
  simulationHours: rule(0.1, 744, "hours", false),
  traceSpeed: rule(0.01, 10_000, "", false),
  traceCopies: rule(1, 1_000, "copies"),
};

/** Whether a number is one that its field takes. */
export function isAllowed(field: NumberField, value: number): boolean {
  const { least, most, whole } = NUMBER_RULES[field];
  return Number.isFinite(value) && value >= least && value <= most &&
    (!whole || Number.isInteger(value));
}

/** `a whole number of GPUs from 1 to 4096`. */
export function ruleText(field: NumberField): string {
  const { least, most, whole, unit } = NUMBER_RULES[field];
  const kind = whole ? "a whole number" : "a number";
  const of = unit === "share" || unit === "" ? "" : ` of ${unit}`;
  return `${kind}${of} from ${least} to ${most}`;
}
