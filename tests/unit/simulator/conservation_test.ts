/** The fluid world against what cannot be otherwise: energy, requests, Little's law, the queue of one server. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  FluidEngines,
  type Replica,
  SimulatedWorld,
} from "../../../simulator/mod.ts";
import { PLAIN_TRUTH, worldOptions } from "./truth.ts";

const replica = (side: Replica["side"]): Replica => ({
  name: `${side}-1`,
  side,
  limitWatts: 700,
  serving: true,
});

Deno.test("energy: the meter's joules are the sum of what every GPU drew in every step", () => {
  const world = new SimulatedWorld(worldOptions({ gated: false }));
  let joules = 0;
  for (let second = 0; second < 120; second++) {
    world.advance(1_000);
    for (const { gpus } of world.nodes) {
      for (const { drawWatts } of gpus) joules += drawWatts;
    }
  }
  assert(joules > 0);
  assert(Math.abs(joules - world.meter.totalJoules) < 1e-6 * joules);
});

Deno.test("no GPU ever draws more than its limit, and one without a pod draws nothing", () => {
  const world = new SimulatedWorld(worldOptions({ gated: false }));
  for (let second = 0; second < 60; second++) {
    world.advance(1_000);
    for (const { gpus } of world.nodes) {
      for (const { drawWatts, limitWatts, podUid } of gpus) {
        assert(drawWatts <= (podUid === undefined ? 0 : limitWatts));
      }
    }
  }
});

Deno.test("requests: what has arrived waits, is in a batch, is done, or was dropped", () => {
  fc.assert(fc.property(
    fc.array(
      fc.record({
        requestsPerSecond: fc.double({ min: 0, max: 80, noNaN: true }),
        serving: fc.boolean(),
      }),
      { minLength: 1, maxLength: 60 },
    ),
    (steps) => {
      const engines = new FluidEngines(PLAIN_TRUTH);
      let [arrived, completed] = [0, 0];
      let handedOver = 0;
      for (const { requestsPerSecond, serving } of steps) {
        const step = engines.step(
          1,
          { requestsPerSecond, islTokens: 1_000, oslTokens: 101 },
          [replica("prefill"), { ...replica("decode"), serving }],
        );
        arrived += step.arrived;
        completed += step.completed;
        handedOver = step.replicas[1]?.queuedRequests ?? 0;
      }
      const inside = engines.queued + handedOver + engines.decoding;
      const lost = arrived - completed - inside - engines.dropped;
      assert(Math.abs(lost) < 1e-6 * Math.max(1, arrived), `${lost}`);
    },
  ));
});

Deno.test("Little's law: requests in decode are their rate times their time there", () => {
  const engines = new FluidEngines(PLAIN_TRUTH);
  const arrivals = { requestsPerSecond: 6, islTokens: 1_000, oslTokens: 101 };
  const replicas = [replica("prefill"), replica("decode")];
  let step = engines.step(0.1, arrivals, replicas);
  for (let tenth = 0; tenth < 1_200; tenth++) {
    step = engines.step(0.1, arrivals, replicas);
  }
  const seconds = step.itlMs! * 100 / 1_000;
  const byLittle = 6 * seconds;
  // Those that the step worked on: what is left, and what it completed.
  const inDecode = engines.decoding + step.completed;
  assert(
    Math.abs(inDecode - byLittle) < 0.01 * byLittle,
    `${inDecode} and ${byLittle}`,
  );
});

Deno.test("one server: below saturation the wait is that of M/D/1, beyond it the line grows by the excess", () => {
  // 100 ms a prompt: ten a second saturate it.
  const waits = [0.3, 0.6, 0.9].map((load) => {
    const engines = new FluidEngines(PLAIN_TRUTH);
    const arrivals = {
      requestsPerSecond: 10 * load,
      islTokens: 1_000,
      oslTokens: 2,
    };
    const replicas = [replica("prefill"), replica("decode")];
    let step = engines.step(1, arrivals, replicas);
    for (let second = 0; second < 60; second++) {
      step = engines.step(1, arrivals, replicas);
    }
    return { found: step.ttftMs!, load };
  });
  for (const { found, load } of waits) {
    const byTheory = 100 + 100 * load / (2 * (1 - load));
    assert(Math.abs(found - byTheory) < 1, `${load}: ${found}, ${byTheory}`);
  }
});
