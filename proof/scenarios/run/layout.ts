/** Nodes of a scenario's fleet. @module */

import type { NodeFacts } from "../../../simulator/mod.ts";
import type { Scenario } from "../schema/mod.ts";
import type { SystemRow } from "../truth/systems.ts";

/** Nodes for one prefill and one decode engine each where a file names none. */
const PREFILL_NODES = 3;
const DECODE_NODES = 6;

/** GPUs of one replica, by side. */
export function gpusPerReplica(
  { fleet, planner: { config } }: Scenario,
): Readonly<Partial<Record<"prefill" | "decode" | "agg", number>>> {
  switch (config.mode) {
    case "agg":
      return { agg: fleet.gpus_per_agg_engine };
    case "prefill":
      return { prefill: fleet.gpus_per_prefill_engine };
    case "decode":
      return { decode: fleet.gpus_per_decode_engine };
    case "disagg":
      return {
        prefill: fleet.gpus_per_prefill_engine,
        decode: fleet.gpus_per_decode_engine,
      };
  }
}

/** The nodes, named `node-1` and on. */
export function nodesOf(
  scenario: Scenario,
  row: SystemRow,
): readonly NodeFacts[] {
  const { fleet, planner: { config } } = scenario;
  const { prefill, decode, agg } = gpusPerReplica(scenario);
  const usual = agg !== undefined
    ? Array.from({ length: DECODE_NODES }, () => agg)
    : [
      ...Array.from({ length: PREFILL_NODES }, () => prefill ?? 1),
      ...Array.from({ length: DECODE_NODES }, () => decode ?? 1),
    ];
  return (fleet.node_gpus ?? usual).map((gpus, index) => ({
    name: `node-${index + 1}`,
    gpus,
    model: fleet.system,
    minWatts: row.minWatts,
    maxWatts: row.maxWatts,
    defaultWatts: row.maxWatts,
    safeDefaultWatts: fleet.safe_default_w ?? config.power?.safeDefaultWatts ??
      row.maxWatts,
    prearm: config.power?.startMode === "prearm",
  }));
}

/** Replicas that the scalers have before the planner starts: what the file says, else the floors. */
export function startReplicas(
  { fleet, planner: { config } }: Scenario,
): Readonly<Partial<Record<"prefill" | "decode" | "agg", number>>> {
  const prefill = fleet.prefill_replicas ?? config.floors.prefill;
  const decode = fleet.decode_replicas ?? config.floors.decode;
  switch (config.mode) {
    case "agg":
      return { agg: fleet.agg_replicas ?? config.floors.agg };
    case "prefill":
      return { prefill };
    case "decode":
      return { decode };
    case "disagg":
      return { prefill, decode };
  }
}
