/** What agents read back reaches the core's observation (R14a). @module */

import { deepStrictEqual, strictEqual } from "node:assert";
import type {
  FleetSnapshot,
  Observation,
} from "../../../../planner/core/mod.ts";
import { readBack, withReadBack } from "../../../../planner/loop/read_back.ts";

const LIVE: NonNullable<Observation["live"]> = {
  ttftMs: 100,
  itlMs: 10,
  requestDurationMs: undefined,
  tokensPerSecond: 1,
  kvHitRate: undefined,
  acceptLength: undefined,
  drawWatts: { decode: 290 },
  totalDrawWatts: undefined,
  prefillActive: false,
  decodeActive: true,
  engines: undefined,
};

const OBSERVED: Observation = {
  atMs: 0,
  windowSeconds: 60,
  requests: 1,
  islTokens: 1,
  oslTokens: 1,
  live: LIVE,
};

/** Two decode GPUs, one of another deployment's pod, one that could not be read. */
function snapshot(): FleetSnapshot {
  const gpu = (uid: string, effectiveWatts?: number, share?: number) => ({
    uuid: `GPU-${uid}-${effectiveWatts}`,
    index: 0,
    model: "H200",
    effectiveWatts,
    powerCappedShare: share,
    occupancy: "pod" as const,
    gate: "open" as const,
    pod: { namespace: "ns", name: uid, uid },
    state: "enforced" as const,
    reason: "",
  });
  const pod = {
    namespace: "ns",
    name: "d",
    uid: "d",
    staticPodHash: undefined,
    resourceVersion: "1",
    nodeName: "n",
    phase: "Running",
    terminating: false,
    powerLimit: "300",
    powerGrant: undefined,
    gpuContainers: ["main"],
    gated: true,
  };
  return {
    atMs: 0,
    consistent: true,
    sides: {},
    lease: undefined,
    pods: [{ pod, side: "decode", gpus: 2, replica: "0" }],
    reports: [{
      nodeName: "n",
      observedAt: new Date(0),
      agentVersion: "1",
      bootId: "b",
      driverSession: "s",
      safeDefaultWatts: 400,
      sequence: 1,
      gpus: [
        gpu("d", 300, 0.4),
        gpu("d", 320, 0.2),
        gpu("other", 700, 1),
        gpu("d"),
      ],
    }],
  };
}

Deno.test("caps and throttling are the means of the side's GPUs that were read", () => {
  const { caps, shares } = readBack(snapshot());
  deepStrictEqual(caps, { decode: 310 });
  strictEqual(Math.round((shares.decode ?? 0) * 100), 30);
});

Deno.test("an observation gets what the agents read back", () => {
  deepStrictEqual(
    withReadBack(OBSERVED, snapshot()).live?.effectiveCapWatts,
    { decode: 310 },
  );
});

Deno.test("without a fleet, without live signals, or with signals of its own nothing is added", () => {
  strictEqual(withReadBack(OBSERVED, undefined), OBSERVED);
  const { live: _, ...bare } = OBSERVED;
  strictEqual(withReadBack(bare, snapshot()), bare);
  const own = {
    ...OBSERVED,
    live: { ...LIVE, effectiveCapWatts: { decode: 1 } },
  };
  strictEqual(withReadBack(own, snapshot()), own);
});
