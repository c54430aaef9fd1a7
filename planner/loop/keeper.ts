/** Saves the state now and then, one save at a time; a failing disk never stops the loop. @module */

import type { SavedState, StateStore } from "./ports.ts";

/** Keeps the newest state that was offered. */
export class Keeper {
  readonly #store: StateStore | undefined;
  readonly #restMs: number;
  readonly #result: (error: unknown) => void;
  #newest: SavedState | undefined;
  #savedSequence = -1;
  #savedAtMs = -Infinity;
  #saving: Promise<void> | undefined;

  /** @param result called after each save, with the error of one that failed */
  constructor(
    store: StateStore | undefined,
    restMs: number,
    result: (error: unknown) => void,
  ) {
    this.#store = store;
    this.#restMs = restMs;
    this.#result = result;
  }

  /** Takes a state; it is saved when the last save is long enough ago and a decision was made since. */
  offer(saved: SavedState): void {
    this.#newest = saved;
    if (saved.nowMs - this.#savedAtMs >= this.#restMs) this.#start();
  }

  /** Saves the newest state; resolves when it is durable, or has failed. */
  async flush(): Promise<void> {
    await this.#saving;
    this.#start();
    await this.#saving;
  }

  #start(): void {
    const saved = this.#newest;
    if (!this.#store || this.#saving || !saved) return;
    if (saved.state.sequence === this.#savedSequence) return;
    this.#savedAtMs = saved.nowMs;
    this.#saving = this.#store.save(saved).then(
      () => {
        this.#savedSequence = saved.state.sequence;
        this.#result(undefined);
      },
      (error: unknown) => this.#result(error ?? new Error("unknown")),
    ).finally(() => this.#saving = undefined);
  }
}
