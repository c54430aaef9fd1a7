/** The bounded log of decisions in memory (R24). @module */

import { type Json, type PlanRecord, recordJson } from "../loop/mod.ts";

/** Decisions that are kept; at 5 s a little over an hour, at 180 s two days. */
export const KEPT_DECISIONS = 1000;

/** A page, newest first. */
export interface DecisionPage {
  readonly decisions: readonly Json[];
  /** Id to pass as `before` for the next page; null: this is the last. */
  readonly nextBefore: number | null;
}

/** Records by id, oldest dropped first. */
export class DecisionStore {
  readonly #kept = new Map<number, Json>();
  readonly #most: number;

  constructor(most = KEPT_DECISIONS) {
    this.#most = most;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Adds a decision, or replaces what is known about it. @returns the record */
  put(record: PlanRecord): Json {
    const json = recordJson(record);
    const id = record.decision.sequence;
    const isNew = !this.#kept.has(id);
    this.#kept.set(id, json);
    if (isNew && this.#kept.size > this.#most) {
      const [oldest] = this.#kept.keys();
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
    return json;
  }

  get(id: number): Json | undefined {
    return this.#kept.get(id);
  }

  /** @param before only older ones than this id */
  page(limit: number, before = Infinity): DecisionPage {
    const older = [...this.#kept].filter(([id]) => id < before);
    const shown = older.slice(-limit).reverse();
    const last = shown.at(-1)?.[0];
    return {
      decisions: shown.map(([, json]) => json),
      nextBefore: older.length > shown.length && last !== undefined
        ? last
        : null,
    };
  }
}
