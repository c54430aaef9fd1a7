/** What page and worker say to each other. @module */

import type {
  CapRange,
  FleetCandidate,
  FleetResult,
  PackIdentity,
  Relaxation,
  SystemSpec,
  WattsPoint,
} from "../../optimizer-wasm/portable.ts";
import type { FleetPart } from "../plan/fleet_members.ts";
import type { PlanQuestion } from "../plan/question.ts";

/** From the page. */
export type ToWorker =
  /** A question; it supersedes every earlier one. */
  | {
    readonly kind: "ask";
    readonly id: number;
    readonly question: PlanQuestion;
  }
  /** Packs were added or removed in the browser's storage. */
  | { readonly kind: "packs_changed" }
  | { readonly kind: "check_pack"; readonly id: number; readonly file: File }
  | { readonly kind: "read_trace"; readonly id: number; readonly file: File }
  | { readonly kind: "ping"; readonly id: number };

/** From the worker. */
export type FromWorker =
  | { readonly kind: "ready"; readonly startMs: number }
  | { readonly kind: "pong"; readonly id: number }
  | { readonly kind: "answer"; readonly id: number; readonly part: AnswerPart }
  | { readonly kind: "failed"; readonly id: number; readonly error: ToldError }
  | { readonly kind: "pack"; readonly id: number; readonly pack: StoredPack }
  | { readonly kind: "trace"; readonly id: number; readonly trace: TraceShape };

/** An error as a person reads it. */
export interface ToldError {
  readonly code: string;
  /** `WK102`; undefined for a fault of the program. */
  readonly number: string | undefined;
  readonly message: string;
  readonly remedy: string | undefined;
  readonly where: string | undefined;
}

/** Answers come in parts, the best fleet first. */
export type AnswerPart =
  | {
    readonly part: "best";
    readonly result: FleetResult;
    readonly capRange: CapRange;
    readonly idle: string | undefined;
    readonly draws: readonly SideDraw[];
    readonly loadMs: number;
  }
  | {
    readonly part: "relaxations";
    readonly relaxations: readonly Relaxation[];
  }
  | { readonly part: "comparison"; readonly rows: readonly ComparedFleet[] }
  | {
    readonly part: "watts";
    /** The points of `sweep`, and the same with the phase changes looked up between them. */
    readonly points: readonly WattsPoint[];
    readonly finer: readonly WattsPoint[];
  }
  | { readonly part: "users"; readonly points: readonly FleetCandidate[] }
  | { readonly part: "caps"; readonly curves: readonly CapCurve[] }
  | { readonly part: "done"; readonly frontierMs: number };

/** Names of the parts. */
export type PartName = AnswerPart["part"];

/** What one GPU of a side draws uncapped, with the ends of its interval (R53), watts. */
export interface SideDraw {
  readonly side: FleetPart;
  readonly lowWatts: number;
  readonly meanWatts: number;
  readonly highWatts: number;
  /** Lowest cap that costs nothing. */
  readonly freeCapWatts: number | undefined;
}

/** One policy beside the plan. */
export interface ComparedFleet {
  readonly policy: "plan" | "equal_caps" | "own_draw" | "uncapped";
  /** The one cap of all GPUs, where there is one. */
  readonly capWatts: number | undefined;
  /** Undefined: this policy has no fleet inside the limits. */
  readonly fleet: FleetCandidate | undefined;
  readonly why: string | undefined;
}

/** A side of the best fleet at every cap, at its batch. */
export interface CapCurve {
  readonly side: FleetPart;
  readonly batchSize: number;
  readonly chosenWatts: number | undefined;
  /** Lowest cap that costs nothing: the upper end of the own draw. */
  readonly freeCapWatts: number;
  /** Caps below are beyond what curves were measured for (R17). */
  readonly measuredFromWatts: number;
  readonly points: readonly CapPoint[];
}

/** One cap. */
export interface CapPoint {
  readonly capWatts: number;
  readonly drawWatts: number;
  /** TTFT of prefill, ITL of decode, ITL of aggregated workers. */
  readonly latencyMs: number;
  readonly latencyError: number;
  /** Undefined where the time at the cap was measured. */
  readonly clock: number | undefined;
}

/** A pack in the browser's storage. */
export interface StoredPack extends PackIdentity {
  readonly key: string;
  readonly fileName: string;
  readonly bytes: number;
  readonly poweredLeaves: number;
  readonly leaves: number;
  /** Its rows are those at one lower power limit, which stand beside the identity's own (R17). */
  readonly limitWatts: number | undefined;
  readonly systemSpec: SystemSpec;
}

/** What a trace asks for. */
export interface TraceShape {
  readonly name: string;
  readonly format: string;
  readonly requests: number;
  readonly spanSeconds: number;
  readonly meanIsl: number;
  readonly meanOsl: number;
  /** Requests a second over the whole trace, and in its busiest window. */
  readonly meanRate: number;
  readonly peakRate: number;
  readonly windowSeconds: number;
  readonly badLines: number;
}
