/** What the planner assumes about a GPU's watts: the range of its cap, and how its clock binds. @module */

import type { SystemSpec } from "../../optimizer-wasm/mod.ts";
import type { GpuWatts, Side } from "../core/mod.ts";

/** Lowest cap by system name (`power-curves.md` §5); the agent clamps to what the device says. */
const LOWEST_CAP_WATTS: readonly (readonly [RegExp, number])[] = [
  [/^a100/, 100],
  [/^h(100|200)/, 200],
  [/^b200/, 200],
  [/^b300/, 400],
];

/** Lowest cap of a GPU that the table does not know, as a share of its TDP. */
const UNKNOWN_LOWEST_SHARE = 0.5;

/** Range of the cap of a system's GPU. */
export function gpuWattsOf(
  system: Pick<SystemSpec, "name" | "tdpWatts">,
): GpuWatts {
  const known = LOWEST_CAP_WATTS.find(([name]) => name.test(system.name));
  return {
    minWatts: known?.[1] ?? Math.ceil(system.tdpWatts * UNKNOWN_LOWEST_SHARE),
    maxWatts: system.tdpWatts,
    tdpWatts: system.tdpWatts,
  };
}

/** Share of the time that scales with the clock, by kind of work. */
export function computeShareOf(
  side: Side,
  { batchSize, tp }: { readonly batchSize: number; readonly tp: number },
): number {
  switch (side) {
    case "prefill":
      return 0.9;
    case "decode":
      return batchSize >= 32 || tp > 1 ? 0.7 : 0.25;
    case "agg":
      return 0.8;
  }
}

/** Lowest cap ÷ own draw that is planned without measured curves (R17). */
export function lowestRatioOf(side: Side, smVersion: number): number {
  return side !== "prefill" && smVersion >= 100 ? 0.75 : 0.7;
}
