/** A decision as a value: what was seen, expected, asked for, allowed, and why. @module */

import type { Forecast } from "../predict/mod.ts";
import type { OperatingPoint } from "./capacity.ts";
import type { Observation } from "./observation.ts";
import type { Reason, Replicas } from "./reason.ts";
import type { Side } from "./side.ts";

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

/** One decision. */
export interface Decision {
  /** `<sequence>` of the planner's run, from 1. */
  readonly sequence: number;
  /** End of the observed window, milliseconds on the source's clock. */
  readonly atMs: number;
  readonly observed: Observation;
  /** Absent: demand is unknown. */
  readonly predicted: Forecast | undefined;
  /** What demand alone asks for, before any budget. */
  readonly proposed: Replicas;
  /** The last targets before this decision; empty at the start. */
  readonly previous: Replicas;
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
