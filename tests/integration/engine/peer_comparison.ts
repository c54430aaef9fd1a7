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
import { chooseSeed, Random } from "../../peer/random.ts";
import { isAnswer, type Verdict } from "../../peer/verdict.ts";

/** Which questions, how many, and how long at most. */
export interface PeerRun {
  readonly peer: Peer;
  readonly scope: QuestionScope;
  readonly count: number;
  /** Systems folder of the peer; absent: its own. */
  readonly systemsPath?: string;
  /** No further question after this time. */
  readonly budgetMs: number;
  readonly ask: (question: Question) => Promise<Verdict>;
}

/** Asks both and prints what came out. */
export async function comparePeer(
  { peer, scope, count, systemsPath, budgetMs, ask }: PeerRun,
): Promise<Comparison> {
  const seed = chooseSeed();
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

/**
 * nvfp4 before Blackwell: asked through its engine handle the peer misses the fp4 rate, asked through its estimate it
 * first turns the mode into a weight-only one and then misses the rows. Either refusal is right for tables that have
 * neither.
 */
function withOurReading({ engine }: Question, expected: Verdict): Verdict {
  const { model, quant, databaseMode } = engine;
  const wantsFp4 = model.includes("NVFP4") || quant?.gemm === "nvfp4" ||
    quant?.moe === "nvfp4";
  if (!wantsFp4 || databaseMode !== "SILICON" || isAnswer(expected)) {
    return expected;
  }
  return expected.codes.includes("not_measured")
    ? { ...expected, codes: [...expected.codes, "missing_flops"] }
    : expected;
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
