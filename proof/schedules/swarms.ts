/** What a schedule is about: some seeds know every kind of fault, others only those of one part of the system. @module */

import type { Fault } from "../../simulator/mod.ts";
import {
  AGENT_STORIES,
  FLEET_STORIES,
  type Story,
  TAKE_OVER_STORIES,
} from "./stories.ts";

/** One theme. */
export interface Swarm {
  readonly name: string;
  /** Share of the seeds, in parts of all weights. */
  readonly weight: number;
  /** Kinds of faults that it may know; undefined: all. */
  readonly kinds: readonly Fault["kind"][] | undefined;
  /** How often a schedule knows one of them. */
  readonly knows: number;
  /** Most faults of these kinds, beside the story's. */
  readonly most: readonly number[];
  readonly stories: readonly Story[];
  /** How often the budget is tight, so that every watt counts. */
  readonly tight: number;
  /** From a write to its answer, milliseconds. */
  readonly answersMs: readonly number[];
  /** By how much events of different objects overtake each other, milliseconds. */
  readonly reordersMs: readonly number[];
}

/** The themes. */
export const SWARMS: readonly Swarm[] = [
  {
    name: "anything",
    weight: 3,
    kinds: undefined,
    knows: 0.35,
    most: [4, 8, 16],
    stories: [],
    tight: 0.2,
    answersMs: [0, 20, 60, 300],
    reordersMs: [0, 0, 500, 3_000],
  },
  {
    name: "take-over",
    weight: 3,
    kinds: [
      "planner_crash",
      "planner_paused",
      "second_planner",
      "budget",
      "watch_lag",
      "api_slow",
      "write_lost",
      "write_conflict",
      "pod_evicted",
      "foreign_scale",
      "traffic",
    ],
    knows: 0.4,
    most: [1, 3, 6],
    stories: TAKE_OVER_STORIES,
    tight: 0.7,
    // Below the 2 s that the loop waits for an answer: an API server that is always slower gets no batch through (C4).
    answersMs: [60, 300, 300, 1_000, 1_500],
    reordersMs: [0, 0, 500, 3_000, 15_000],
  },
  {
    name: "agents",
    weight: 2,
    kinds: [
      "agent_down",
      "agent_cut_off",
      "record_lost",
      "report_deleted",
      "nvml_refuses",
      "nvml_clamps",
      "foreign_limit",
      "devices_freed_early",
      "gpu_reset",
      "node_reboot",
      "watch_lag",
      "watch_frozen",
      "budget",
      "pod_killed",
      "foreign_scale",
    ],
    knows: 0.4,
    most: [1, 4, 8],
    stories: AGENT_STORIES,
    tight: 0.5,
    answersMs: [0, 20, 60],
    reordersMs: [0, 500, 3_000],
  },
  {
    name: "fleet",
    weight: 2,
    kinds: [
      "pod_killed",
      "pod_evicted",
      "pod_force_deleted",
      "foreign_scale",
      "foreign_annotation",
      "rollout",
      "node_lost",
      "node_silent",
      "write_lost",
      "write_conflict",
      "budget",
      "traffic",
    ],
    knows: 0.4,
    most: [1, 4, 8],
    stories: FLEET_STORIES,
    tight: 0.5,
    answersMs: [0, 60, 300],
    reordersMs: [0, 500, 3_000],
  },
  {
    name: "metrics",
    weight: 1,
    kinds: [
      "prometheus_down",
      "prometheus_stale",
      "prometheus_nan",
      "prometheus_lies",
      "batched_tokens_unknown",
      "model_raises",
      "model_infeasible",
      "bias",
      "traffic",
      "warmup_draw",
      "clock_jump",
    ],
    knows: 0.5,
    most: [4, 8],
    stories: [],
    tight: 0.3,
    answersMs: [0, 20],
    reordersMs: [0],
  },
];
