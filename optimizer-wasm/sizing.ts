/** From the watts of racks to the budget of each deployment (`SPEC.md` R30), pure. @module */

import { WattkeeperError } from "../service/portable.ts";

/** What is fed, what is installed and who shares it. All numbers are checked by {@linkcode sizeBudget}. */
export interface SizingInput {
  readonly racks: number;
  /** Watts that one rack may draw. */
  readonly rackWatts: number;
  /** Share of the racks' watts that is planned with, above 0 and at most 1. */
  readonly headroom: number;
  readonly nodes: number;
  readonly gpusPerNode: number;
  /** Most that one GPU may draw, watts. */
  readonly tdpWatts: number;
  /** Processors, memory, fans and network of all nodes, watts. */
  readonly nonGpuWatts: number;
  /** GPUs outside every deployment on which nothing runs. */
  readonly idleGpus: number;
  /** Draw of one of them, watts. */
  readonly idleGpuWatts: number;
  /** Empty: one deployment has all GPUs that are not idle. */
  readonly deployments: readonly DeploymentShare[];
}

/** One deployment (DGD) that shares the racks. */
export interface DeploymentShare {
  readonly name: string;
  readonly gpus: number;
  /** A budget that is already given out; absent: its share by GPU count. */
  readonly fixedWatts?: number;
}

/** The budget of one deployment. */
export interface DeploymentBudget {
  readonly name: string;
  readonly gpus: number;
  readonly budgetWatts: number;
  /** If every GPU got the same cap, rounded down. */
  readonly wattsPerGpu: number;
}

/** The whole reckoning, line by line. */
export interface Sizing {
  readonly facilityWatts: number;
  /** Facility × headroom, rounded down. */
  readonly plannedWatts: number;
  readonly nonGpuWatts: number;
  readonly idleWatts: number;
  /** GPUs neither in a deployment nor declared idle: they may draw all they can. */
  readonly otherGpus: number;
  readonly otherWatts: number;
  /** What is left for the deployments. */
  readonly budgetWatts: number;
  readonly gpus: number;
  /** All GPUs at their maximum. */
  readonly maxDrawWatts: number;
  /** About 70 % of the maximum, for `power_agent_safe_default_watts`. */
  readonly safeDefaultWatts: number;
  readonly deployments: readonly DeploymentBudget[];
  /** Watts that rounding down left over. */
  readonly unassignedWatts: number;
  readonly warnings: readonly string[];
}

/** Starts that nothing charges or gates draw before their first cap lands, so less may be planned with (R30). */
export const HEADROOM = 0.9;
export const HEADROOM_UNCHARGED_STARTS = 0.85;
/** Processors, memory, fans and network of one 8-GPU node; 500–1500 W are usual, the upper end is safe. */
export const NODE_OVERHEAD_WATTS = 1500;
/** Share of its maximum that an idle GPU with its driver loaded draws; B200 measured 0.19–0.20, the highest known. */
export const IDLE_SHARE = 0.2;

/** Above this a budget hardly binds and the formula's inputs deserve a second look. */
const OVERSUBSCRIBED = 1.15;

/**
 * Sizes the budgets: `rack_watts × headroom − non_gpu_watts`, split by GPU count.
 *
 * @param input what is fed, installed and shared
 * @returns the reckoning with warnings
 * @throws {WattkeeperError} `invalid_value` for contradictory numbers, `infeasible` when nothing is left to give out
 */
