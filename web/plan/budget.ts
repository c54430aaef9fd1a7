/** The watts that the fleet may have: given, sized from racks (R30), or without a limit. @module */

import {
  GPU_SKUS,
  IDLE_SHARE,
  sizeBudget,
  type Sizing,
} from "../../optimizer-wasm/portable.ts";
import { WattkeeperError } from "../../service/portable.ts";
import type { PlanState } from "./state.ts";

/** Most that one GPU of a system draws, watts; undefined for a system that is not known. */
export function gpuMaxWatts(system: string): number | undefined {
  return GPU_SKUS.find(({ name }) => name === system)?.maxWatts;
}

/**
 * The reckoning from racks; undefined when the budget does not come from them.
 *
 * @param maxWatts most that one GPU draws
 * @throws {WattkeeperError} `invalid_value` or `infeasible`, in words of the page
 */
export function rackSizing(
  state: PlanState,
  maxWatts: number,
): Sizing | undefined {
  if (state.watts !== "racks") return undefined;
  const installed = state.nodes * state.gpusPerNode;
  if (state.totalGpus > installed) {
    throw new WattkeeperError(
      "invalid_value",
      `The racks hold ${installed} GPUs (${state.nodes} nodes × ${state.gpusPerNode}), and the fleet may use ${state.totalGpus}.`,
      { where: "GPUs", remedy: "Lower the GPUs, or add nodes." },
    );
  }
  try {
    return sizeBudget({
      racks: state.racks,
      rackWatts: state.rackWatts,
      headroom: state.headroom,
      nodes: state.nodes,
      gpusPerNode: state.gpusPerNode,
      tdpWatts: maxWatts,
      nonGpuWatts: state.nodes * state.nodeOverheadWatts,
      idleGpus: 0,
      idleGpuWatts: Math.ceil(maxWatts * IDLE_SHARE),
      deployments: [{ name: "fleet", gpus: state.totalGpus }],
    });
  } catch (error) {
    if (!(error instanceof WattkeeperError)) throw error;
    throw new WattkeeperError(error.code, error.message, {
      where: "Power",
      remedy:
        "Feed the racks more, lower the node overhead, or plan with fewer nodes.",
    });
  }
}

/** Most watts of all caps together; undefined: no limit. @throws as {@linkcode rackSizing} */
export function budgetOf(
  state: PlanState,
  maxWatts: number,
): number | undefined {
  switch (state.watts) {
    case "none":
      return undefined;
    case "budget":
      // To the milliwatt, as the command line reads watts.
      return Math.round(state.budgetWatts * 1000) / 1000;
    case "racks":
      return rackSizing(state, maxWatts)?.deployments[0]?.budgetWatts;
  }
}
