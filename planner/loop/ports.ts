/** What the loop stands on: time, a source, the pure functions, a place for its memory. @module */

import type { Clock } from "../../cluster/mod.ts";
import type { PlannerConfig } from "../config/mod.ts";
import type {
  CapacityModel,
  Decision,
  FleetSnapshot,
  Observation,
  PerSide,
  PlannerState,
  SideInventory,
  SideTarget,
  Step,
  StepOutcome,
  Transition,
} from "../core/mod.ts";

/** Monotonic time to wait by, and the wall clock to tell people the time. */
export interface LoopClock extends Clock {
  /** Milliseconds since 1970 as the machine believes; may jump both ways. */
  wallMs(): number;
}

/** Which kinds of scaling a tick is for; neither: only the configuration changed. */
export interface Due {
  readonly throughput: boolean;
  readonly load: boolean;
}

/** What the loop asks a source. */
export interface ObserveRequest {
  /** The window that ends now, seconds: the throughput interval when that is due, else the load interval (P14). */
  readonly windowSeconds: number;
  readonly due: Due;
  /** End of the window, milliseconds on the loop's clock. */
  readonly atMs: number;
}

/** A live source of traffic. */
export interface LiveSource {
  /** How messages call it: `Prometheus at http://…`. */
  readonly name: string;
  /**
   * The last window. What the source cannot say is undefined with a problem; a throw means the same for everything.
   */
  observe(request: ObserveRequest, signal: AbortSignal): Promise<Observation>;
}

/** What a decision looks at besides the state. */
export interface DecideInput {
  readonly nowMs: number;
  readonly due: Due;
  readonly observation: Observation;
  readonly inventory: PerSide<SideInventory>;
  readonly config: PlannerConfig;
  readonly model: CapacityModel;
}

/** What the ledger stages from. */
export interface StageInput {
  readonly snapshot: FleetSnapshot;
  readonly targets: readonly SideTarget[];
  readonly config: PlannerConfig;
  readonly budgetWatts: number | undefined;
  readonly nowMs: number;
}

/** The pure functions that the loop calls; the ledger is a value that only they look into. */
export interface Brain<Ledger> {
  decide(
    state: PlannerState,
    input: DecideInput,
  ): Decided | Promise<Decided>;
  /** The ledger of a new process: nothing is known, everything is rebuilt from the fleet (C14). */
  emptyLedger(): Ledger;
  stage(
    ledger: Ledger,
    input: StageInput,
  ): { readonly ledger: Ledger; readonly transition: Transition };
  settle(
    ledger: Ledger,
    step: Step,
    outcome: StepOutcome,
    nowMs: number,
  ): Ledger;
}

/** What a decision returns. */
export interface Decided {
  readonly state: PlannerState;
  readonly decision: Decision;
}

/** Where the planner's state survives a restart. */
export interface StateStore {
  /** Keeps the newest state; resolves when it is durable. */
  save(saved: SavedState): Promise<void>;
}

/** What survives a restart: coefficients, history, last targets, the decision number. Never the ledger (C14). */
export interface SavedState {
  /** The loop's time of the save; time goes on from here after a restart. */
  readonly nowMs: number;
  readonly state: PlannerState;
}
