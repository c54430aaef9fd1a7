/** Request-level engines: passes, hand-over, batches, caches, limits, energy, and replicas that come and go. @module */

import assert from "node:assert/strict";
import {
  type EngineTruth,
  FIXED_LENGTHS,
  type FluidStep,
  PoissonStream,
  type Replica,
  RequestEngines,
  type RequestTrace,
  seededRandom,
  SPREAD_LENGTHS,
  TraceStream,
} from "../../../../simulator/mod.ts";
import { PLAIN_TRUTH } from "../truth.ts";

const TARGETS = { ttftMs: 1_000, itlMs: 20 };
const NOTHING = { requestsPerSecond: 0, islTokens: 1, oslTokens: 1 };

function replica(side: Replica["side"], change: Partial<Replica> = {}) {
  return {
    name: `${side}-1`,
    side,
    limitWatts: 700,
    serving: true,
    ...change,
  };
}

/** Requests at given times, milliseconds, with their lengths. */
function trace(
  requests: readonly (readonly [number, number, number])[],
  blocks: readonly (readonly number[])[] = [],
): RequestTrace {
  const from = [0];
  for (const some of blocks) from.push(from.at(-1)! + some.length);
  return {
    atMs: Float64Array.from(requests, ([at]) => at),
    islTokens: Int32Array.from(requests, ([, isl]) => isl),
    oslTokens: Int32Array.from(requests, ([, , osl]) => osl),
    blocks: Int32Array.from(blocks.flat()),
    blocksFrom: Int32Array.from(blocks.length > 0 ? from : []),
    blockCount: Math.max(-1, ...blocks.flat()) + 1,
    lengthMs: 1e9,
  };
}

function engines(
  requests: RequestTrace,
  change: Partial<ConstructorParameters<typeof RequestEngines>[0]> = {},
) {
  return new RequestEngines({
    truth: PLAIN_TRUTH,
    stream: new TraceStream(requests, 1),
    targets: TARGETS,
    ...change,
  });
}

Deno.test("one request: prefill, then a step for each further token", () => {
  const one = engines(trace([[0, 1_000, 11]]));
  const step = one.step(1, NOTHING, [replica("prefill"), replica("decode")]);
  assert.equal(step.completed, 1);
  assert.equal(step.ttftMs, 100);
  // Ten steps of a batch of one: 10.1 ms each.
  assert(Math.abs(step.itlMs! - 10.1) < 1e-9);
  assert.equal(step.decodedTokens, 10);
  assert(Math.abs(one.totals.e2e.mean! - 201) < 1e-6);
  assert.equal(one.inside, 0);
});

Deno.test("hand-over takes its time before the first token", () => {
  const truth: EngineTruth = {
    ...PLAIN_TRUTH,
    handOverMs: (tokens) => tokens * 0.01,
  };
  const one = engines(trace([[0, 1_000, 2]]), { truth });
  const step = one.step(1, NOTHING, [replica("prefill"), replica("decode")]);
  assert.equal(step.ttftMs, 110.01);
});

Deno.test("short prompts that wait go together, a long one goes in chunks", () => {
  const short = engines(trace([[0, 2_000, 1], [1, 1_000, 1], [2, 1_000, 1]]));
  short.step(1, NOTHING, [replica("prefill")]);
  // The second and third wait for the first (200 ms) and are computed in one pass of 200 ms.
  assert(Math.abs(short.totals.ttft.mean! - (200 + 399 + 398) / 3) < 1e-9);
  const long = engines(trace([[0, 3_000, 1]]), { maxBatchedTokens: 1_000 });
  const steps = Array.from(
    { length: 3 },
    () => long.step(0.1, NOTHING, [replica("prefill")]),
  );
  assert.deepEqual(
    steps.map(({ prefilledTokens }) => prefilledTokens),
    [0, 1_000, 1_000],
  );
});

Deno.test("cached blocks are not computed again, but the last token always is", () => {
  const twice = engines(
    trace([[0, 1_024, 1], [500, 1_024, 1], [800, 1_536, 1]], [
      [0, 1],
      [0, 1],
      [0, 2, 1],
    ]),
    { blockCount: 3, prefixBlocks: 100 },
  );
  const step = twice.step(2, NOTHING, [replica("prefill")]);
  assert.equal(step.promptTokens, 1_024 + 1_024 + 1_536);
  // All but one of the second, only the first block of the third: its second one differs.
  assert.equal(step.cachedTokens, 1_023 + 512);
  assert.equal(step.prefilledTokens, 1_024 + 1 + 1_024);
});

