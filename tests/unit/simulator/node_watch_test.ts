/** What an agent's watch has: the pods of its node, and nothing else. @module */

import assert from "node:assert/strict";
import { world } from "./faults/struck_world.ts";

Deno.test("an agent's watch has its own node's pods, from their scheduling to their end, and no reports", () => {
  const two = world([], {
    gpusPerReplica: { prefill: 2, decode: 2 },
    podsPerReplica: 2,
  });
  using own = two.api.watch("n2");
  const names = () => own.pods().map(({ pod }) => pod.name);
  assert.deepEqual(names(), ["prefill-1-1", "decode-2-1"]);
  assert.deepEqual(own.reports(), []);
  two.api.setScaler("decode", 2);
  two.advance(1_000);
  own.deliver();
  assert.deepEqual(names(), ["prefill-1-1", "decode-2-1"]);
  two.advance(5_000);
  own.deliver();
  assert.deepEqual(names(), ["prefill-1-1", "decode-2-1", "decode-3-1"]);
  two.api.setScaler("prefill", 0);
  two.advance(10_000);
  own.deliver();
  assert.deepEqual(names(), ["decode-2-1", "decode-3-1"]);
  assert.deepEqual(own.reports(), []);
});

Deno.test("agents report every ten seconds, whatever happens on other nodes", () => {
  const two = world([]);
  const told = () => two.api.report("n2")!.sequence;
  const before = told();
  for (let second = 0; second < 60; second++) {
    two.api.setScaler("prefill", 1 + second % 2);
    two.advance(1_000);
  }
  assert.equal(told() - before, 6);
});

Deno.test("a pass in between moves no heartbeat", () => {
  const two = world([]);
  const told = () => two.api.report("n2")!.sequence;
  const before = told();
  while (told() === before) two.advance(1_000);
  two.advance(5_000);
  two.nodes[1]!.hear();
  two.advance(5_000);
  assert.equal(told(), before + 2);
});
