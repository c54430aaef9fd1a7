/** The port of a traffic source. @module */

import type { Observation } from "../core/mod.ts";

/** Where observations come from. */
export interface TrafficSource {
  /** How messages call it: `trace azure.csv`. */
  readonly name: string;
  /** The windows that can be observed, in the order of time; a live source never ends. */
  observe(signal: AbortSignal): AsyncIterable<Observation>;
}
