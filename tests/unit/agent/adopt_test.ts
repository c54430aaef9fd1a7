/** What is taken over without a record: from the node's own last report, and from the reference agent's state file. @module */

import assert from "node:assert/strict";
import { adoptedEntries, readReferenceState } from "../../../agent/adopt.ts";
import type { GpuPowerReport } from "../../../cluster/mod.ts";

/** Watts that are adopted for a GPU found at `foundWatts`, whose last report says this. */
function adoptedWatts(
  foundWatts: number,
  said: Partial<GpuPowerReport>,
): number | undefined {
  const [entry] = adoptedEntries(
    [{
      identity: { uuid: "GPU-0" },
      limits: {
        managementWatts: foundWatts,
        enforcedWatts: foundWatts,
        defaultWatts: 700,
        minWatts: 200,
        maxWatts: 700,
      },
    }],
    {
      nodeName: "n1",
      observedAt: new Date(0),
      agentVersion: "1",
      bootId: "b",
      driverSession: "d",
      safeDefaultWatts: 490,
      sequence: 1,
      gpus: [{
        uuid: "GPU-0",
        index: 0,
        model: "H200",
        minWatts: 200,
        occupancy: "pod",
        gate: "open",
        state: "enforced",
        reason: "",
        pod: { namespace: "n", name: "a", uid: "uid-a" },
        ...said,
      }],
    },
    new Set(),
  );
  return entry?.applied?.watts;
}

Deno.test("a limit that somebody has moved away from a grant is not adopted as the grant's", () => {
  const granted = {
    appliedGeneration: { epoch: 1, sequence: 2 },
    requestedWatts: 200,
  };
  assert.equal(adoptedWatts(663, { ...granted, state: "refused" }), 200);
  assert.equal(adoptedWatts(200, granted), 200);
  // What the device did not go below is what the grant came to.
  assert.equal(adoptedWatts(200, { ...granted, requestedWatts: 150 }), 200);
  // A generation that is applied is not applied anew (C18): a lowered limit would stay for ever.
  assert.equal(adoptedWatts(399, { ...granted, requestedWatts: 500 }), 500);
  assert.equal(adoptedWatts(490, { state: "prearmed" }), 490);
});

Deno.test("readReferenceState() reads version 1 and 2", () => {
  const rows: [string, string[] | undefined][] = [
    ['{"managed_uuids":["GPU-a","GPU-b"]}', ["GPU-a", "GPU-b"]],
    ['{"managed_uuids":[]}', []],
    ['{"managed_uuids":["GPU-a",7,null]}', ["GPU-a"]],
    ['{"version":2,"managed":{"GPU-a":{"controlMode":"static"}}}', ["GPU-a"]],
    ['{"version":3,"managed_uuids":["GPU-a"]}', undefined],
    ['{"version":2,"managed":[]}', undefined],
    ["{}", undefined],
    ['{"managed_uuids":"GPU-a"}', undefined],
    ["[]", undefined],
    ["null", undefined],
    ["", undefined],
    ['{"managed_uuids":["GPU-a"', undefined],
  ];
  for (const [text, uuids] of rows) {
    assert.deepEqual(readReferenceState(text), uuids, text);
  }
});
