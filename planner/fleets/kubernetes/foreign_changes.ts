/** Replicas that somebody else has changed: noticed and told, not fought. Pure. @module */

import { PLANNER_FIELD_MANAGER } from "../../../cluster/mod.ts";
import type { Side } from "../../core/mod.ts";
import type { Scaler } from "./scaler.ts";

/** One change by somebody else. */
export interface ForeignChange {
  readonly side: Side;
  readonly from: number;
  readonly to: number;
  /** Who, as the API server notes it; undefined: it does not say. */
  readonly by: string | undefined;
}

/** Remembers what each scaler was set to, and what we have set it to. */
export class ForeignChanges {
  readonly #seen = new Map<Side, number>();
  readonly #ours = new Map<Side, Set<number>>();

  /** A write of ours goes out: a change to this number is ours. */
  expect(side: Side, replicas: number): void {
    const ours = this.#ours.get(side) ?? new Set();
    ours.add(replicas);
    // Writes without an answer pile up to a few at most.
    if (ours.size > 8) ours.delete([...ours][0] ?? replicas);
    this.#ours.set(side, ours);
  }

  /** Takes what a scaler is set to now. */
  take(side: Side, scaler: Scaler): ForeignChange | undefined {
    if (scaler.kind === "none" || scaler.replicas === undefined) {
      return undefined;
    }
    const from = this.#seen.get(side);
    const to = scaler.replicas;
    this.#seen.set(side, to);
    if (from === undefined || from === to) return undefined;
    const ours = this.#ours.get(side)?.delete(to) ?? false;
    if (ours || scaler.setBy === PLANNER_FIELD_MANAGER) return undefined;
    return { side, from, to, by: scaler.setBy };
  }
}
