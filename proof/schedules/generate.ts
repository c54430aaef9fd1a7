/**
 * Makes schedules by swarm testing: each draws which kinds of faults it knows at all, how often they come, which fleet and
 * which traffic. A seed is a schedule.
 * @module
 */

import { type Fault, type Random, seededRandom } from "../../simulator/mod.ts";
import { FAULT_RECIPES, type RecipeContext } from "./fault_recipes.ts";
import type { Schedule, ScheduledFleet, ScheduledTraffic } from "./schedule.ts";
import { type Swarm, SWARMS } from "./swarms.ts";

/** Faults begin after this and end before the window closes, milliseconds. */
const FIRST_FAULT_MS = 5_000;

/** The schedule of a seed. */
export function generateSchedule(seed: number): Schedule {
  const random = seededRandom(seed);
  const swarm = swarmOf(random);
  const fleet = fleetOf(random, swarm, podsOf(seed));
  const windowMs = 1_000 * pick(random, [60, 120, 180, 300]);
  const traffic = trafficOf(random, fleet, windowMs);
  const spread = (least: number, most: number) =>
    round(least + (most - least) * random());
  const secret = random() < 0.5 ? NO_SECRET : {
    ttft: spread(0.8, 1.4),
    itl: spread(0.8, 1.4),
    powerPrefill: spread(0.7, 1.35),
    powerDecode: spread(0.7, 1.35),
  };
  const answerMs = pick(random, swarm.answersMs);
  const reorderMs = pick(random, swarm.reordersMs);
  return {
    seed,
    fleet,
    traffic,
    secret,
    answerMs,
    reorderMs,
    faults: faultsOf(random, { fleet, windowMs, swarm }),
  };
}

/** A theme, by the weights. */
function swarmOf(random: Random): Swarm {
  let left = random() * SWARMS.reduce((sum, { weight }) => sum + weight, 0);
  return SWARMS.find(({ weight }) => (left -= weight) < 0) ?? SWARMS[0]!;
}

/** Half of the replicas with two GPUs are two pods, drawn apart so that all else of a seed stays what it is. */
function podsOf(seed: number): (gpusPerReplica: number) => number {
  const random = seededRandom(seed ^ 0x6a09e667);
  return (gpus) => gpus === 2 && random() < 0.5 ? 2 : 1;
}

const NO_SECRET = { ttft: 1, itl: 1, powerPrefill: 1, powerDecode: 1 };

/** A fleet whose floors fit its budget, with one replica's GPUs to spare for a rollout. */
function fleetOf(
  random: Random,
  swarm: Swarm,
  pods: (gpusPerReplica: number) => number,
): ScheduledFleet {
  const mode = random() < 0.75 ? "disagg" : "agg";
  const capOwner = random() < 0.95 ? "planner" : "deployment";
  const startMode = random() < (swarm.stories.length > 0 ? 0.9 : 0.75)
    ? "gate"
    : random() < 0.5
    ? "prearm"
    : "none";
  const gpusPerReplica = pick(random, [1, 1, 1, 2]);
  const podsPerReplica = pods(gpusPerReplica);
  const nodes = pick(random, [1, 2, 2, 3, 4]);
  const gpusPerNode = gpusPerReplica * pick(random, [3, 3, 4]);
  const strangers = startMode === "gate" && nodes > 1 && random() < 0.3 ? 1 : 0;
  const sides = mode === "disagg" ? 2 : 1;
  const slots = nodes * Math.floor(gpusPerNode / gpusPerReplica) - strangers;
  // One replica's GPUs are spare, so that a rollout has somewhere to surge to.
  const most = slots - 1;
  const floor = most >= 2 * sides && random() < 0.3 ? 2 : 1;
  const maxGpus = gpusPerReplica *
    (sides * floor + Math.floor(random() * (most - sides * floor + 1)));
  const floorGpus = sides * floor * gpusPerReplica;
  const allGpus = nodes * gpusPerNode;
  // Without a gate what may start is reserved at the default limit (§6), so a budget has to hold most of the pool.
  const mostWatts = maxGpus * (random() < swarm.tight ? 320 : 600);
  const budgetWatts = startMode === "gate"
    ? Math.floor(
      floorGpus * 220 + random() * (mostWatts - floorGpus * 220),
    )
    : Math.floor(allGpus * 700 * (0.9 + 0.15 * random()));
  return {
    mode,
    startMode,
    capOwner,
    clamp: random() < 0.8 ? "exact" : "compatible",
    belowFloor: random() < 0.7 ? "shed" : "hold_floor",
    optimizer: random() < 0.8,
    loadScaling: random() < 0.2,
    advisory: random() < 0.04,
    nodes,
    gpusPerNode,
    gpusPerReplica,
    podsPerReplica,
    floor,
    maxGpus,
    budgetWatts,
    strangers,
  };
}

