/** Sends admission thresholds once a decision's configuration is applied (R18). @module */

import { type AdmissionCounters, AdmissionSetter } from "./admission/mod.ts";
import type { Clock } from "../cluster/mod.ts";
import type { Decision } from "./core/mod.ts";
import type { Environment } from "./environments/mod.ts";
import { type Faults, type LoopEvent, messageOf } from "./loop/mod.ts";
import type { MetricRegistry } from "./serve/mod.ts";

/** A configuration that still waits for watts after so long is as applied as it will be soon, milliseconds. */
const PATIENCE_MS = 30_000;

/** What it works with. */
export interface AdmitterOptions {
  readonly frontends: NonNullable<Environment["frontends"]>;
  readonly fallbackPort: number;
  readonly clock: Clock;
  readonly faults: Pick<Faults, "raise" | "clear">;
  readonly signal: AbortSignal;
}

/** Follows the loop; one apply at a time, and the newest decision wins. */
export class Admitter {
  readonly #options: AdmitterOptions;
  readonly #setter: AdmissionSetter;
  #waiting:
    | { readonly decision: Decision; readonly sinceMs: number }
    | undefined;
  #running: Promise<void> | undefined;

  constructor(options: AdmitterOptions) {
    this.#options = options;
    this.#setter = new AdmissionSetter({
      model: options.frontends.model,
      pods: options.frontends.pods,
      fallbackPort: options.fallbackPort,
      clock: options.clock,
    });
  }

  /** Takes one event of the loop. */
  readonly listener = (event: LoopEvent): void => {
    if (event.kind === "decided") {
      const { decision, madeAtMs } = event.record;
      this.#waiting = { decision, sinceMs: madeAtMs };
    }
    if (event.kind !== "staged" || !this.#waiting || this.#running) return;
    const { decision, sinceMs } = this.#waiting;
    const { lease } = event.snapshot;
    if (lease !== undefined && !lease.heldByUs && !event.withheld) return;
    if (!event.transition.settled && event.atMs - sinceMs < PATIENCE_MS) return;
    this.#waiting = undefined;
    this.#running = this.#apply(decision, {
      writes: event.withheld === undefined,
      atMs: event.atMs,
    }).finally(() => this.#running = undefined);
  };

  /** Brings the counts into the metrics. */
  collect(registry: MetricRegistry): void {
    const { set, failed, partial, listFailed }: AdmissionCounters =
      this.#setter.counters;
    registry.total("admissionPosts", set, { outcome: "set" });
    for (const [outcome, count] of Object.entries(failed)) {
      registry.total("admissionPosts", count, { outcome });
    }
    registry.total("admissionPartial", partial);
    registry.total("admissionListFailed", listFailed);
  }

  /** Resolves when the apply under way has ended. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #apply(
    { admission }: Decision,
    { writes, atMs }: { readonly writes: boolean; readonly atMs: number },
  ): Promise<void> {
    const { faults, signal } = this.#options;
    try {
      const result = await this.#setter.apply(admission, { writes, signal });
      switch (result.kind) {
        case "list_failed":
          return faults.raise("admission", result.message, atMs);
        case "posted": {
          const failed = result.outcomes.flatMap((one) =>
            one.kind === "failed" ? [`${one.pod}: ${one.message}`] : []
          );
          return failed.length === 0
            ? faults.clear("admission", atMs)
            : faults.raise("admission", failed.slice(0, 5).join(" "), atMs);
        }
        case "nothing_to_post":
        case "withheld":
          return;
      }
    } catch (error) {
      if (!signal.aborted) faults.raise("admission", messageOf(error), atMs);
    }
  }
}
