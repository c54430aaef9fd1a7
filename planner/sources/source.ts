/** The port of a traffic source. @module */

import type { Observation } from "../core/mod.ts";

/** Which window is asked for, and what it is for. */
export interface ObservationRequest {
  /** End of the window, milliseconds on the clock of the loop. A live source takes its own now for it. */
  readonly atMs: number;
  readonly windowSeconds: number;
  /** Which kinds of scaling decide on it; a source asks only for what they need (P14). */
  readonly due: { readonly throughput: boolean; readonly load: boolean };
}

/** Where observations come from: Prometheus, a trace, a simulation. */
export interface TrafficSource {
  /** How messages call it: `Prometheus at http://prometheus:9090`. */
  readonly name: string;
  /**
   * One window. What the source cannot say is undefined with a problem; it throws only when `signal` aborts.
   *
   * @throws the signal's reason
   */
  observe(
    request: ObservationRequest,
    signal: AbortSignal,
  ): Promise<Observation>;
}
