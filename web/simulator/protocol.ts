/** What page and simulator say to each other. @module */

import type {
  comparisonRecord,
  PolicyRun,
  Resolution,
  ScoreLine,
} from "../../proof/portable.ts";
import type { ToldError } from "../worker/protocol.ts";

/** What is simulated, in the words of `simulate`. */
export interface SimulationQuestion {
  /** Text of the planner configuration. */
  readonly planner: string;
  /** Undefined: a made-up day. */
  readonly trace: File | undefined;
  readonly speed: number;
  readonly copies: number;
  readonly seed: number;
  /** Undefined: a day, or as long as the trace is. */
  readonly hours: number | undefined;
  readonly resolution: Resolution;
}

/** From the page. */
export type ToSimulator =
  | { readonly kind: "simulate"; readonly question: SimulationQuestion }
  | { readonly kind: "ping" };

/** From the simulator; one question is all that it answers. */
export type FromSimulator =
  | { readonly kind: "pong" }
  /** Everything is read, and time begins. */
  | {
    readonly kind: "started";
    /** The rows, still empty. */
    readonly table: readonly ScoreLine[];
    readonly traffic: string;
    readonly dataVersion: string;
    readonly targets: { readonly ttftMs: number; readonly itlMs: number };
  }
  | {
    readonly kind: "progress";
    /** Policies that are done, the last in part. */
    readonly done: number;
    readonly of: number;
    readonly label: string;
  }
  /** A policy is done; the table has all that are. */
  | {
    readonly kind: "run";
    readonly run: PolicyRun;
    readonly table: readonly ScoreLine[];
  }
  | { readonly kind: "done"; readonly result: SimulationResult }
  | { readonly kind: "failed"; readonly error: ToldError };

/** The whole answer, as `simulate --output json` and `csv` have it. */
export interface SimulationResult {
  readonly record: ReturnType<typeof comparisonRecord>;
  readonly csv: string;
}
