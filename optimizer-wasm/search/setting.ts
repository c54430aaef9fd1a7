/** A query as the module's numbers. @module */

import { type CapRange, capRangeOf, lowestRatioOf } from "../data/cap_range.ts";
import type { PowerCurve } from "../data/power_curves.ts";
import type { SystemSpec } from "../data/system_spec.ts";
import { CAPS, SETTING, SIDE } from "../program/search_host.ts";
import {
  AIC_CORRECTIONS,
  type BySide,
  type FleetQuery,
  type WorkerSide,
} from "./question.ts";

const SIDES: readonly WorkerSide[] = ["prefill", "decode", "agg"];

/** What a query's numbers depend on beside the query. */
export interface SettingContext {
  readonly system: SystemSpec;
  readonly backend: string;
  readonly layers: number;
  readonly nextn: number;
  readonly curve: PowerCurve;
  /** Shares of prefill and decode that scale with the clock, where live points refined them. */
  readonly computeShares: Readonly<Record<string, number>>;
}

/** Range of the cap in a query. */
export function rangeOf(query: FleetQuery, system: SystemSpec): CapRange {
  const known = capRangeOf(system);
  return { ...known, ...query.capRange };
}

/** Writes a query into the module's window. */
export function writeSetting(
  window: Float64Array,
  query: FleetQuery,
  context: SettingContext,
): void {
  const corrections = query.corrections ?? AIC_CORRECTIONS;
  const { coefficients, caps } = query;
  const gate = (c: number | undefined) => Math.max(1, c ?? 1);
  const set = (slot: keyof typeof SETTING, value: number, offset = 0) => {
    window[SETTING[slot] + offset] = value;
  };
  const eachSide = (
    slot: keyof typeof SETTING,
    value: (side: WorkerSide) => number,
  ) => SIDES.forEach((side) => set(slot, value(side), SIDE[side]));
  set("ttftMs", query.ttftMs);
  set("itlMs", query.itlMs);
  set("isl", query.isl);
  set("osl", query.osl);
  set("prefix", query.prefix ?? 0);
  set("prefillLatency", corrections.prefillLatency);
  set("ttftQueueing", corrections.ttftQueueing);
  set("decodeLatency", corrections.decodeLatency);
  set("prefillRate", corrections.prefillRate);
  set("decodeRate", corrections.decodeRate);
  set("cTtft", gate(coefficients?.ttft));
  set("cItl", gate(coefficients?.itl));
  eachSide("cPower", (side) => gate(coefficients?.power[side]));
  // A fixed choice without a value for a side leaves that side at its own draw: the module reads an infinite cap so.
  set("capMode", CAPS[caps.kind]);
  eachSide(
    "fixedCap",
    (side) => caps.kind === "fixed" ? caps.watts[side] ?? Infinity : 0,
  );
  const { minWatts, maxWatts, tdpWatts } = rangeOf(query, context.system);
  set("minWatts", Math.ceil(minWatts));
  set("maxWatts", Math.floor(maxWatts));
  set("tdpWatts", tdpWatts);
  eachSide(
    "lowestRatio",
    (side) =>
      query.allowUnmeasuredCaps
        ? 0
        : lowestRatioOf(side, context.system.smVersion),
  );
  writeCurve(window, context.curve);
  set("prefillShare", context.computeShares["prefill"] ?? 0);
  set("decodeShare", context.computeShares["decode"] ?? 0);
  set("mostGpus", query.totalGpus ?? Infinity);
  set("mostWatts", query.budgetWatts ?? Infinity);
  set("demand", query.requestRate ?? Infinity);
  set("efficiency", query.objective === "efficiency" ? 1 : 0);
  set("drafts", context.nextn);
  const vllm = context.backend === "vllm";
  set("vllm", vllm ? 1 : 0);
  set(
    "dispatchMs",
    vllm ? corrections.vllmDispatchMsPerLayer * context.layers : 0,
  );
  eachSide("floors", floorOf(query.floors));
  eachSide("ceilings", (side) => query.ceilings?.[side] ?? Infinity);
}

/** Fewest replicas of a side; one where nothing is said. */
export function floorOf(
  floors: BySide<number> | undefined,
): (side: WorkerSide) => number {
  return (side) => floors?.[side] ?? 1;
}

function writeCurve(window: Float64Array, curve: PowerCurve): void {
  window[SETTING.voltageFloor] = curve.vmin;
  window[SETTING.voltageSlope] = curve.slope;
  window[SETTING.clockStep] = curve.clockStepMhz / curve.maxClockMhz;
  window[SETTING.lowestClock] = curve.minClockMhz / curve.maxClockMhz;
  window[SETTING.staticWatts] = curve.staticWatts;
  window.set(curve.errors, SETTING.errors);
}
