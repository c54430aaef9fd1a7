/** The checks of `verify` that only think: reports, pods, Leases, and when a node has given back. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import { checkPods } from "../../../../cli/kubernetes/checks/pods.ts";
import {
  checkReports,
  decodedReports,
} from "../../../../cli/kubernetes/checks/reports.ts";
import { leaseHolder } from "../../../../cli/kubernetes/checks/workloads.ts";
import { nodeRelease } from "../../../../cli/kubernetes/uninstall/wait.ts";
import {
  encodeNodePowerReport,
  ENFORCEMENT_STATES,
  type GpuPowerReport,
} from "../../../../cluster/mod.ts";

const NOW = Date.parse("2026-11-27T12:00:00Z");

function report(
  node: string,
  { ageMs = 1_000, safeDefaultWatts = 490, gpu = {} }: {
    readonly ageMs?: number;
    readonly safeDefaultWatts?: number;
    readonly gpu?: Partial<GpuPowerReport>;
  } = {},
) {
  return encodeNodePowerReport({
    nodeName: node,
    observedAt: new Date(NOW - ageMs),
    agentVersion: "0.1.0",
    bootId: "boot",
    driverSession: "1",
    safeDefaultWatts,
    sequence: 1,
    gpus: [{
      uuid: "GPU-0",
      index: 0,
      model: "H200",
      limitWatts: 300,
      appliedGeneration: { epoch: 5, sequence: 3 },
      occupancy: "pod",
      gate: "open",
      persistenceMode: true,
      pod: { namespace: "inference", name: "worker", uid: "uid-1" },
      state: "enforced",
      reason: "",
      ...gpu,
    }],
  });
}

const read = <T>(value: T) => ({ kind: "read" as const, value });

function failures(objects: readonly unknown[], nodes: readonly unknown[] = []) {
  return checkReports({
    nodes: read(nodes),
    reports: read(objects),
    nowMs: NOW,
  }).filter(({ result }) => result === "fail").map(({ found }) => found);
}

Deno.test("checkReports() passes what is fresh and enforced", () => {
  assert.deepEqual(failures([report("a"), report("b")]), []);
});

Deno.test("checkReports() names what is not as it should be", () => {
  assert.match(failures([report("a", { ageMs: 31_000 })])[0] ?? "", /31 s old/);
  assert.match(
    failures([report("a", { gpu: { state: "refused", reason: "NVML" } })])[0] ??
      "",
    /GPU 0 is refused: NVML/,
  );
  assert.match(
    failures([report("a", { gpu: { persistenceMode: false } })])[0] ?? "",
    /persistence mode off/,
  );
  assert.match(
    failures([report("a", { gpu: { limitWatts: undefined } })])[0] ?? "",
    /reads no limit/,
  );
  assert.match(
    failures([report("a"), report("b", { safeDefaultWatts: 600 })])[0] ?? "",
    /differ: 490 W, 600 W/,
  );
  assert.match(
    failures([{ ...report("a"), status: { gpus: 3 } }])[0] ?? "",
    /unusable/,
  );
  const node = (name: string, gpus: string) => ({
    metadata: { name },
    status: { allocatable: { "nvidia.com/gpu": gpus } },
  });
  assert.match(
    failures([report("a")], [node("a", "8"), node("b", "8"), node("c", "0")])[
      0
    ] ?? "",
    /8 GPUs and no report/,
  );
});

Deno.test("checkReports() never takes what cannot be read for good", () => {
  const rows = checkReports({
    nodes: { kind: "unreadable", reason: "403" },
    reports: { kind: "unreadable", reason: "403" },
    nowMs: NOW,
  });
  assert.deepEqual(rows.map(({ result }) => result), ["not_checked"]);
});

function podRow(
  annotations: Record<string, string>,
  { gated = true, gpu = {} }: {
    readonly gated?: boolean;
    readonly gpu?: Partial<GpuPowerReport>;
  } = {},
) {
  const pod = {
    metadata: {
      name: "worker",
      namespace: "inference",
      uid: "uid-1",
      resourceVersion: "1",
      annotations,
    },
    spec: {
      nodeName: "a",
      containers: [{
        name: "main",
        command: gated
          ? ["/gate/wattkeeper-agent", "gate", "--", "python3"]
          : ["python3"],
        resources: { limits: { "nvidia.com/gpu": "1" } },
      }],
    },
    status: { phase: "Running" },
  };
  return checkPods({
    namespace: "inference",
    pods: read([pod]),
    reports: decodedReports(read([report("a", { gpu })])),
  }).filter(({ result }) => result === "fail").map(({ found }) => found);
}

const LIMIT = "dynamo.nvidia.com/gpu-power-limit";
const GRANT = "wattkeeper.dev/power-grant";

Deno.test("checkPods() holds annotations against what the node reports", () => {
  const good = { [GRANT]: "v1 uid-1 5.3 300 300", [LIMIT]: "300" };
  assert.deepEqual(podRow(good), []);
  assert.deepEqual(podRow({}), []);
  assert.match(
    podRow({ ...good, [GRANT]: "v1 uid-1 5.4 300 300" })[0] ?? "",
    /5\.4 is not applied on GPU 0/,
  );
  assert.match(
    podRow(good, { gpu: { limitWatts: 700 } })[0] ?? "",
    /GPU 0 is at 700 W, 300 W are written/,
  );
  assert.match(podRow({ ...good, [LIMIT]: "400" })[0] ?? "", /do not belong/);
  assert.match(
    podRow({ ...good, [GRANT]: "v1 other 5.3 300 300" })[0] ?? "",
    /do not belong/,
  );
  assert.match(podRow({ [GRANT]: "garbage" })[0] ?? "", /unreadable/);
  assert.match(podRow({ [LIMIT]: "300" })[0] ?? "", /without a grant/);
  assert.match(
    podRow({ [LIMIT]: "300W" }, { gated: false })[0] ?? "",
    /no whole watts/,
  );
  assert.match(podRow({}, { gated: false })[0] ?? "", /start without it/);
});

Deno.test("leaseHolder() believes a Lease only as long as it says", () => {
  const lease = (ageMs: number, holderIdentity = "p") => ({
    spec: {
      holderIdentity,
      leaseDurationSeconds: 15,
      renewTime: new Date(NOW - ageMs).toISOString(),
    },
  });
  assert.equal(leaseHolder(lease(14_000), NOW).held, true);
  assert.equal(leaseHolder(lease(16_000), NOW).held, false);
  assert.equal(leaseHolder(lease(0, ""), NOW).held, false);
  assert.equal(leaseHolder({}, NOW).held, false);
});

Deno.test("nodeRelease() is done exactly when every GPU is released or was never ours, and the report is fresh", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ENFORCEMENT_STATES),
      fc.integer({ min: 0, max: 60_000 }),
      (state, ageMs) => {
        const { pending } = nodeRelease(
          report("a", { ageMs, gpu: { state } }),
          NOW,
        );
        assert.equal(
          pending.length === 0,
          ["released", "unmanaged"].includes(state) && ageMs <= 30_000,
        );
      },
    ),
  );
});
