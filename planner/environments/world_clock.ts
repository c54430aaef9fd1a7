/** The clock of a simulated world: time that somebody drives, as fast as they like. @module */

import type { LoopClock } from "../loop/mod.ts";
import { turn } from "./turn.ts";

/** What moves with the clock. */
interface Moves {
  /** Milliseconds since the world began. */
  readonly nowMs: number;
  /** When something that somebody waits for happens in it by itself; infinite when nothing does. */
  readonly nextEventMs?: number;
  advance(milliseconds: number): void;
}

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** Whoever sleeps on it wakes in the order of the simulated times, however fast they pass. */
export class WorldClock implements LoopClock {
  readonly #world: Moves;
  readonly #startMs: number;
  readonly #sleepers = new Set<Sleeper>();

  /** @param startMs wall time at which the world begins, milliseconds since 1970 */
  constructor(world: Moves, startMs: number) {
    this.#world = world;
    this.#startMs = startMs;
  }

  now(): number {
    return this.#world.nowMs;
  }

  wallMs(): number {
    return this.#startMs + this.#world.nowMs;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper = { dueMs: this.now() + Math.max(0, milliseconds), wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }

  /** Moves the world to a time; everybody who wakes on the way has done what they do before time goes on. */
  async runTo(targetMs: number, signal?: AbortSignal): Promise<void> {
    await turn();
    while (this.now() < targetMs && !signal?.aborted) {
      const next = this.#next();
      const stopMs = Math.min(
        targetMs,
        next?.dueMs ?? targetMs,
        // An answer is heard when it comes.
        Math.max(this.now() + 1, this.#world.nextEventMs ?? targetMs),
      );
      if (stopMs > this.now()) this.#world.advance(stopMs - this.now());
      for (
        let due = this.#next();
        due && due.dueMs <= this.now();
        due = this.#next()
      ) due.wake();
      await turn();
    }
  }

  #next(): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (!first || sleeper.dueMs < first.dueMs) first = sleeper;
    }
    return first;
  }
}
