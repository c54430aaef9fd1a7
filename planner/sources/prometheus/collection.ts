/** One collection: queries side by side, their failures as problems of one observation. @module */

import type { SourceProblem } from "../../core/mod.ts";
import type { QueryAnswer, Sample } from "./answer.ts";
import { QueryError } from "./query_error.ts";

/** Asks one query. */
export type Ask = (promql: string) => Promise<QueryAnswer>;

/** More problems than anyone reads. */
const MOST_PROBLEMS = 20;

/** Collects answers and what went wrong with them. */
export class Collection {
  readonly #ask: Ask;
  readonly #problems = new Map<string, SourceProblem>();

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** What went wrong, each kind of failure of a thing once. */
  get problems(): readonly SourceProblem[] {
    return [...this.#problems.values()].slice(0, MOST_PROBLEMS);
  }

  /** Notes a problem. */
  tell(kind: SourceProblem["kind"], what: string, message: string): void {
    // One server that is down is one problem, not one a query.
    const key = kind === "not_a_number" || kind === "partial" ||
        kind === "stale"
      ? `${kind} ${what}`
      : `${kind} ${message}`;
    if (!this.#problems.has(key)) {
      this.#problems.set(key, { kind, what, message });
    }
  }

  /** Series of an answer; undefined when there was none, which is a problem already told. */
  async samples(
    what: string,
    promql: string,
  ): Promise<readonly Sample[] | undefined> {
    let answer: QueryAnswer;
    try {
      answer = await this.#ask(promql);
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      this.tell(error.kind, what, error.message);
      return undefined;
    }
    if (answer.malformed > 0) {
      this.tell(
        "bad_answer",
        what,
        `${answer.malformed} series of ${what} could not be read and were left out.`,
      );
    }
    const [warning] = answer.warnings;
    if (warning !== undefined) {
      this.tell("partial", what, `Prometheus warns: ${warning.slice(0, 200)}`);
    }
    return answer.samples;
  }

  /**
   * Finite values of an answer, and whether there were others. Missing series are an empty list: nothing is there, which
   * is not a failure.
   */
  async finite(
    what: string,
    promql: string,
  ): Promise<FiniteValues | undefined> {
    const samples = await this.samples(what, promql);
    if (samples === undefined) return undefined;
    const values = samples.map(({ value }) => value).filter(Number.isFinite);
    return { values, otherwise: samples.length - values.length };
  }
}

/** Values of a query that are numbers, and how many are not. */
export interface FiniteValues {
  readonly values: readonly number[];
  /** Series whose value is NaN or infinite. */
  readonly otherwise: number;
}

/** Mean; undefined of nothing. */
export function meanOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : sumOf(values) / values.length;
}

/** Sum. */
export function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
