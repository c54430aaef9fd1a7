/** Targets that wait are not lost to ticks that decide nothing. @module */

import assert from "node:assert/strict";
import type { Side, SideTarget } from "../../../../planner/core/mod.ts";
import {
  NOTHING_PURSUED,
  pursue,
  withReached,
} from "../../../../planner/loop/pursuit.ts";

const target = (side: Side, replicas: number, capWatts = 500): SideTarget => ({
  side,
  replicas,
  gpusPerReplica: 1,
  capWatts,
  point: undefined,
});

const there = (targetReplicas: number) => ({
  sides: {
    prefill: {
      targetReplicas,
      readyReplicas: targetReplicas,
      startingReplicas: 0,
      rollout: "settled" as const,
      gpusPerReplica: 1,
    },
  },
});

const grown = pursue(NOTHING_PURSUED, {
  targets: [target("prefill", 6)],
  decided: ["prefill"],
});
const idle = { targets: [target("prefill", 3, 450)], decided: [] };

Deno.test("a decided target is pursued", () => {
  assert.deepEqual(grown.targets, [target("prefill", 6)]);
});

Deno.test("a tick that sets nothing keeps the replicas that still wait, at the newest cap", () => {
  const next = pursue(withReached(grown, there(3)), idle);
  assert.deepEqual(next.targets, [target("prefill", 6, 450)]);
  assert.deepEqual(next.carried, { prefill: 6 });
});

Deno.test("once the scaler had the target, what somebody else does to it stands", () => {
  const reached = withReached(grown, there(6));
  const next = pursue(withReached(reached, there(3)), idle);
  assert.deepEqual(next.targets, idle.targets);
  assert.deepEqual(next.carried, {});
});

Deno.test("a new decision replaces what waited", () => {
  const next = pursue(pursue(grown, idle), {
    targets: [target("prefill", 2)],
    decided: ["prefill"],
  });
  assert.deepEqual(next.targets, [target("prefill", 2)]);
  assert.deepEqual(pursue(next, idle).carried, { prefill: 2 });
});
