/** Between the kubelet's word and a pod's first process: whose GPU it is about to be. @module */

import assert from "node:assert/strict";
import { decide } from "../../../agent/policy.ts";
import { applied, CONFIG, owner, pod, situation } from "./situations.ts";

Deno.test("a GPU that nobody was on names the pod that the kubelet has given it to, before its first process", () => {
  const coming = { namespace: "ns", name: "b", uid: "b" };
  const given = (change: Parameters<typeof situation>[1] = {}) =>
    decide(
      situation([pod("b", { gated: true })], {
        attribution: { kind: "unknown", reason: "no process yet", coming },
        ...change,
      }),
      CONFIG,
    );
  assert.equal(given().kind, "untouched");
  assert.equal(given().occupancy, "unknown");
  assert.deepEqual(given().pod, coming);
  const held = given({ entry: applied([owner("a")]) });
  assert.equal(held.pod?.uid, "a", "the last one is not proven gone");
  assert.equal(
    given({ recordIntact: false }).pod,
    undefined,
    "without a record nobody knows who was the last one",
  );
});
