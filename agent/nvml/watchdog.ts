/** Deadlines of many short calls with one timer: a timer for each call would cost more than the call. @module */

import type { Clock } from "../ports.ts";

/** A call that is waited for. */
export interface WatchedCall {
  /** Called once if the call is not {@linkcode Watchdog.done} in time. */
  readonly expire: () => void;
  /** The clock's time at which it is given up, milliseconds. */
  readonly atMs: number;
}

/** Gives up calls that take longer than one fixed time. */
export class Watchdog {
  /** In the order of their deadlines, for all have the same time. */
  readonly #watched = new Set<WatchedCall>();
  #sleeping = false;
  #waking = new AbortController();

  constructor(
    private readonly clock: Clock,
    /** Milliseconds after which a call is given up. */
    readonly deadlineMs: number,
  ) {}

  watch(expire: () => void): WatchedCall {
    const call = { expire, atMs: this.clock.now() + this.deadlineMs };
    this.#watched.add(call);
    if (!this.#sleeping) this.#sleep(this.deadlineMs);
    return call;
  }

  done(call: WatchedCall): void {
    this.#watched.delete(call);
  }

  /** Lets the process end: no timer is left, unless a call is still waited for. */
  rest(): void {
    if (this.#watched.size > 0) return;
    this.#waking.abort();
    this.#waking = new AbortController();
  }

  /** Sleeps on after the last call: the timer that is there serves the next one. */
  #sleep(milliseconds: number): void {
    this.#sleeping = true;
    this.clock.sleep(milliseconds, this.#waking.signal).then(() => {
      const now = this.clock.now();
      for (const call of [...this.#watched]) {
        if (call.atMs > now) break;
        this.#watched.delete(call);
        call.expire();
      }
      this.#sleeping = false;
      const [next] = this.#watched;
      if (next) this.#sleep(Math.max(next.atMs - now, 0));
    });
  }
}
