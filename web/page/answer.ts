/** What is known of the answer so far. @module */

import type { AnswerPart, PartName } from "../worker/protocol.ts";
import type { PlanQuestion } from "../plan/question.ts";
import {
  type SweepAnswer,
  sweepRecord,
} from "../../optimizer-wasm/portable.ts";

/** The parts that have arrived, each of one question. */
export type Answer =
  & { readonly question: PlanQuestion }
  & { readonly [Name in PartName]?: Extract<AnswerPart, { part: Name }> };

/** One part more; parts that will come anew stay away until they do. */
export function withPart(answer: Answer, part: AnswerPart): Answer {
  return { ...answer, [part.part]: part };
}

/** The answer as `sweep --output json` writes it; undefined until every part of it is there. */
export function sweepAnswerOf(answer: Answer): SweepAnswer | undefined {
  const { question: { space, query }, best, relaxations, watts, users, done } =
    answer;
  if (!best || !done) return undefined;
  return {
    space,
    query,
    result: best.result,
    loadMs: best.loadMs,
    frontierMs: done.frontierMs,
    userFrontier: users?.points ?? [],
    wattsFrontier: query.budgetWatts === undefined ? [] : watts?.points ?? [],
    relaxations: relaxations?.relaxations ?? [],
  };
}

/** The record, for a file. */
export function answerJson(answer: SweepAnswer): string {
  return `${JSON.stringify(sweepRecord(answer), null, 2)}\n`;
}