/** Traffic that the fleet can serve now and then, changing up to three times. */
function trafficOf(
  random: Random,
  fleet: ScheduledFleet,
  windowMs: number,
): ScheduledTraffic {
  const replicas = fleet.maxGpus / fleet.gpusPerReplica;
  const changes = Math.floor(random() * 4);
  const rates = Array.from({ length: changes + 1 }, (_, index) => ({
    fromMs: index === 0 ? 0 : Math.floor(windowMs * index / (changes + 1)),
    requestsPerSecond: round(random() * replicas * 6),
  }));
  return {
    islTokens: pick(random, [500, 1_000, 3_000]),
    oslTokens: pick(random, [50, 100, 300]),
    rates,
  };
}

function faultsOf(
  random: Random,
  { fleet, windowMs, swarm }: {
    readonly fleet: ScheduledFleet;
    readonly windowMs: number;
    readonly swarm: Swarm;
  },
): Fault[] {
  const { kinds } = swarm;
  const known = FAULT_RECIPES.filter(({ kind, fits = () => true }) =>
    fits(fleet) && (kinds?.includes(kind) ?? true) && random() < swarm.knows
  );
  const context = (): RecipeContext => ({
    fleet,
    random,
    atMs: FIRST_FAULT_MS + Math.floor(random() * (windowMs - FIRST_FAULT_MS)),
    durationMs: 1_000 *
      (1 + Math.floor(random() * random() * 90)),
  });
  const faults = storyOf(swarm, context());
  if (known.length === 0) return knowable(faults);
  const count = Math.floor(random() * pick(random, swarm.most));
  const busy = new Map<string, number>();
  for (let index = 0; index < count; index++) {
    const recipe = pick(random, known);
    const on = context();
    const fault = recipe.make(on);
    // One unplanned start at a time is what the other modes promise (§6).
    if (recipe.startsWorkers && fleet.startMode !== "gate") {
      if (busy.size > 0) continue;
      busy.set(fault.kind, on.atMs);
    }
    faults.push(fault);
  }
  return knowable(faults).sort((a, b) => a.atMs - b.atMs);
}

/**
 * A pod that is deleted by force while it runs is known by its node's report, or to the leader that saw it. Where a person
 * deletes reports too, a new leader could know of it from nobody, and nothing is claimed.
 */
function knowable(faults: readonly Fault[]): Fault[] {
  const isReportLost = faults.some(({ kind }) => kind === "report_deleted");
  return faults.filter(({ kind }) =>
    !(isReportLost && kind === "pod_force_deleted")
  );
}

/** A story of the theme; without a gate none claims anything (§6). */
function storyOf(swarm: Swarm, context: RecipeContext): Fault[] {
  const { fleet, random } = context;
  const isGated = fleet.startMode === "gate" && fleet.capOwner === "planner";
  const fitting = swarm.stories.filter(({ fits = () => true }) => fits(fleet));
  if (!isGated || fitting.length === 0) return [];
  return [...pick(random, fitting).tell(context)];
}

function pick<Value>(random: Random, values: readonly Value[]): Value {
  return values[Math.floor(random() * values.length)]!;
}

/** Two decimals: what is printed is what is run. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}
