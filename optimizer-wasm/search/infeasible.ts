/** Which constraint forbids every fleet, and by how much (R16). @module */

import { KINDS } from "./fleet_kinds.ts";
import type { FleetInfeasible } from "./answer.ts";
import type { FleetMode, FleetQuery, WorkerSide } from "./question.ts";
import type { MemoryMiss, RowsReport } from "./rows.ts";
import type { SearchHost, SearchOption } from "../program/search_host.ts";
import { floorOf } from "./setting.ts";

/** What the explanation looks at, after a search that ranked nothing. */
export interface EmptySearch {
  readonly search: SearchHost;
  readonly mode: FleetMode;
  readonly query: FleetQuery;
  readonly report: RowsReport;
}

const round = (value: number, digits = 1) => Number(value.toFixed(digits));

/**
 * A side that the tables say nothing about makes every fleet with it unknown, which is not infeasible.
 *
 * @throws {WattkeeperError} `not_measured`, `no_empirical` or `missing_flops` when no kind of fleet has rows on all sides
 */
export function refuseUnknownSides(mode: FleetMode, report: RowsReport): void {
  const { rowsBySide, missBySide } = report;
  const isKnown = KINDS[mode].fleets.some((sides) =>
    sides.every((side) => rowsBySide[side] > 0 || !missBySide[side])
  );
  if (isKnown) return;
  for (const side of KINDS[mode].sides) {
    const miss = missBySide[side];
    if (miss && rowsBySide[side] === 0) throw miss;
  }
}

/** Names the first constraint, in the order memory, admission, latency, GPUs, watts, that no fleet meets. */
export function explainInfeasible(empty: EmptySearch): FleetInfeasible {
  const { report, query, mode, search } = empty;
  for (const side of KINDS[mode].sides) {
    const miss = report.nearestMemory[side];
    if (miss && mode !== "best") return outOfMemory(side, miss);
  }
  const { prefill, decode, agg } = report.nearestMemory;
  if (mode === "best" && agg && (prefill ?? decode)) {
    return outOfMemory("agg", agg);
  }
  const sides = KINDS[mode].sides;
  const without = sides.filter((side) => search.options(side).length === 0);
  // Of the kinds of fleet one is enough: agg explains only where it is the only one, or nearer than disagg.
  const blocked = mode === "best"
    ? without.filter((side) => side !== "agg")
    : without;
  if (blocked.length > 0 && (mode !== "best" || without.includes("agg"))) {
    return missedTarget(empty, blocked);
  }
  return doesNotFit(query, kindsThatExist(search, mode));
}

function outOfMemory(
  side: WorkerSide,
  { neededBytes, availableBytes }: MemoryMiss,
): FleetInfeasible {
  const gib = (bytes: number) => (bytes / 1024 ** 3).toFixed(1);
  return {
    constraint: "memory",
    message: `One request of a ${side} worker needs ${
      gib(neededBytes)
    } GiB of each GPU in the roomiest layout, and ${
      gib(availableBytes)
    } GiB are there.`,
    needed: neededBytes,
    available: availableBytes,
    unit: "bytes",
  };
}

function missedTarget(
  { search, query, report }: EmptySearch,
  sides: readonly WorkerSide[],
): FleetInfeasible {
  if (report.refusedByAdmission > 0 && report.rows === 0) {
    return {
      constraint: "admission",
      message:
        `No decode batch stays below the admission threshold ${query.maxThetaDecode}.`,
      needed: 1,
      available: query.maxThetaDecode ?? 1,
      unit: "share",
    };
  }
  const nearest = search.nearestMisses();
  const ttft = sides.includes("agg")
    ? nearest.aggTtftMs
    : nearest.prefillTtftMs;
  const itl = sides.includes("agg") ? nearest.aggItlMs : nearest.decodeItlMs;
  const missesTtft = sides.some((side) => side !== "decode") &&
    ttft > query.ttftMs;
  const missesItl = sides.some((side) => side !== "prefill") &&
    itl > query.itlMs;
  if (missesTtft || !missesItl) {
    return {
      constraint: "ttft_ms",
      message: missesTtft
        ? `The lowest time to first token at ${query.isl} input tokens is ${
          round(ttft)
        } ms, and the target is ${query.ttftMs} ms.`
        : `No batch meets a time to first token of ${query.ttftMs} ms and an inter-token latency of ${query.itlMs} ms together.`,
      needed: ttft,
      available: query.ttftMs,
      unit: "ms",
    };
  }
  return {
    constraint: "itl_ms",
    message: `The lowest inter-token latency at ${query.isl} input tokens is ${
      round(itl, 2)
    } ms, and the target is ${query.itlMs} ms.`,
    needed: itl,
    available: query.itlMs,
    unit: "ms",
  };
}

/** Options of each kind of fleet that has some on all its sides. */
function kindsThatExist(
  search: SearchHost,
  mode: FleetMode,
): { readonly side: WorkerSide; readonly options: SearchOption[] }[][] {
  return KINDS[mode].fleets
    .map((sides) =>
      sides.map((side) => ({ side, options: search.options(side) }))
    )
    .filter((sides) => sides.every(({ options }) => options.length > 0));
}

function doesNotFit(
  query: FleetQuery,
  kinds: ReturnType<typeof kindsThatExist>,
): FleetInfeasible {
  const floor = floorOf(query.floors);
  const least = (pick: (option: SearchOption) => number, most = Infinity) =>
    Math.min(
      ...kinds.map((sides) =>
        sides.reduce((sum, { side, options }) =>
          sum + floor(side) *
            Math.min(
              ...options.filter(({ gpus }) => gpus <= most).map(pick),
            ), 0)
      ),
    );
  const gpus = least((option) => option.gpus);
  if (query.totalGpus !== undefined && gpus > query.totalGpus) {
    return {
      constraint: "gpus",
      message:
        `The smallest fleet that meets the targets has ${gpus} GPUs, and ${query.totalGpus} are there.`,
      needed: gpus,
      available: query.totalGpus,
      unit: "gpus",
    };
  }
  const watts = leastWatts(query, kinds);
  return {
    constraint: "watts",
    message:
      `The fleet with the fewest watts that meets the targets needs ${watts} W, and the budget is ${
        query.budgetWatts ?? 0
      } W.`,
    needed: watts,
    available: query.budgetWatts ?? 0,
    unit: "watts",
  };
}

/** Fewest watts of a fleet at its floors whose GPUs fit. */
function leastWatts(
  query: FleetQuery,
  kinds: ReturnType<typeof kindsThatExist>,
): number {
  const floor = floorOf(query.floors);
  const mostGpus = query.totalGpus ?? Infinity;
  let least = Infinity;
  for (const sides of kinds) {
    const [first, second] = sides.map(({ side, options }) =>
      cheapestBySize(options, floor(side))
    );
    for (const [gpus, watts] of first ?? []) {
      for (const [others, more] of second ?? [[0, 0] as const]) {
        if (gpus + others <= mostGpus) least = Math.min(least, watts + more);
      }
    }
  }
  return least;
}

/** GPUs and fewest watts of a side at its floor, by size of its replicas. */
function cheapestBySize(
  options: readonly SearchOption[],
  floor: number,
): (readonly [gpus: number, watts: number])[] {
  const bySize = new Map<number, number>();
  for (const { gpus, watts } of options) {
    bySize.set(gpus, Math.min(bySize.get(gpus) ?? Infinity, watts));
  }
  return [...bySize].map(([gpus, watts]) => [gpus * floor, watts * floor]);
}
