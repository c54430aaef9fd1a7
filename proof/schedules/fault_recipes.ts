/** How faults of each kind are made up for a fleet. @module */

import type {
  Fault,
  Random,
  SimulatedSide,
  Watched,
} from "../../simulator/mod.ts";
import type { ScheduledFleet } from "./schedule.ts";

/** What a fault is made from. */
export interface RecipeContext {
  readonly fleet: ScheduledFleet;
  readonly random: Random;
  readonly atMs: number;
  readonly durationMs: number;
}

/** One kind of fault. */
export interface FaultRecipe {
  readonly kind: Fault["kind"];
  readonly make: (context: RecipeContext) => Fault;
  /** Whether the fleet's configuration claims anything under it. */
  readonly fits?: (fleet: ScheduledFleet) => boolean;
  /** Workers start by it without anybody's decision. */
  readonly startsWorkers?: boolean;
}

const gated = (fleet: ScheduledFleet) =>
  fleet.startMode === "gate" && fleet.capOwner === "planner";

export function whole(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

export function nodeOf({ random, fleet }: RecipeContext): string {
  return `n${whole(random, 1, fleet.nodes)}`;
}

export function gpuOf({ random, fleet }: RecipeContext): number {
  return whole(random, 0, fleet.gpusPerNode - 1);
}

export function sideOf({ random, fleet }: RecipeContext): SimulatedSide {
  if (fleet.mode === "agg") return "agg";
  return random() < 0.5 ? "prefill" : "decode";
}

function watcherOf(context: RecipeContext): string {
  const dice = context.random();
  return dice < 0.4
    ? "planner"
    : dice < 0.6
    ? "agents"
    : dice < 0.7
    ? "all"
    : nodeOf(context);
}

/** Two streams of one client, or one of them. */
function watchedOf({ random }: RecipeContext): { what?: Watched } {
  const dice = random();
  return dice < 0.6 ? {} : { what: dice < 0.8 ? "pods" : "reports" };
}

function timeOf({ atMs, durationMs }: RecipeContext) {
  return { atMs, durationMs };
}

export function share(random: Random): number {
  return Math.round((0.1 + 0.7 * random()) * 100) / 100;
}

/** In the order of the kinds. */
export const FAULT_RECIPES: readonly FaultRecipe[] = [
  {
    kind: "agent_down",
    make: (on) => ({ kind: "agent_down", ...timeOf(on), node: nodeOf(on) }),
  },
  {
    kind: "agent_cut_off",
    make: (on) => ({ kind: "agent_cut_off", ...timeOf(on), node: nodeOf(on) }),
  },
  {
    kind: "node_silent",
    make: (on) => ({ kind: "node_silent", ...timeOf(on), node: nodeOf(on) }),
    startsWorkers: true,
  },
  {
    kind: "node_reboot",
    make: (on) => ({
      kind: "node_reboot",
      atMs: on.atMs,
      node: nodeOf(on),
      downMs: whole(on.random, 5_000, 60_000),
    }),
    startsWorkers: true,
  },
  {
    kind: "node_lost",
    make: (on) => ({
      kind: "node_lost",
      ...timeOf(on),
      node: nodeOf(on),
      outOfService: on.random() < 0.5,
    }),
    startsWorkers: true,
  },
  {
    kind: "gpu_reset",
    make: (on) => ({
      kind: "gpu_reset",
      atMs: on.atMs,
      node: nodeOf(on),
      gpu: gpuOf(on),
    }),
    startsWorkers: true,
  },
  {
    kind: "gpu_thermal",
    make: (on) => ({
      kind: "gpu_thermal",
      ...timeOf(on),
      node: nodeOf(on),
      gpu: gpuOf(on),
      share: share(on.random),
    }),
  },
  {
    kind: "nvml_refuses",
    make: (on) => ({
      kind: "nvml_refuses",
      ...timeOf(on),
      node: nodeOf(on),
      ...(on.random() < 0.5 ? { gpu: gpuOf(on) } : {}),
    }),
  },
  {
    kind: "nvml_clamps",
    make: (on) => ({
      kind: "nvml_clamps",
      ...timeOf(on),
      node: nodeOf(on),
      ...(on.random() < 0.5
        ? { minWatts: whole(on.random, 250, 450) }
        : { maxWatts: whole(on.random, 300, 600) }),
    }),
  },
  {
    kind: "foreign_limit",
    make: (on) => ({
      kind: "foreign_limit",
      atMs: on.atMs,
      ...(on.random() < 0.3 ? { durationMs: on.durationMs } : {}),
      node: nodeOf(on),
      gpu: gpuOf(on),
      watts: whole(on.random, 200, 700),
    }),
  },
  {
    kind: "devices_freed_early",
    make: (on) => ({
      kind: "devices_freed_early",
      ...timeOf(on),
      node: nodeOf(on),
    }),
  },
  {
    kind: "record_lost",
    make: (on) => ({ kind: "record_lost", atMs: on.atMs, node: nodeOf(on) }),
  },
  {
    kind: "foreign_annotation",
    make: (on) => ({
      kind: "foreign_annotation",
      atMs: on.atMs,
      side: sideOf(on),
      index: whole(on.random, 0, 7),
      ...(on.random() < 0.7
        ? { limit: `${whole(on.random, 150, 800)}` }
        : { limit: "", grant: "v1 somebody 99.9 700 700" }),
    }),
    fits: gated,
  },
  {
    kind: "watch_lag",
    make: (on) => ({
      kind: "watch_lag",
      ...timeOf(on),
      who: watcherOf(on),
      lagMs: whole(on.random, 500, 20_000),
      ...watchedOf(on),
    }),
  },
  {
    kind: "watch_frozen",
    make: (on) => ({
      kind: "watch_frozen",
      ...timeOf(on),
      who: watcherOf(on),
      ...watchedOf(on),
    }),
  },
  {
    kind: "report_deleted",
    make: (on) => ({ kind: "report_deleted", atMs: on.atMs, node: nodeOf(on) }),
  },
  { kind: "api_down", make: (on) => ({ kind: "api_down", ...timeOf(on) }) },
  {
    kind: "api_slow",
    make: (on) => ({
      kind: "api_slow",
      ...timeOf(on),
      answerMs: whole(on.random, 200, 8_000),
    }),
  },
  {
    kind: "write_lost",
    make: (on) => ({
      kind: "write_lost",
      ...timeOf(on),
      share: share(on.random),
    }),
  },
  {
    kind: "write_conflict",
    make: (on) => ({
      kind: "write_conflict",
      ...timeOf(on),
      share: share(on.random),
    }),
  },
  {
    kind: "forbidden",
    make: (on) => ({
      kind: "forbidden",
      ...timeOf(on),
      what: (["patch", "scale", "lease", "report"] as const)[
        whole(on.random, 0, 3)
      ]!,
    }),
  },
  {
    kind: "pod_killed",
    make: (on) => ({
      kind: "pod_killed",
      atMs: on.atMs,
      side: sideOf(on),
      index: whole(on.random, 0, 7),
    }),
  },
  {
    kind: "pod_evicted",
    make: (on) => ({
      kind: "pod_evicted",
      atMs: on.atMs,
      side: sideOf(on),
      index: whole(on.random, 0, 7),
    }),
    startsWorkers: true,
  },
  {
    kind: "pod_force_deleted",
    make: (on) => ({
      kind: "pod_force_deleted",
      atMs: on.atMs,
      side: sideOf(on),
      index: whole(on.random, 0, 7),
    }),
    startsWorkers: true,
  },
  {
    kind: "foreign_scale",
    make: (on) => ({
      kind: "foreign_scale",
      atMs: on.atMs,
      side: sideOf(on),
      replicas: whole(
        on.random,
        0,
        Math.floor(on.fleet.maxGpus / on.fleet.gpusPerReplica),
      ),
    }),
    // Without a gate only the planner scales (§6).
    fits: gated,
  },
  {
    kind: "rollout",
    make: (on) => ({ kind: "rollout", atMs: on.atMs, side: sideOf(on) }),
    startsWorkers: true,
  },
  {
    kind: "planner_crash",
    make: (on) => ({
      kind: "planner_crash",
      atMs: on.atMs,
      downMs: whole(on.random, 1_000, 40_000),
      ...(on.random() < 0.3 ? { onWrite: true } : {}),
      ...(on.random() < 0.3 ? { heldMs: whole(on.random, 0, 60_000) } : {}),
    }),
  },
  {
    kind: "planner_paused",
    make: (on) => ({
      kind: "planner_paused",
      atMs: on.atMs,
      forMs: whole(on.random, 1_000, 60_000),
      ...(on.random() < 0.3 ? { onWrite: true } : {}),
      ...(on.random() < 0.3 ? { unaware: true } : {}),
    }),
  },
  {
    kind: "second_planner",
    make: (on) => ({ kind: "second_planner", ...timeOf(on) }),
  },
  {
    kind: "clock_jump",
    make: (on) => ({
      kind: "clock_jump",
      atMs: on.atMs,
      byMs: whole(on.random, -7_200_000, 7_200_000),
    }),
  },
  {
    kind: "budget",
    make: (on) => ({
      kind: "budget",
      atMs: on.atMs,
      watts: Math.floor(
        on.fleet.budgetWatts * (0.4 + 0.8 * on.random()),
      ),
    }),
    fits: gated,
  },
  {
    kind: "prometheus_down",
    make: (on) => ({ kind: "prometheus_down", ...timeOf(on) }),
  },
  {
    kind: "prometheus_stale",
    make: (on) => ({
      kind: "prometheus_stale",
      ...timeOf(on),
      lagMs: whole(on.random, 10_000, 120_000),
    }),
  },
  {
    kind: "prometheus_nan",
    make: (on) => ({ kind: "prometheus_nan", ...timeOf(on) }),
  },
  {
    kind: "prometheus_lies",
    make: (on) => ({
      kind: "prometheus_lies",
      ...timeOf(on),
      factor: Math.round((0.1 + 4 * on.random()) * 100) / 100,
    }),
  },
  {
    kind: "batched_tokens_unknown",
    make: (on) => ({ kind: "batched_tokens_unknown", ...timeOf(on) }),
  },
  {
    kind: "model_raises",
    make: (on) => ({ kind: "model_raises", ...timeOf(on) }),
  },
  {
    kind: "model_infeasible",
    make: (on) => ({ kind: "model_infeasible", ...timeOf(on) }),
  },
  {
    kind: "bias",
    make: (on) => ({
      kind: "bias",
      ...timeOf(on),
      signal: ([
        "power_prefill",
        "power_decode",
        "ttft",
        "itl",
        "capacity",
      ] as const)[whole(on.random, 0, 4)]!,
      value: Math.round((0.6 + on.random()) * 100) / 100,
    }),
  },
  {
    kind: "traffic",
    make: (on) => ({
      kind: "traffic",
      ...timeOf(on),
      factor: Math.round(on.random() * 400) / 100,
    }),
  },
  {
    kind: "warmup_draw",
    make: (on) => ({
      kind: "warmup_draw",
      ...timeOf(on),
      share: share(on.random),
    }),
  },
];
