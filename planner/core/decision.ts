/** A decision as a value: what was seen, expected, asked for, allowed, and why. @module */

import type { Forecast } from "../predict/mod.ts";
import type { OperatingPoint } from "./capacity.ts";
import type { SideInventory, Transition } from "./ledger/mod.ts";
import type { Observation } from "./observation.ts";
import type {
  AdmissionOutcome,
  CoefficientOutcome,
  LoadOutcome,
  OptimizerOutcome,
  ThroughputDecision,
} from "./outcome.ts";
import type { Reason, Replicas } from "./reason.ts";
import type { PerSide, Side } from "./side.ts";

/** What one side is to be. */
export interface SideTarget {
  readonly side: Side;
  readonly replicas: number;
  readonly gpusPerReplica: number;
  /** Cap of each GPU, watts; absent without power awareness. */
  readonly capWatts: number | undefined;
  /** What the model says about one replica at this cap; absent when it has no answer. */
  readonly point: OperatingPoint | undefined;
}

/** Which cadences a tick serves (P13). */
export interface Due {
  readonly throughput: boolean;
  readonly load: boolean;
}

/** What a decision aims at, so that a record can be read without its configuration. */
export interface Goals {
  readonly ttftMs: number;
  readonly itlMs: number;
  /** Absent: no limit. */
  readonly maxGpus: number | undefined;
}

/** One decision. */
export interface Decision {
  /** `<sequence>` of the planner's run, from 1. */
  readonly sequence: number;
  /** End of the observed window, milliseconds on the source's clock. */
  readonly atMs: number;
  /** When it was decided, milliseconds on the planner's clock. */
  readonly nowMs: number;
  /** Which cadences were due. */
  readonly due: Due;
  /** Nothing is written while this is true; the loop holds it. */
  readonly paused: boolean;
  readonly advisory: boolean;
  readonly goals: Goals;
  readonly observed: Observation;
  /** Absent: demand is unknown. */
  readonly predicted: Forecast | undefined;
  /** What demand alone asks for, before any budget. */
  readonly proposed: Replicas;
  /** The last targets before this decision; empty at the start. */
  readonly previous: Replicas;
  /** Replicas of each side as they were found; absent where the fleet was not read. */
  readonly found: PerSide<SideInventory> | undefined;
  /**
   * Sides whose target this decision sets. The target of any other side repeats what is there; it is charged, and never
   * written (P45).
   */
  readonly decided: readonly Side[];
  /** Outcome of throughput scaling; absent when it was not due. */
  readonly throughput: ThroughputDecision | undefined;
  /** Outcome of load scaling; absent when it was not due. */
  readonly load: LoadOutcome | undefined;
  /** Lower bounds in force from throughput scaling (P27); empty without load scaling. */
  readonly lowerBounds: Replicas;
  readonly coefficients: CoefficientOutcome;
  readonly optimizer: OptimizerOutcome;
  /** Absent with `admission_mode: off`, and before a configuration implies thresholds. */
  readonly admission: AdmissionOutcome | undefined;
  /** Filled by the loop: the ordered writes towards the targets, and what they wait for (R43). */
  readonly transition?: Transition;
  /** Prefill first. */
  readonly targets: readonly SideTarget[];
  readonly gpus: number;
  /** Caps × GPUs of all replicas; absent without power awareness. */
  readonly projectedWatts: number | undefined;
  /** The budget in force; absent without power awareness. */
  readonly budgetWatts: number | undefined;
  /** Expected draw of all GPUs when every replica is busy, watts; absent when the model has no answer. */
  readonly expectedDrawWatts: number | undefined;
  /** What the targets can serve within the latency targets, requests per second; absent when the model has no answer. */
  readonly capacityRequestsPerSecond: number | undefined;
  /** Output tokens per second that the forecast asks for. */
  readonly demandTokensPerSecond: number | undefined;
  /** Output tokens per second that will be served of it. */
  readonly servedTokensPerSecond: number | undefined;
  readonly ttftMs: number | undefined;
  readonly itlMs: number | undefined;
  /** In the order in which they took effect. */
  readonly reasons: readonly Reason[];
}

/** Replicas of a decision by side. */
export function replicasOf(targets: readonly SideTarget[]): Replicas {
  return Object.fromEntries(
    targets.map(({ side, replicas }) => [side, replicas]),
  );
}

/** Caps × GPUs of targets, watts; a target without a cap counts 0. */
export function capWattsOf(targets: readonly SideTarget[]): number {
  return targets.reduce(
    (sum, { replicas, gpusPerReplica, capWatts }) =>
      sum + replicas * gpusPerReplica * (capWatts ?? 0),
    0,
  );
}
