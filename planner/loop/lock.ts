/** The decision lock: a decision and a change of the configuration never interleave (P7). @module */

import type { Clock } from "../../cluster/mod.ts";

/** One holder at a time, in the order of arrival. */
export class Lock {
  #held = false;
  readonly #waiting: (() => void)[] = [];

  /** Runs `work` while holding the lock. */
  async with<Result>(work: () => Promise<Result> | Result): Promise<Result> {
    await this.#take();
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  /** As {@linkcode with}; undefined, without running `work`, when the lock is not free within `milliseconds`. */
  async within<Result>(
    clock: Clock,
    milliseconds: number,
    work: () => Result,
  ): Promise<{ readonly result: Result } | undefined> {
    let gaveUp = false;
    const taken = this.#take().then(() => {
      if (gaveUp) this.#release();
      return true;
    });
    const timer = new AbortController();
    const got = await Promise.race([
      taken,
      clock.sleep(milliseconds, timer.signal).then(() => false),
    ]);
    timer.abort();
    if (!got) {
      gaveUp = true;
      return undefined;
    }
    try {
      return { result: work() };
    } finally {
      this.#release();
    }
  }

  #take(): Promise<void> {
    if (!this.#held) {
      this.#held = true;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#held = false;
  }
}
