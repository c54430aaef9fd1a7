/** Request-level engines against queueing theory: M/M/1, M/D/1, M/M/∞, Little's law. @module */

import assert from "node:assert/strict";
import {
  exponential,
  FIXED_LENGTHS,
  type LengthFactor,
  PoissonStream,
  type Replica,
  RequestEngines,
  seededRandom,
} from "../../../../simulator/mod.ts";
import { PLAIN_TRUTH } from "../truth.ts";

const TARGETS = { ttftMs: 1e9, itlMs: 1e9 };
const ISL = 1_000;
/** PLAIN_TRUTH: 0.1 ms a token. */
const SERVICE_MS = 100;

function replica(side: Replica["side"], name: string): Replica {
  return { name, side, limitWatts: 700, serving: true };
}

/** Runs a long time at one rate; what is told of the second half. */
function run(what: {
  readonly requestsPerSecond: number;
  readonly oslTokens: number;
  readonly lengths: LengthFactor;
  readonly replicas: readonly Replica[];
  readonly seconds: number;
}) {
  const engines = new RequestEngines({
    truth: PLAIN_TRUTH,
    stream: new PoissonStream(seededRandom(11), what.lengths),
    targets: TARGETS,
    mostPromptsPerPass: 1,
    maxBatchedTokens: 100_000,
    patienceMs: Infinity,
  });
  const arrivals = {
    requestsPerSecond: what.requestsPerSecond,
    islTokens: ISL,
    oslTokens: what.oslTokens,
  };
  let [insideSum, decodingSum, looks] = [0, 0, 0];
  const half = what.seconds / 2;
  for (let second = 0; second < what.seconds; second++) {
    engines.step(1, arrivals, what.replicas);
    if (second === half) engines.totals.clear();
    if (second < half) continue;
    insideSum += engines.inside;
    decodingSum += engines.decoding;
    looks++;
  }
  return {
    engines,
    inside: insideSum / looks,
    decoding: decodingSum / looks,
    perSecond: engines.totals.completed / (half - 1),
  };
}

function near(found: number, wanted: number, share: number): void {
  assert(
    Math.abs(found - wanted) <= share * wanted,
    `${found} is not within ${share * 100} % of ${wanted}`,
  );
}

for (const load of [0.3, 0.6, 0.8]) {
  const one = {
    requestsPerSecond: load * 1000 / SERVICE_MS,
    // At least one token: whoever has it is done.
    oslTokens: 0,
    replicas: [replica("prefill", "p")],
    seconds: 60_000,
  };

  Deno.test(`M/M/1 at ${load}: the time to the first token is service ÷ (1 − ρ)`, () => {
    const { engines } = run({ ...one, lengths: exponential });
    near(engines.totals.ttft.mean!, SERVICE_MS / (1 - load), 0.05);
  });

  Deno.test(`M/M/1 at ${load}: sojourn times are exponential, so p99 is ln 100 means`, () => {
    const { engines } = run({ ...one, lengths: exponential });
    const mean = SERVICE_MS / (1 - load);
    near(engines.totals.ttft.quantile(0.99)!, Math.log(100) * mean, 0.08);
    near(engines.totals.ttft.quantile(0.5)!, Math.log(2) * mean, 0.05);
  });

  Deno.test(`M/D/1 at ${load}: requests of one length wait half as long`, () => {
    const { engines } = run({ ...one, lengths: FIXED_LENGTHS });
    const wait = load * SERVICE_MS / (2 * (1 - load));
    near(engines.totals.ttft.mean! - SERVICE_MS, wait, 0.05);
  });

  Deno.test(`Little's law at ${load}: requests inside are rate × time`, () => {
    const { engines, inside, perSecond } = run({
      ...one,
      lengths: exponential,
    });
    near(inside, perSecond * engines.totals.e2e.mean! / 1000, 0.05);
  });
}

Deno.test("two prefill workers share a line: M/D/2 waits less than two lines would", () => {
  const shared = run({
    requestsPerSecond: 16,
    oslTokens: 1,
    lengths: FIXED_LENGTHS,
    replicas: [replica("prefill", "p1"), replica("prefill", "p2")],
    seconds: 20_000,
  });
  const apart = 0.8 * SERVICE_MS / (2 * 0.2);
  const waitMs = shared.engines.totals.ttft.mean! - SERVICE_MS;
  // M/D/2 ≈ half of M/M/2: ρ²·s/(1 − ρ²)/2.
  near(waitMs, 0.64 * SERVICE_MS / (1 - 0.64) / 2, 0.08);
  assert(waitMs < apart / 1.8);
});

Deno.test("decode is a crowd without a line: as many decode as Little's law says of its steps", () => {
  const { engines, decoding, perSecond } = run({
    requestsPerSecond: 5,
    oslTokens: 201,
    lengths: FIXED_LENGTHS,
    replicas: [replica("prefill", "p"), replica("decode", "d")],
    seconds: 4_000,
  });
  const itlMs = engines.totals.itl.mean!;
  near(perSecond, 5, 0.03);
  near(decoding, perSecond * 200 * itlMs / 1000, 0.02);
  // 10 ms and 0.1 ms for each of those that decode; whoever joins makes the step longer for the rest.
  near(itlMs, 10 + 0.1 * decoding, 0.02);
});
