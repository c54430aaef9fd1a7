/** Random questions to the peer and to one of our engines, gathered and judged. @module */

import assert from "node:assert/strict";
import { askPeer } from "../../peer/ask_peer.ts";
import { Comparison, describe, judge } from "../../peer/comparison.ts";
import type { Peer } from "../../peer/peer.ts";
import {
  type Question,
  type QuestionScope,
  randomQuestions,
} from "../../peer/queries.ts";
import { Random } from "../../peer/random.ts";
import { isAnswer, type Verdict } from "../../peer/verdict.ts";

/** Which questions, how many, and how long at most. */
export interface PeerRun {
  readonly peer: Peer;
  readonly scope: QuestionScope;
  /** Draws the questions; `chooseSeed` once a test, so that the identities repeat too. */
  readonly seed: number;
  readonly count: number;
  /** Systems folder of the peer; absent: its own. */
  readonly systemsPath?: string;
  /** No further question after this time. */
  readonly budgetMs: number;
  readonly ask: (question: Question) => Promise<Verdict>;
}

/** Asks both and prints what came out. */
export async function comparePeer(
  { peer, scope, seed, count, systemsPath, budgetMs, ask }: PeerRun,
): Promise<Comparison> {
  const names = scope.tables.map(({ system, backend, version }) =>
    `${system}/${backend}/${version}`
  );
  console.log(`WATTKEEPER_SEED=${seed} over ${names.join(", ")}`);
  const comparison = new Comparison();
  const questions = randomQuestions(new Random(seed), scope);
  const end = performance.now() + budgetMs;
  for (let asked = 0; asked < count && performance.now() < end; asked++) {
    const question = questions.next().value;
    const [expected, actual] = await Promise.all([
      askPeer(peer, question, systemsPath),
      ask(question),
    ]);
    comparison.add(judge(question, withOurReading(question, expected), actual));
  }
  console.log(comparison.summary());
  return comparison;
}

/** Refusals of ours that are right too where the peer names another of two reasons. */
function withOurReading(
  { engine, ask }: Question,
  expected: Verdict,
): Verdict {
  if (isAnswer(expected)) return expected;
  const { model, quant, databaseMode } = engine;
  const wantsFp4 = model.includes("NVFP4") || quant?.gemm === "nvfp4" ||
    quant?.moe === "nvfp4";
  // nvfp4 before Blackwell: asked through its engine handle the peer misses the fp4 rate; asked through its estimate
  // it first turns the mode into a weight-only one, and then misses the rows.
  const missesRate = wantsFp4 && databaseMode === "SILICON" &&
    expected.codes.includes("not_measured");
  // A wish that cannot be met may be noticed before or after rows that are missing.
  const isBadWish = quant?.fmha === "fp8" ||
    "prefix" in ask && ask.prefix >= ask.isl;
  return {
    ...expected,
    codes: [
      ...expected.codes,
      ...(missesRate ? ["missing_flops"] as const : []),
      ...(isBadWish ? ["invalid_value"] as const : []),
    ],
  };
}

/** What issue and specification ask of the comparison. */
export function assertAgreement(comparison: Comparison): void {
  const failures = comparison.judged.filter((it) => it.error > 0.01).map(
    describe,
  );
  assert.deepEqual(failures, [], "past 1 %, or another refusal");
  assert.ok(
    comparison.quantile(0.99) <= 0.001,
    "the 99th percentile is past 0.1 %",
  );
}