Deno.test("the prefix store forgets what was used longest ago", () => {
  const three = engines(
    trace([[0, 512, 1], [200, 512, 1], [400, 512, 1], [600, 512, 1]], [
      [0],
      [1],
      [2],
      [0],
    ]),
    { blockCount: 3, prefixBlocks: 2 },
  );
  assert.equal(three.step(2, NOTHING, [replica("prefill")]).cachedTokens, 0);
});

Deno.test("a batch takes as many as its cache holds; the next waits for a place", () => {
  const truth = { ...PLAIN_TRUTH, kvCapacityTokens: 2_300 };
  const three = engines(
    trace([[0, 1_000, 50], [0, 1_000, 50], [0, 1_000, 50]]),
    { truth },
  );
  const pair = [replica("prefill"), replica("decode")];
  let seen = 0;
  for (let second = 0; second < 20; second++) {
    const step = three.step(0.1, NOTHING, pair);
    seen = Math.max(seen, step.replicas[1]!.requests);
  }
  assert.equal(seen, 2);
  assert.equal(three.totals.completed, 3);
  assert(three.totals.ttft.quantile(1)! > 590);
});

Deno.test("caches that outgrow the memory put the youngest out, who is computed again and completes", () => {
  const truth = { ...PLAIN_TRUTH, kvCapacityTokens: 2_200 };
  const two = engines(trace([[0, 1_000, 300], [0, 1_000, 300]]), { truth });
  for (let second = 0; second < 20; second++) {
    two.step(1, NOTHING, [replica("prefill"), replica("decode")]);
  }
  assert.equal(two.totals.preempted, 1);
  assert.equal(two.totals.completed, 2);
  // The evicted one's prompt is computed twice, the second time with what it had generated.
  assert(two.totals.promptTokens > 3_000);
});

Deno.test("a request larger than any cache is refused, one that waits too long gives up", () => {
  const truth = { ...PLAIN_TRUTH, kvCapacityTokens: 5_000 };
  const some = engines(trace([[0, 6_000, 10], [0, 1_000, 10]]), {
    truth,
    patienceMs: 5_000,
  });
  some.step(10, NOTHING, []);
  some.step(1, NOTHING, [replica("prefill")]);
  assert.deepEqual([some.totals.refused, some.totals.abandoned], [1, 1]);
  assert.equal(some.inside, 0);
});

Deno.test("aggregated engines compute prompts and tokens in the same steps", () => {
  const two = engines(trace([[0, 1_000, 101], [500, 2_000, 2]]));
  two.step(3, NOTHING, [replica("agg")]);
  assert.equal(two.totals.completed, 2);
  // The first waits 200 ms in the middle of its answer.
  const longest = two.totals.itl.quantile(1)!;
  assert(longest > 11.9, `${longest}`);
});

Deno.test("a limit makes steps longer and draws no more than it says, exactly nothing where it does not bind", () => {
  const run = (limitWatts: number) => {
    const one = engines(trace([[0, 1_000, 11]]));
    return one.step(1, NOTHING, [
      replica("prefill"),
      replica("decode", { limitWatts }),
    ]);
  };
  assert.equal(run(400).itlMs, run(700).itlMs);
  const capped = run(200);
  // (1 + 400/200) / 2 = 1.5 times as long.
  assert(Math.abs(capped.itlMs! - 15.15) < 1e-9);
  assert(capped.replicas[1]!.drawWatts <= 200);
  assert(capped.replicas[1]!.cappedShare > 0.1);
});

/** Watts × seconds of everything that was told. */
function joules(steps: readonly FluidStep[], seconds: number): number {
  return steps.reduce(
    (sum, { replicas }) =>
      replicas.reduce((all, { drawWatts }) => all + drawWatts * seconds, sum),
    0,
  );
}

Deno.test("energy is conserved: what is told is what steps and idling took, however time is cut", () => {
  const requests = trace(
    Array.from({ length: 40 }, (_, i) => [i * 130, 1_000, 21] as const),
  );
  const pair = [replica("prefill"), replica("decode")];
  const run = (seconds: number) => {
    const some = engines(requests, { mostPromptsPerPass: 1 });
    const steps = Array.from(
      { length: Math.round(8 / seconds) },
      () => some.step(seconds, NOTHING, pair),
    );
    const busyMs = steps.reduce(
      (sum, { replicas }) => sum + replicas[1]!.busy * seconds * 1000,
      0,
    );
    return { joules: joules(steps, seconds), busyMs };
  };
  const coarse = run(8);
  const fine = run(0.01);
  // 40 prefills of 0.1 s at 600 W; decode steps at 400 W; idle at 110 W.
  const wanted = 40 * 0.1 * (600 - 110) +
    coarse.busyMs / 1000 * (400 - 110) + 2 * 8 * 110;
  assert(Math.abs(coarse.joules - wanted) < 1e-6 * wanted);
  assert(Math.abs(fine.joules - coarse.joules) < 1e-6 * wanted);
});