export function sizeBudget(input: SizingInput): Sizing {
  const gpus = input.nodes * input.gpusPerNode;
  const deployments = input.deployments.length > 0
    ? input.deployments
    : [{ name: "all", gpus: gpus - input.idleGpus }];
  const taken = sum(deployments.map((share) => share.gpus)) + input.idleGpus;
  if (taken > gpus || deployments.some((share) => share.gpus < 1)) {
    throw new WattkeeperError(
      "invalid_value",
      `Deployments and idle GPUs need ${taken} GPUs, and ${input.nodes} nodes × ${input.gpusPerNode} are ${gpus}.`,
      {
        where: input.deployments.length > 0 ? "--dgd" : "--idle-gpus",
        remedy:
          "Count each GPU once; every deployment needs at least one of them.",
      },
    );
  }
  const facilityWatts = input.racks * input.rackWatts;
  const plannedWatts = wholeWatts(facilityWatts * input.headroom);
  const idleWatts = Math.ceil(input.idleGpus * input.idleGpuWatts);
  const otherGpus = gpus - taken;
  const otherWatts = Math.ceil(otherGpus * input.tdpWatts);
  const nonGpuWatts = Math.ceil(input.nonGpuWatts);
  const budgetWatts = plannedWatts - nonGpuWatts - idleWatts - otherWatts;
  if (budgetWatts < 1) {
    throw new WattkeeperError(
      "infeasible",
      `Nothing is left for the GPUs: ${plannedWatts} W planned, ${nonGpuWatts} W beside GPUs, ${idleWatts} W idle GPUs, ${otherWatts} W other GPUs.`,
      {
        where: "--rack-watts",
        remedy: `Feed at least ${
          Math.ceil((plannedWatts - budgetWatts + 1) / input.headroom)
        } W in all, or lower what is subtracted.`,
      },
    );
  }
  const split = splitByGpus(deployments, budgetWatts);
  const unassignedWatts = budgetWatts -
    sum(split.map((share) => share.budgetWatts));
  const sizing = {
    facilityWatts,
    plannedWatts,
    nonGpuWatts,
    idleWatts,
    otherGpus,
    otherWatts,
    budgetWatts,
    gpus,
    maxDrawWatts: Math.ceil(gpus * input.tdpWatts),
    safeDefaultWatts: Math.ceil(input.tdpWatts * 7 / 10),
    deployments: split,
    unassignedWatts,
  };
  return { ...sizing, warnings: warningsOf(sizing, input) };
}

function splitByGpus(
  deployments: readonly DeploymentShare[],
  budgetWatts: number,
): DeploymentBudget[] {
  const open = deployments.filter((share) => share.fixedWatts === undefined);
  const openGpus = sum(open.map((share) => share.gpus));
  const left = budgetWatts -
    sum(deployments.map((share) => share.fixedWatts ?? 0));
  if (openGpus > 0 && left < openGpus) {
    throw new WattkeeperError(
      "infeasible",
      `The budgets given by hand leave ${left} W for ${
        open.map((share) => share.name).join(", ")
      } with ${openGpus} GPUs.`,
      {
        where: "--dgd",
        remedy: "Lower a budget given by hand, or leave it out.",
      },
    );
  }
  return deployments.map(({ name, gpus, fixedWatts }) => {
    const watts = fixedWatts === undefined
      ? Math.floor(left * gpus / openGpus)
      : Math.floor(fixedWatts);
    return {
      name,
      gpus,
      budgetWatts: watts,
      wattsPerGpu: Math.floor(watts / gpus),
    };
  });
}

function warningsOf(
  sizing: Omit<Sizing, "warnings">,
  input: SizingInput,
): string[] {
  const warnings: string[] = [];
  const assigned = sum(sizing.deployments.map((share) => share.budgetWatts));
  if (assigned > sizing.budgetWatts) {
    warnings.push(
      `The budgets add up to ${assigned} W, ${
        assigned - sizing.budgetWatts
      } W more than the ${sizing.budgetWatts} W that the facility leaves for them.`,
    );
  }
  if (sizing.otherGpus > 0) {
    warnings.push(
      `${sizing.otherGpus} GPUs are in no deployment and are charged ${input.tdpWatts} W each; if nothing runs on them, say --idle-gpus ${
        input.idleGpus + sizing.otherGpus
      }.`,
    );
  }
  if (sizing.maxDrawWatts > OVERSUBSCRIBED * sizing.budgetWatts) {
    warnings.push(
      `All GPUs at ${input.tdpWatts} W draw ${sizing.maxDrawWatts} W, over the budget of ${sizing.budgetWatts} W: only caps keep them inside it.`,
    );
  }
  for (const { name, gpus, budgetWatts } of sizing.deployments) {
    const most = Math.ceil(gpus * input.tdpWatts);
    if (budgetWatts > most) {
      warnings.push(
        `"${name}" can draw at most ${most} W: its budget of ${budgetWatts} W never binds.`,
      );
    }
  }
  return warnings;
}

/** Rounded down, after removing what binary fractions add or lose far below a watt. */
function wholeWatts(watts: number): number {
  return Math.floor(Math.round(watts * 1e6) / 1e6);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
