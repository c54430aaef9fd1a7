/** Which constraint forbids every fleet, and by how much (R16). @module */

import { WattkeeperError } from "../../service/portable.ts";
import type {
  NearestMisses,
  SearchHost,
  SearchOption,
} from "../program/search_host.ts";
import type { FleetInfeasible } from "./answer.ts";
import { KINDS } from "./fleet_kinds.ts";
import { leastOf } from "./least_fleet.ts";
import { missedTarget } from "./missed_target.ts";
import type { FleetMode, FleetQuery, WorkerSide } from "./question.ts";
import type { RowsReport, SideReport } from "./rows.ts";
import { floorOf } from "./setting.ts";

/** What the explanation looks at, after a search that ranked nothing. */
export interface EmptySearch {
  readonly search: SearchHost;
  readonly mode: FleetMode;
  readonly query: FleetQuery;
  readonly report: RowsReport;
  /** Groups of layouts that go together (`[0]`: all do), and the group of an option. */
  readonly groups: readonly number[];
  groupOf(side: WorkerSide, option: SearchOption): number;
}

/** How far a kind of fleet comes before something forbids it; later is nearer. */
const STAGES = ["memory", "admission", "latency", "fleet"] as const;

/** Why one kind of fleet does not exist. */
export interface Obstacle {
  readonly stage: (typeof STAGES)[number];
  readonly infeasible: FleetInfeasible;
}

/**
 * A kind of fleet about which the tables say nothing is unknown, not impossible: refused when no other kind is known.
 *
 * @throws {WattkeeperError} why the first row was refused
 */
export function refuseUnknownSides(
  mode: FleetMode,
  report: RowsReport,
): void {
  const isUnknown = (side: WorkerSide) => {
    const { rows, missing } = report.of(side, 0);
    return rows === 0 && missing !== undefined;
  };
  if (KINDS[mode].fleets.some((sides) => !sides.some(isUnknown))) return;
  const unknown = KINDS[mode].sides.find(isUnknown);
  if (unknown) throw report.of(unknown, 0).missing;
}

/**
 * Names what forbids the kind of fleet that comes nearest: memory, admission, latency, then GPUs and watts.
 *
 * @throws {WattkeeperError} `not_measured` and the like where only what the tables lack keeps sides apart
 */
export function explainInfeasible(empty: EmptySearch): FleetInfeasible {
  const obstacles = KINDS[empty.mode].fleets.flatMap((sides) =>
    (sides.length > 1 ? empty.groups : [0]).flatMap((group) =>
      obstacleOf(empty, sides, group) ?? []
    )
  );
  const [nearest] = obstacles.sort((a, b) =>
    STAGES.indexOf(b.stage) - STAGES.indexOf(a.stage) ||
    missOf(a.infeasible) - missOf(b.infeasible)
  );
  if (nearest) return nearest.infeasible;
  // Layouts that go together have rows of one side only, and the tables say nothing about the other.
  const unknown = KINDS[empty.mode].sides.flatMap((side) =>
    empty.groups.map((group) => empty.report.of(side, group).missing)
  ).find((missing) => missing !== undefined);
  if (unknown) throw unknown;
  throw new WattkeeperError(
    "internal",
    "A fleet search found nothing and no reason for it.",
  );
}

/** How far off, relative. */
function missOf({ needed, available }: FleetInfeasible): number {
  return available > 0 ? needed / available : Infinity;
}

function obstacleOf(
  empty: EmptySearch,
  sides: readonly WorkerSide[],
  group: number,
): Obstacle | undefined {
  const { search, query, report } = empty;
  const found = sides.map((side) => ({
    side,
    options: search.options(side).filter((option) =>
      group === 0 || empty.groupOf(side, option) === group
    ),
  }));
  const lacking = found.filter(({ options }) => options.length === 0)
    .map(({ side }) => side);
  if (lacking.length === 0) return doesNotFit(query, found);
  let misses: NearestMisses | undefined;
  for (const side of lacking) {
    const mine = report.of(side, group);
    const early = noRows(side, mine, query);
    if (early) return early;
    // Neither rows nor a reason: the side has no layout that the tables answer for.
    if (mine.rows === 0) return undefined;
    misses ??= search.nearestMisses(group);
    const infeasible = missedTarget(side, misses, query);
    if (infeasible) return { stage: "latency", infeasible };
  }
  return undefined;
}

function noRows(
  side: WorkerSide,
  { rows, nearestMemory, leastTheta }: SideReport,
  query: FleetQuery,
): Obstacle | undefined {
  if (side !== "decode" && query.maxThetaPrefill === 0) {
    return admission(side, Number.EPSILON, 0);
  }
  if (rows > 0) return undefined;
  if (nearestMemory) {
    const gib = (bytes: number) => (bytes / 1024 ** 3).toFixed(1);
    const { neededBytes, availableBytes } = nearestMemory;
    const message = `One request needs ${gib(neededBytes)} GiB of each ${
      side === "agg" ? "worker" : side
    } GPU in the roomiest layout, and ${gib(availableBytes)} GiB are there.`;
    return {
      stage: "memory",
      infeasible: {
        constraint: "memory",
        message,
        needed: neededBytes,
        available: availableBytes,
        unit: "bytes",
      },
    };
  }
  return leastTheta === undefined
    ? undefined
    : admission(side, leastTheta, query.maxThetaDecode ?? 1);
}

function admission(
  side: WorkerSide,
  needed: number,
  available: number,
): Obstacle {
  return {
    stage: "admission",
    infeasible: {
      constraint: "admission",
      message:
        `No ${side} batch stays below the admission threshold ${available}: the lowest that one implies is ${
          needed.toPrecision(3)
        }.`,
      needed,
      available,
      unit: "share",
    },
  };
}

function doesNotFit(
  query: FleetQuery,
  sides: Parameters<typeof leastOf>[0],
): Obstacle | undefined {
  const least = leastOf(sides, floorOf(query.floors), query.totalGpus);
  if (query.totalGpus !== undefined && least.gpus > query.totalGpus) {
    return {
      stage: "fleet",
      infeasible: {
        constraint: "gpus",
        message:
          `The smallest fleet that meets the targets has ${least.gpus} GPUs, and ${query.totalGpus} are there.`,
        needed: least.gpus,
        available: query.totalGpus,
        unit: "gpus",
      },
    };
  }
  if (query.budgetWatts === undefined || least.watts <= query.budgetWatts) {
    return undefined;
  }
  return {
    stage: "fleet",
    infeasible: {
      constraint: "watts",
      message:
        `The fleet with the fewest watts that meets the targets needs ${least.watts} W, and the budget is ${query.budgetWatts} W.`,
      needed: least.watts,
      available: query.budgetWatts,
      unit: "watts",
    },
  };
}
