/** Nodes of the dashboard as rows. @module */

import { deepEqual, equal } from "node:assert/strict";
import { nodesJson } from "../../../planner/serve/nodes_json.ts";
import type { GpuPowerReport } from "../../../cluster/mod.ts";
import type {
  ChargeView,
  PlannerStateView,
} from "../../../web/dashboard/api.ts";
import { nodeRows } from "../../../web/dashboard/node_rows.ts";

const AT_MS = 1_000_000;
const HELD: readonly GpuPowerReport["state"][] = ["enforced"];

/** A state with these nodes, as the planner's own code writes them. */
function stateOf(
  nodes: Readonly<
    Record<string, {
      readonly ageMs?: number;
      readonly states?: readonly GpuPowerReport["state"][];
    }>
  >,
  charges: readonly ChargeView[] = [],
): PlannerStateView {
  const reports = Object.entries(nodes).map(
    ([nodeName, { ageMs = 1_000, states = HELD }]) => ({
      nodeName,
      observedAt: new Date(AT_MS - ageMs),
      agentVersion: "1",
      bootId: "boot",
      driverSession: "driver",
      safeDefaultWatts: 490,
      sequence: 1,
      gpus: states.map((state, index): GpuPowerReport => ({
        uuid: `${nodeName}-${index}`,
        index,
        model: "H200",
        occupancy: "pod",
        gate: "open",
        persistenceMode: true,
        state,
        reason: "",
      })),
    }),
  );
  const json: unknown = {
    ...nodesJson({ atMs: AT_MS, reports, pods: [] }),
    charges,
  };
  return json as PlannerStateView;
}

Deno.test("nodes in trouble stand first, the others by name as people count", () => {
  const rows = nodeRows(stateOf({
    "node-10": {},
    "node-9": {},
    "node-2": { ageMs: 31_000 },
    "node-3": { states: ["enforced", "refused"] },
    "node-4": { states: ["unknown", "clamped"] },
  }));
  deepEqual(rows.map(({ name }) => name), [
    "node-4",
    "node-3",
    "node-2",
    "node-9",
    "node-10",
  ]);
  deepEqual(rows.map(({ loose }) => loose.length), [2, 1, 0, 0, 0]);
  deepEqual(rows.map(({ isOld }) => isOld), [false, false, true, false, false]);
});

Deno.test("a report is old only after thirty seconds", () => {
  const [row] = nodeRows(stateOf({ a: { ageMs: 30_000 } }));
  equal(row?.isOld, false);
});

Deno.test("charges are summed node by node; of unknown watts nothing is said", () => {
  const charge = (node_name: string, watts: number | null): ChargeView => ({
    gpu_uuid: null,
    node_name,
    side: "decode",
    watts,
  });
  const rows = nodeRows(stateOf(
    { a: {}, b: {}, c: {} },
    [charge("a", 400), charge("b", null), charge("a", 300)],
  ));
  deepEqual(rows.map(({ charged }) => charged), [700, null, null]);
});
