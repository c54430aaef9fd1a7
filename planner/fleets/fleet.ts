/** The port to what can be scaled and capped: a snapshot in, one step at a time out. @module */

import type { FleetSnapshot, Step, StepOutcome } from "../core/mod.ts";

/**
 * A fleet. The planner never calls `apply` while `advisory` or `paused` is set; a fleet does nothing that it was not
 * told by a step.
 */
export interface Fleet {
  /** How messages call it. */
  readonly name: string;
  /** @throws {WattkeeperError} when the fleet cannot be read; the loop then holds and says so */
  snapshot(signal: AbortSignal): Promise<FleetSnapshot>;
  /** Never throws for what a server answers; that is an outcome. */
  apply(step: Step, signal: AbortSignal): Promise<StepOutcome>;
  /** Resolves when the snapshot may have changed since the last call of `snapshot`, or the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
}
