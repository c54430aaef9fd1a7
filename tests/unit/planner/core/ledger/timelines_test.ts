/** The three timelines of `cap-protocol.md` §9, with the agent's own rules on simulated nodes. @module */

import assert from "node:assert/strict";
import { SmallWorld } from "./small_world.ts";

Deno.test("§9 swap 500/300 to 300/500, budget 800: the planner dies in between", () => {
  const stage = new SmallWorld(["n1", "n2"]);
  stage.add("p1", "n1", "prefill");
  stage.add("p2", "n2", "decode");
  stage.agents();
  const old = stage.planner();
  old.takeLease(0);
  stage.settle(old, { prefill: 500, decode: 300 });

  // 0.0: P1 ← 300, bound 500; the raise of P2 is refused: 500 + 500.
  const steps = stage.stage(old, { prefill: 300, decode: 500 });
  assert.deepEqual(
    steps.map((line) => line.replace(/ \d+\.\d+/, "")),
    ["lower p1 300 500"],
  );
  assert(
    old.last?.waits.some((wait) =>
      wait.kind === "budget_room" && wait.podName === "p2" && wait.watts === 200
    ),
  );
  old.applyAll(0);
  // 0.2: the agent sets, reads, records, reports; the planner dies.
  stage.nowMs = 200;
  stage.agents();
  assert.equal(stage.limit("n1"), 300);

  // 15.4: the next one stamps both at what they have.
  stage.nowMs = 15_400;
  const next = stage.planner();
  next.takeLease(stage.nowMs);
  const epoch = old.last!.charges.length && stage.api.lease.epoch + 1;
  assert.deepEqual(stage.stage(next, { prefill: 300, decode: 500 }), [
    `lease ${epoch} 800`,
  ]);
  next.applyAll(stage.nowMs);
  assert.deepEqual(stage.stage(next, { prefill: 300, decode: 500 }), [
    `stamp p1 ${epoch}.1 300 300`,
    `stamp p2 ${epoch}.2 300 300`,
  ]);
  next.applyAll(stage.nowMs);
  // 15.6: Lease PUT, P2 ← 500.
  stage.nowMs = 15_600;
  assert.deepEqual(stage.stage(next, { prefill: 300, decode: 500 }), [
    `lease ${epoch} 800`,
    `raise p2 ${epoch}.3 500 500`,
  ]);
  next.applyAll(stage.nowMs);
  stage.agents(next);
  assert.deepEqual([stage.limit("n1"), stage.limit("n2")], [300, 500]);
});

/** Both at 300 W; the leader has renewed its Lease and its packet for P1 ← 500 is under way when it freezes. */
function frozen() {
  const stage = new SmallWorld(["n1", "n2"]);
  stage.add("p1", "n1", "prefill");
  stage.add("p2", "n2", "decode");
  stage.agents();
  const old = stage.planner();
  old.takeLease(0);
  stage.settle(old, { prefill: 300, decode: 300 });
  const steps = stage.stage(old, { prefill: 500, decode: 300 });
  assert.equal(steps[0], "lease 1 800");
  old.applyNext(0);
  const packet = old.applyNext(0, "late");
  assert(packet?.step.kind === "patch");
  stage.nowMs = 15_400;
  const next = stage.planner();
  next.takeLease(stage.nowMs);
  stage.stage(next, { prefill: 300, decode: 500 });
  next.applyAll(stage.nowMs);
  return { stage, next, packet, old };
}

Deno.test("§9 paused leader: the stamp wins, the old packet meets a conflict", () => {
  const { stage, next, packet } = frozen();
  stage.stage(next, { prefill: 300, decode: 500 });
  next.applyAll(stage.nowMs);
  const [lease, raise] = stage.stage(next, { prefill: 300, decode: 500 });
  assert.equal(lease, "lease 2 800");
  assert.equal(raise, "raise p2 2.3 500 500");
  next.applyAll(stage.nowMs);
  stage.nowMs = 20_000;
  assert(packet.step.kind === "patch");
  const { uid, resourceVersion } = packet.step.pod;
  assert.equal(
    stage.api.patchPod(uid, resourceVersion, packet.step.grant).kind,
    "conflict",
  );
  stage.agents(next);
  assert.deepEqual([stage.limit("n1"), stage.limit("n2")], [300, 500]);
});