Deno.test("tokens are conserved: what arrives is completed, refused, given up or inside", () => {
  const some = new RequestEngines({
    truth: { ...PLAIN_TRUTH, kvCapacityTokens: 20_000 },
    stream: new PoissonStream(seededRandom(3), SPREAD_LENGTHS),
    targets: TARGETS,
  });
  const arrivals = { requestsPerSecond: 9, islTokens: 1_500, oslTokens: 200 };
  for (let second = 0; second < 600; second++) {
    const decodes = second % 97 < 50 ? 2 : 1;
    some.step(1, arrivals, [
      replica("prefill", { limitWatts: 300 + second % 7 * 50 }),
      ...Array.from(
        { length: decodes },
        (_, i) => replica("decode", { name: `d-${i}-${decodes}` }),
      ),
    ]);
    const { arrived, completed, refused, abandoned } = some.totals;
    assert.equal(arrived, completed + refused + abandoned + some.inside);
  }
  assert(some.totals.completed > 1_000);
  assert(some.totals.preempted > 0, "this load preempts");
});

Deno.test("an engine that goes gives its requests back; one that drains finishes them", () => {
  const gone = engines(trace([[0, 1_000, 101], [600, 1_000, 101]]));
  const pair = [replica("prefill"), replica("decode")];
  gone.step(0.7, NOTHING, pair);
  // The decode engine is lost; another one starts a second later.
  gone.step(1, NOTHING, [replica("prefill")]);
  assert.equal(gone.totals.completed, 0);
  gone.step(5, NOTHING, [
    replica("prefill"),
    replica("decode", { name: "decode-2" }),
  ]);
  assert.equal(gone.totals.completed, 2);

  const drained = engines(trace([[0, 1_000, 101], [600, 1_000, 101]]));
  drained.step(0.3, NOTHING, pair);
  const draining = [
    replica("prefill"),
    replica("decode", { serving: false }),
  ];
  const step = drained.step(5, NOTHING, draining);
  assert.equal(drained.totals.completed, 1);
  assert.equal(step.replicas[1]!.works, true);
});

Deno.test("in time is both latencies of a request by itself", () => {
  const some = engines(
    trace([[0, 1_000, 11], [3_000, 8_000, 11], [3_001, 8_000, 11]]),
  );
  some.step(10, NOTHING, [replica("prefill"), replica("decode")]);
  assert.equal(some.totals.completed, 3);
  // The second needs 800 ms, the third waits for it as well.
  assert.deepEqual([some.totals.inTime, some.totals.inTimeTokens], [2, 22]);
});

Deno.test("the same seed is the same day, byte for byte; another one is another", () => {
  const run = (seed: number) => {
    const some = new RequestEngines({
      truth: PLAIN_TRUTH,
      stream: new PoissonStream(seededRandom(seed), SPREAD_LENGTHS),
      targets: TARGETS,
    });
    const arrivals = { requestsPerSecond: 5, islTokens: 900, oslTokens: 80 };
    return JSON.stringify(Array.from(
      { length: 200 },
      () => some.step(1, arrivals, [replica("prefill"), replica("decode")]),
    ));
  };
  assert.equal(run(5), run(5));
  assert.notEqual(run(5), run(6));
});

Deno.test("a trace that is over begins anew, and its prompts are others then", () => {
  const short = {
    ...trace([[0, 512, 1], [100, 512, 1]], [[0], [0]]),
    lengthMs: 1_000,
  };
  const some = new RequestEngines({
    truth: PLAIN_TRUTH,
    stream: new TraceStream(short, 2),
    targets: TARGETS,
    blockCount: 1,
    prefixBlocks: 10,
  });
  // At twice the speed a round is half a second.
  const step = some.step(5, NOTHING, [
    replica("prefill"),
    replica("prefill", { name: "p2" }),
  ]);
  assert.equal(step.arrived, 20);
  assert.equal(FIXED_LENGTHS(seededRandom(1)), 1);
});
