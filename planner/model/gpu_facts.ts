/** What the planner assumes about a GPU's watts: the range of its cap and its power curve. @module */

import type { SystemSpec } from "../../optimizer-wasm/mod.ts";
import type { GpuWatts, Side } from "../core/mod.ts";
import type { CurveParameters } from "./power_curve.ts";

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

/** Default curve of a generation (`power-curves.md` §3, "Default parameters"). */
export function curveOf(
  { name, smVersion }: Pick<SystemSpec, "name" | "smVersion">,
): CurveParameters {
  if (smVersion >= 100) {
    return {
      vmin: 0.78,
      slope: 0.7,
      staticWatts: 200,
      errors: [0.06, 0.2, 0.35, 0.5],
    };
  }
  if (smVersion >= 90) {
    return {
      vmin: 0.82,
      slope: 0.85,
      staticWatts: name.startsWith("h200") ? 110 : 80,
      errors: [0.04, 0.1, 0.2, 0.4],
    };
  }
  if (smVersion === 80) {
    return {
      vmin: 0.75,
      slope: 1.2,
      staticWatts: 70,
      errors: [0.04, 0.1, 0.25, 0.4],
    };
  }
  return {
    vmin: 0.82,
    slope: 1.2,
    staticWatts: 70,
    errors: [0.05, 0.15, 0.3, 0.5],
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
