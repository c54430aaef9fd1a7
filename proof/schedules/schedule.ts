/** A schedule: everything that a run is made of, as plain JSON. The same schedule gives the same bytes. @module */

import type { Fault } from "../../simulator/mod.ts";

/** The fleet and its planner's configuration. Watts are whole. */
export interface ScheduledFleet {
  readonly mode: "disagg" | "agg";
  readonly startMode: "gate" | "prearm" | "none";
  readonly capOwner: "planner" | "deployment";
  readonly clamp: "exact" | "compatible";
  readonly belowFloor: "shed" | "hold_floor";
  readonly optimizer: boolean;
  readonly loadScaling: boolean;
  readonly advisory: boolean;
  readonly nodes: number;
  readonly gpusPerNode: number;
  readonly gpusPerReplica: number;
  /** Pods that share a replica's GPUs, on nodes of their own where there are enough. */
  readonly podsPerReplica: number;
  /** Fewest replicas of each side. */
  readonly floor: number;
  readonly maxGpus: number;
  readonly budgetWatts: number;
  /** Nodes with a pod of somebody else on one GPU. */
  readonly strangers: number;
}

/** Constant traffic that changes a few times. */
export interface ScheduledTraffic {
  readonly islTokens: number;
  readonly oslTokens: number;
  /** Requests per second from a time on, in the order of the times. */
  readonly rates: readonly {
    readonly fromMs: number;
    readonly requestsPerSecond: number;
  }[];
}

/** Everything. */
export interface Schedule {
  /** Decides what is random while it runs: noise, order of events, which writes are lost. */
  readonly seed: number;
  readonly fleet: ScheduledFleet;
  readonly traffic: ScheduledTraffic;
  /** Truth ÷ model. */
  readonly secret: {
    readonly ttft: number;
    readonly itl: number;
    readonly powerPrefill: number;
    readonly powerDecode: number;
  };
  /** From a write to its answer, milliseconds. */
  readonly answerMs: number;
  /** Events of different objects overtake each other by up to so much, milliseconds. */
  readonly reorderMs: number;
  readonly faults: readonly Fault[];
}
