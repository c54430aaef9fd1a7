/** What the loop tells: one event for each thing that happened, as data. @module */

import type {
  Decision,
  Due,
  FleetSnapshot,
  Observation,
  PerSide,
  Step,
  StepOutcome,
  Transition,
} from "../core/mod.ts";
import type { Fault, FaultChange } from "./faults.ts";
import type { InForce } from "./settings.ts";

/** One decision with everything around it. */
export interface PlanRecord {
  readonly decision: Decision;
  /** When it was made, milliseconds on the loop's clock. */
  readonly madeAtMs: number;
  readonly due: Due;
  readonly inForce: InForce;
  readonly durationMs: number;
  /** Replicas that an earlier decision set and that are still pursued, by side. */
  readonly carried: PerSide<number>;
  readonly faults: readonly Fault[];
  /** The newest transition towards its targets; undefined while the fleet is unknown. */
  readonly transition: Transition | undefined;
}

/** One event. */
export type LoopEvent =
  | { readonly kind: "started"; readonly atMs: number }
  | { readonly kind: "observed"; readonly observation: Observation }
  /** Complete: the first transition towards its targets is in it. */
  | { readonly kind: "decided"; readonly record: PlanRecord }
  /** A look at the fleet and the ledger after it. */
  | {
    readonly kind: "staged";
    readonly snapshot: FleetSnapshot;
    readonly transition: Transition;
    /** The decision that it leads to. */
    readonly sequence: number;
    /** Steps, waits or alarms are others than at the last look. */
    readonly changed: boolean;
    /** The steps are listed and not carried out. */
    readonly withheld: "advisory" | "paused" | undefined;
    /** On the loop's clock. */
    readonly atMs: number;
  }
  | {
    readonly kind: "step";
    readonly step: Step;
    readonly outcome: StepOutcome;
    readonly atMs: number;
  }
  | { readonly kind: "fault"; readonly change: FaultChange }
  | {
    readonly kind: "settings";
    readonly inForce: InForce;
    readonly atMs: number;
  }
  | { readonly kind: "tick_skipped"; readonly ticks: number }
  | { readonly kind: "tick_timeout" }
  | { readonly kind: "clock_jump"; readonly seconds: number }
  | { readonly kind: "stopped"; readonly atMs: number };

/** Takes events; must not throw and must not wait. */
export type Listener = (event: LoopEvent) => void;
