/** Time that only a test moves. @module */

import type { Clock } from "../../../cluster/clock.ts";

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until {@linkcode VirtualClock.advance}. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  readonly #sleepers = new Set<Sleeper>();
  #arrivals: (() => void)[] = [];

  now(): number {
    return this.#nowMs;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper = { dueMs: this.#nowMs + milliseconds, wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", wake, { once: true });
      for (const arrive of this.#arrivals.splice(0)) arrive();
    });
  }

  /** How long until each sleeper wakes, milliseconds, soonest first. */
  get pendingMs(): number[] {
    return [...this.#sleepers].map((sleeper) => sleeper.dueMs - this.#nowMs)
      .sort((a, b) => a - b);
  }

  /** Resolves once somebody sleeps. */
  async untilSleeping(): Promise<void> {
    while (this.#sleepers.size === 0) {
      await new Promise<void>((resolve) => this.#arrivals.push(resolve));
    }
  }

  /** Moves time, waking sleepers in the order of their times. */
  advance(milliseconds: number): void {
    const target = this.#nowMs + milliseconds;
    while (true) {
      const due = [...this.#sleepers].filter((s) => s.dueMs <= target)
        .sort((a, b) => a.dueMs - b.dueMs)[0];
      if (due === undefined) break;
      this.#nowMs = due.dueMs;
      due.wake();
    }
    this.#nowMs = target;
  }
}
