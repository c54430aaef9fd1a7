/** Every whole-watt cap that a row may have, tried one by one (R10, R11, R17). @module */

import {
  declaredError,
  phaseAtClock,
  type PhaseSums,
  type PowerCurve,
  REGULATION,
  type SystemSpec,
} from "../../../../optimizer-wasm/mod.ts";
import type { FleetQuery } from "../../../../optimizer-wasm/search/mod.ts";
import type { BruteRow, Measured } from "./brute_rows.ts";

/** One row under one cap that meets the targets. */
export interface BruteOption extends Measured {
  readonly row: BruteRow;
  readonly capWatts: number;
  readonly watts: number;
  readonly gpus: number;
}

/** What the caps depend on beside the query. */
export interface CapContext {
  readonly system: SystemSpec;
  readonly curve: PowerCurve;
  readonly range: { readonly minWatts: number; readonly maxWatts: number };
}

/** R11: what cannot be is the TDP. */
function physical(watts: number, tdpWatts: number): number {
  return !(watts > 0) || watts > 1.1 * tdpWatts ? tdpWatts : watts;
}

function drawOf({ totalMs, energyWms }: PhaseSums): number {
  return totalMs > 0 ? energyWms / totalMs : 0;
}

/** The cap that costs nothing. */
export function ownCapOf(
  row: BruteRow,
  query: FleetQuery,
  { system, range }: CapContext,
): number {
  const draw = Math.max(
    ...row.phases.map(({ sums }) => physical(drawOf(sums), system.tdpWatts)),
  );
  const c = Math.max(1, query.coefficients?.power[row.side] ?? 1);
  return Math.min(
    Math.max(Math.ceil(draw * c), Math.ceil(range.minWatts)),
    Math.floor(range.maxWatts),
  );
}

function capsOf(
  row: BruteRow,
  query: FleetQuery,
  context: CapContext,
): number[] {
  const own = ownCapOf(row, query, context);
  const low = Math.ceil(context.range.minWatts);
  const high = Math.floor(context.range.maxWatts);
  const { caps } = query;
  if (caps.kind === "fixed") {
    const given = caps.watts[row.side];
    return [given === undefined ? own : Math.min(Math.max(given, low), high)];
  }
  if (caps.kind !== "free") return [own];
  if (row.limits.length > 0) {
    const c = Math.max(1, query.coefficients?.power[row.side] ?? 1);
    const measured = Math.ceil((row.limits.at(-1)?.limitWatts ?? 0) * c);
    const list = [own];
    for (let cap = Math.max(low, measured); cap < own; cap++) list.push(cap);
    return list;
  }
  const ratio = query.allowUnmeasuredCaps
    ? 0
    : row.side !== "prefill" && row.smVersion >= 100
    ? 0.75
    : 0.7;
  const list = [];
  for (let cap = Math.max(low, Math.ceil(own * ratio)); cap <= own; cap++) {
    list.push(cap);
  }
  return list;
}

/** Clocks that the device offers below the uncapped one, highest first, with the upper end of the draw. */
function clocksOf(sums: PhaseSums, curve: PowerCurve) {
  const { clockStepMhz, minClockMhz, maxClockMhz } = curve;
  const list = [];
  for (
    let mhz = maxClockMhz - clockStepMhz;
    mhz >= minClockMhz;
    mhz -= clockStepMhz
  ) {
    const clock = mhz / maxClockMhz;
    const at = phaseAtClock(sums, curve, clock);
    list.push({ clock, watts: at.watts, slow: at.latencyMs / sums.totalMs });
  }
  return list;
}

/**
 * Time of a phase at a limit ÷ its uncapped time: straight lines through the measured limits, up to the own draw;
 * undefined below the lowest limit.
 */
function measuredSlow(
  { limits, phases }: BruteRow,
  index: number,
  limitWatts: number,
): number | undefined {
  const phase = phases[index];
  if (!phase) return undefined;
  const own = drawOf(phase.sums);
  if (limitWatts >= own) return 1;
  const points = [[own, 1]];
  let most = 1;
  for (const one of limits) {
    if (one.limitWatts >= own) continue;
    most = Math.max(most, (one.ms[index] ?? NaN) / phase.ms);
    points.push([one.limitWatts, most]);
  }
  for (const [at, [low = 0, slow = 1]] of points.entries()) {
    if (at === 0 || limitWatts < low) continue;
    const [high = 0, fast = 1] = points[at - 1] ?? [];
    return slow + (fast - slow) * (limitWatts - low) / (high - low);
  }
  return undefined;
}

/** All options of a row. */
export function bruteOptions(
  row: BruteRow,
  query: FleetQuery,
  context: CapContext,
): BruteOption[] {
  const { curve } = context;
  const own = ownCapOf(row, query, context);
  const c = Math.max(1, query.coefficients?.power[row.side] ?? 1);
  const clocks = row.phases.map(({ sums }) => clocksOf(sums, curve));
  return capsOf(row, query, context).flatMap((capWatts): BruteOption[] => {
    const slow: number[] = [];
    for (const [index, { sums }] of row.phases.entries()) {
      if (capWatts >= own || capWatts >= drawOf(sums) * c) {
        slow.push(1);
        continue;
      }
      const lowest = row.limits.at(-1);
      if (lowest && capWatts >= Math.ceil(lowest.limitWatts * c)) {
        slow.push(measuredSlow(row, index, capWatts / c) ?? NaN);
        continue;
      }
      const at = clocks[index]?.find(({ watts }) =>
        watts * c <= capWatts * REGULATION
      );
      if (at === undefined) return [];
      slow.push(at.slow);
    }
    const lowest = row.limits.at(-1);
    const measured = lowest !== undefined &&
      capWatts >= Math.ceil(lowest.limitWatts * c);
    if (lowest && !measured && capWatts < own) {
      // Below the limits the curve goes on, and nothing is faster than at the lowest.
      for (const index of row.phases.keys()) {
        const least = measuredSlow(row, index, lowest.limitWatts) ?? NaN;
        slow[index] = Math.max(slow[index] ?? 1, least);
      }
    }
    const binds = !measured && slow.some((value) => value !== 1);
    const error = binds ? declaredError(curve, capWatts / own) : 0;
    const { ttftMs, itlMs, rate } = row.measure(slow);
    if (ttftMs * (1 + error) > query.ttftMs) return [];
    if (itlMs * (1 + error) > query.itlMs) return [];
    return [{
      row,
      capWatts,
      watts: capWatts * row.gpus,
      gpus: row.gpus,
      ttftMs,
      itlMs,
      rate: Math.min(rate, row.mostRate),
    }];
  });
}
