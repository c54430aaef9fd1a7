/** Gathers how far one engine is from another over many questions. @module */

import type { Question } from "./queries.ts";
import { type Answer, isAnswer, type Verdict } from "./verdict.ts";

/** Figures below this are rounding residue of zero. */
const TINY = 1e-9;

/** One question with both replies. */
export interface Judged {
  readonly question: Question;
  readonly expected: Verdict;
  readonly actual: Verdict;
  /** Largest relative error of a figure; infinite when one side refuses and the other answers. */
  readonly error: number;
  /** The figure it belongs to, or what the refusals say. */
  readonly because: string;
}

/** Judges one pair of replies. */
export function judge(
  question: Question,
  expected: Verdict,
  actual: Verdict,
): Judged {
  const pair = { question, expected, actual };
  if (isAnswer(expected) && isAnswer(actual)) {
    return {
      ...pair,
      ...worstFigure(
        { ...expected.values, ...shares(expected, actual) },
        { ...actual.values, ...shares(actual, expected) },
      ),
    };
  }
  if (!isAnswer(expected) && !isAnswer(actual)) {
    const agrees = actual.codes.some((code) => expected.codes.includes(code));
    const because =
      `${expected.message} | ${actual.codes.join()}: ${actual.message}`;
    return { ...pair, error: agrees ? 0 : Infinity, because };
  }
  const because = isAnswer(expected)
    ? `answered, but ours refuses: ${isAnswer(actual) ? "" : actual.message}`
    : `refused, but ours answers: ${expected.message}`;
  return { ...pair, error: Infinity, because };
}

/** Latency and energy by operator, those of one name together; nothing when the other side has no breakdown. */
function shares(
  { operators = [] }: Answer,
  other: Answer,
): Record<string, number> {
  const found: Record<string, number> = {};
  if (other.operators === undefined) return found;
  for (const { name, ms, wms } of operators) {
    found[`${name} ms`] = (found[`${name} ms`] ?? 0) + ms;
    found[`${name} wms`] = (found[`${name} wms`] ?? 0) + wms;
  }
  return found;
}

/** Relative error of two figures. */
export function relativeError(expected: number, actual: number): number {
  const difference = Math.abs(actual - expected);
  if (difference <= TINY) return 0;
  const error = difference / Math.max(Math.abs(expected), TINY);
  return Number.isNaN(error) ? Infinity : error;
}

function worstFigure(
  expected: Readonly<Record<string, number>>,
  actual: Readonly<Record<string, number>>,
) {
  let error = 0;
  let because = "";
  for (const [name, value] of Object.entries(expected)) {
    const found = actual[name] ?? NaN;
    const off = relativeError(value, found);
    if (off <= error) continue;
    error = off;
    because = `${name}: expected ${value}, found ${found}`;
  }
  return { error, because };
}

/** Judgements with their summary. */
export class Comparison {
  readonly judged: Judged[] = [];

  add(judged: Judged): void {
    this.judged.push(judged);
  }

  /** Questions that the expected side answers. */
  get answered(): readonly Judged[] {
    return this.judged.filter((it) => isAnswer(it.expected));
  }

  /** Refusals of one side only, or with another code. */
  get disagreements(): readonly Judged[] {
    return this.judged.filter((it) => it.error === Infinity);
  }

  /** The error below which the given share of the answered questions lies. */
  quantile(share: number): number {
    const errors = this.answered.map((it) => it.error).sort((a, b) => a - b);
    const at = Math.min(errors.length - 1, Math.floor(share * errors.length));
    return errors[at] ?? 0;
  }

  /** Judgements from the worst down. */
  worst(count: number): readonly Judged[] {
    return [...this.judged].sort((a, b) => b.error - a.error).slice(0, count);
  }

  /** Two lines for a log, and the worst case. */
  summary(): string {
    const { judged, answered } = this;
    const [worst] = this.worst(1);
    return [
      `${judged.length} questions: ${answered.length} answered, ${
        judged.length - answered.length
      } refused; ` +
      `${this.disagreements.length} disagreements`,
      `median ${this.quantile(0.5).toExponential(2)}, p99 ${
        this.quantile(0.99).toExponential(2)
      }, ` +
      `worst ${worst === undefined ? "none" : worst.error.toExponential(2)}`,
      worst === undefined || worst.error === 0 ? "" : describe(worst),
    ].filter((line) => line !== "").join("\n");
  }
}

/** One judgement in words. */
export function describe({ question, error, because }: Judged): string {
  return `${error.toExponential(2)} ${because}\n  ${JSON.stringify(question)}`;
}
