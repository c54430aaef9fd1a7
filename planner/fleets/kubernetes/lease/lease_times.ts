/** How long things about the Lease may take. @module */

/** Milliseconds. */
export interface LeaseTimes {
  /** A holder whose Lease has not changed for so long, on the watcher's own clock, has lost it. */
  readonly durationMs: number;
  /** A holder that has not renewed for so long, on its own clock, writes nothing any more. */
  readonly renewDeadlineMs: number;
  /** Between two renewals. */
  readonly renewMs: number;
  /** Between two looks of one who waits, and between two tries of one whose renewal failed. */
  readonly retryMs: number;
}

/** The usual ones: two clocks that run at the same speed suffice, whatever time they show. */
export const LEASE_TIMES: LeaseTimes = {
  durationMs: 15_000,
  renewDeadlineMs: 10_000,
  renewMs: 5_000,
  retryMs: 2_000,
};
