/** When a report goes out: on change, one a second; lowers and frees at once; and every 10 s (R40, C26). @module */

import type { Clock } from "./ports.ts";

const COALESCE_MS = 1_000;
const HEARTBEAT_MS = 10_000;

/** Decides when to send; the caller makes and sends. */
export class ReportPacing {
  #essence: string | undefined;
  #sentAtMs: number | undefined;
  #pending = false;
  #urgent = false;

  constructor(private readonly clock: Clock) {}

  /** Takes note of the state after a pass. */
  note(essence: string, urgent: boolean): void {
    if (essence !== this.#essence) this.#pending = true;
    this.#essence = essence;
    this.#urgent ||= urgent;
  }

  /** Milliseconds until a report is due; 0 or less: now. */
  dueInMs(): number {
    if (this.#sentAtMs === undefined || this.#urgent) return 0;
    const since = this.clock.now() - this.#sentAtMs;
    return (this.#pending ? COALESCE_MS : HEARTBEAT_MS) - since;
  }

  /** @returns whether it was urgent */
  sent(): boolean {
    const urgent = this.#urgent;
    this.#sentAtMs = this.clock.now();
    this.#pending = false;
    this.#urgent = false;
    return urgent;
  }
}
