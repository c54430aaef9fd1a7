/** The port to what can be scaled and capped. @module */

import type { Decision } from "../core/mod.ts";

/** A fleet takes decisions. The planner never calls it while `advisory` or `paused` is set. */
export interface Fleet {
  /** How messages call it. */
  readonly name: string;
  /** Makes the targets of a decision so. */
  apply(decision: Decision): Promise<void>;
}
