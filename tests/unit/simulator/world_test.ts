/** The simulated world: engines, queues, measurements, and its own eye on the budget. @module */

import assert from "node:assert/strict";
import {
  FluidEngines,
  type Replica,
  SimulatedWorld,
  withSecret,
} from "../../../simulator/mod.ts";
import { PLAIN_TRUTH, worldOptions } from "./truth.ts";

const PLENTY = 700;

function replica(
  side: Replica["side"],
  limitWatts = PLENTY,
  name = `${side}-1`,
): Replica {
  return { name, side, limitWatts, serving: true };
}

/** Half a minute of the same traffic, then one more second. */
function settled(
  replicas: readonly Replica[],
  { requestsPerSecond = 2, truth = PLAIN_TRUTH } = {},
) {
  const engines = new FluidEngines(truth);
  const arrivals = { requestsPerSecond, islTokens: 1_000, oslTokens: 101 };
  for (let second = 0; second < 30; second++) {
    engines.step(1, arrivals, replicas);
  }
  return { engines, step: engines.step(1, arrivals, replicas) };
}

Deno.test("within capacity everything that arrives is completed", () => {
  const { step } = settled([replica("prefill"), replica("decode")]);
  assert(Math.abs(step.completed - 2) < 0.05, `${step.completed}`);
  // 100 ms alone, a little more for those that come at the same time.
  assert(step.ttftMs! > 100 && step.ttftMs! < 130, `${step.ttftMs}`);
  assert(step.itlMs! > 10 && step.itlMs! < 11, `${step.itlMs}`);
});

Deno.test("beyond capacity the line grows, and so does the time to the first token", () => {
  const { engines, step } = settled(
    [replica("prefill"), replica("decode")],
    { requestsPerSecond: 15 },
  );
  assert(Math.abs(engines.queued - 31 * 5) < 1, `${engines.queued}`);
  assert(step.ttftMs! > 10_000);
});

Deno.test("aggregated engines share their time between prompts and tokens", () => {
  const apart = settled([replica("prefill"), replica("decode")]);
  const together = settled([replica("agg")]);
  assert(together.step.itlMs! > apart.step.itlMs! * 1.2);
});

Deno.test("a cap slows what wants more, hides its draw, and says so", () => {
  const free = settled([replica("prefill"), replica("decode")]);
  const capped = settled([replica("prefill"), replica("decode", 300)]);
  const [, before] = free.step.replicas;
  const [, after] = capped.step.replicas;
  assert.deepEqual([before?.drawWatts, before?.cappedShare], [400, 0]);
  assert.deepEqual([after?.drawWatts, after?.cappedShare], [300, 1]);
  assert(capped.step.itlMs! > free.step.itlMs! * 1.1);
});

Deno.test("hidden coefficients show in latency and draw, and nowhere else", () => {
  const truth = withSecret(PLAIN_TRUTH, {
    ttft: 1.2,
    itl: 1.5,
    powerPrefill: 1,
    powerDecode: 1.25,
  });
  const { step } = settled([replica("prefill"), replica("decode")], { truth });
  const plain = settled([replica("prefill"), replica("decode")]).step;
  assert(step.itlMs! / plain.itlMs! > 1.45);
  assert.equal(step.replicas[1]?.drawWatts, 500);
  assert.equal(step.replicas[1]?.cappedShare, 0);
});

Deno.test("an engine without work idles, a stopped one draws nothing", () => {
  const { step } = settled(
    [replica("prefill"), { ...replica("decode"), serving: false }],
    { requestsPerSecond: 0 },
  );
  assert.deepEqual(step.replicas.map(({ drawWatts }) => drawWatts), [110, 0]);
  assert.equal(step.ttftMs, undefined);
  assert.equal(step.itlMs, undefined);
});

Deno.test("whoever waits behind a hundred thousand others has gone away", () => {
  const { engines } = settled([], { requestsPerSecond: 10_000 });
  assert.equal(engines.queued, 100_000);
  assert.equal(engines.dropped, 31 * 10_000 - 100_000);
});

/** A world without gates, whose pods start by themselves. */
function open(change: Parameters<typeof worldOptions>[0] = {}) {
  return new SimulatedWorld(worldOptions({ gated: false, ...change }));
}

Deno.test("an engine loads before it serves, and draws meanwhile", () => {
  const world = open();
  world.advance(8_000);
  assert.equal(world.ready("decode"), 0);
  const loading = world.nodes.flatMap(({ gpus }) => gpus)
    .filter(({ drawWatts }) => drawWatts > 0);
  assert.deepEqual(loading.map(({ drawWatts }) => drawWatts), [490, 490]);
  world.advance(10_000);
  assert.equal(world.ready("decode"), 1);
});

Deno.test("a window has traffic, latencies, draw and engines", () => {
  const world = open();
  world.advance(60_000);
  world.measure();
  world.advance(60_000);
  const { live, ...traffic } = world.measure();
  assert.deepEqual(traffic, {
    atMs: 120_000,
    windowSeconds: 60,
    requests: 120,
    islTokens: 1_000,
    oslTokens: 101,
  });
  assert(Math.abs(live.tokensPerSecond! - 200) < 5);
  assert.equal(live.drawWatts.decode, 400);
  assert.equal(live.prefillActive && live.decodeActive, true);
  assert.deepEqual(live.engines.map(({ side }) => side).sort(), [
    "decode",
    "prefill",
  ]);
  assert(live.engines.every(({ wallTimeMs }) => wallTimeMs > 0));
});

Deno.test("a window without traffic knows no means", () => {
  const world = open({
    traffic: () => ({ requestsPerSecond: 0, islTokens: 1, oslTokens: 1 }),
  });
  world.advance(60_000);
  const { requests, islTokens, live } = world.measure();
  assert.deepEqual([requests, islTokens, live.ttftMs], [
    0,
    undefined,
    undefined,
  ]);
  assert.equal(live.decodeActive, false);
});

Deno.test("the world counts every moment in which the limits pass what is allowed", () => {
  const world = open();
  world.allowedWatts = 1_400;
  world.advance(20_000);
  assert.deepEqual(world.violations, []);
  world.allowedWatts = 1_399;
  world.check();
  assert.deepEqual(world.violations.map(({ limitWatts }) => limitWatts), [
    1_400,
  ]);
  world.advance(3_600_000);
  assert.equal(world.violations.length, 100);
});

Deno.test("a watch is late, a consistent read is not", () => {
  const world = open({ delays: { watchMs: 5_000 } });
  const view = world.watch();
  world.advance(2_000);
  assert.equal(view.pods().length, 0);
  assert.equal(world.api.pods().length, 2);
  world.advance(6_000);
  assert.equal(view.pods().length, 2);
});

Deno.test("a pod that is scaled away leaves after its grace period, the youngest first", () => {
  const world = open({ replicas: { decode: 2 } });
  world.advance(20_000);
  world.api.setScaler("decode", 1);
  world.advance(1_000);
  assert.deepEqual(
    world.api.pods().filter(({ pod }) => pod.terminating)
      .map(({ pod }) => pod.name),
    ["decode-2"],
  );
  world.advance(6_000);
  assert.equal(world.api.pods().length, 1);
});