Deno.test("§9 paused leader: the old packet comes first, the stamp meets the conflict and reads again", () => {
  const { stage, next, packet } = frozen();
  // The stamp is made from the version before the packet.
  stage.stage(next, { prefill: 300, decode: 500 });
  assert(packet.step.kind === "patch");
  const { uid, resourceVersion } = packet.step.pod;
  assert.equal(
    stage.api.patchPod(uid, resourceVersion, packet.step.grant).kind,
    "done",
  );
  next.applyAll(stage.nowMs);
  stage.agents();
  assert.equal(stage.limit("n1"), 500);
  // Read again: stamped, and lowered by the stamp. P2 waits until that is confirmed.
  assert.deepEqual(stage.stage(next, { prefill: 300, decode: 500 }), [
    "stamp p1 2.3 300 500",
  ]);
  next.applyAll(stage.nowMs);
  assert.deepEqual(stage.stage(next, { prefill: 300, decode: 500 }), []);
  assert.equal(next.last?.chargedWatts, 800);
  stage.agents(next);
  assert.deepEqual(stage.stage(next, { prefill: 300, decode: 500 }), [
    "lease 2 800",
    "raise p2 2.4 500 500",
  ]);
});

Deno.test("§9 node lost: its watts stay charged, the rollout is blocked, and goes on when the node is back", () => {
  const stage = new SmallWorld(["n1", "n2", "n3"]);
  stage.add("a", "n1", "decode");
  stage.add("c", "n2", "prefill");
  stage.agents();
  const planner = stage.planner();
  planner.takeLease(0);
  const caps = { prefill: 300, decode: 500 };
  stage.settle(planner, caps);

  // 0–30: node 1 is silent, alarm.
  const lost = stage.nodes.get("n1")!;
  lost.agentUp = false;
  stage.nowMs = 31_000;
  stage.agents(planner);
  assert.deepEqual(stage.stage(planner, caps), []);
  assert(
    planner.last?.alarms.some(({ kind, nodeName }) =>
      kind === "agent_silent" && nodeName === "n1"
    ),
  );
  assert.equal(planner.last?.chargedWatts, 800);

  // 300: a is evicted, b waits in its gate on node 3.
  stage.nowMs = 300_000;
  stage.api.changePod("a", { terminating: true });
  stage.add("b", "n3", "decode");
  stage.agents(planner);
  stage.nowMs = 301_000;
  stage.agents(planner);
  assert.deepEqual(stage.stage(planner, caps), []);
  const alarm = planner.last?.alarms.find(({ kind }) =>
    kind === "rollout_blocked"
  );
  // c at its minimum of 200 W would free 100 W, b needs 200 W.
  assert.equal(alarm?.podName, "b");
  assert.equal(alarm?.watts, 100);
  assert.deepEqual(
    ["n1", "n2", "n3"].map((node) =>
      planner.last?.charges.find(({ nodeName }) => nodeName === node)?.watts
    ),
    [500, 300, 0],
  );

  // 600: node 1 is back, rebooted; a never restarts there; free.
  stage.nowMs = 600_000;
  lost.reboot();
  lost.stop("a");
  stage.agents(planner);
  stage.nowMs = 606_000;
  stage.agents(planner);
  // 601: b ← 500.
  const steps = stage.stage(planner, caps);
  assert.equal(steps[0], "lease 1 800");
  assert.match(steps[1] ?? "", /^grant b 1\.\d+ 500 500$/);
  planner.applyAll(stage.nowMs);
  stage.agents(planner);
  assert.equal(stage.limit("n3"), 500);
  assert(stage.nodes.get("n3")!.running.has("b"));
});
