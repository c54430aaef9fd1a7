/** Why a fleet leaves GPUs idle. @module */

import type { FleetCandidate } from "./answer.ts";
import type { SweepAnswer } from "./record.ts";

/** One sentence, or undefined when none is idle. */
export function idleReason(
  { query }: Pick<SweepAnswer, "query">,
  best: FleetCandidate,
): string | undefined {
  if (query.totalGpus === undefined) return undefined;
  const idle = query.totalGpus - best.gpus;
  if (idle <= 0) return undefined;
  const sides = [best.prefill, best.decode, best.workers].filter((side) =>
    side !== undefined
  );
  const text = `${idle} of ${query.totalGpus} GPUs stay idle: `;
  const { requestRate, budgetWatts, objective } = query;
  if (
    requestRate !== undefined &&
    best.servedRequestsPerSecond >= requestRate * (1 - 1e-9)
  ) return `${text}the demand is served without them.`;
  if (objective === "efficiency") {
    return `${text}more would serve less for each watt.`;
  }
  // The side that limits has to grow for anything to be gained.
  const limiting = sides.reduce((weakest, side) =>
    side.replicas * side.requestsPerSecond <
        weakest.replicas * weakest.requestsPerSecond
      ? side
      : weakest
  );
  const needed = limiting.gpusPerReplica;
  const watts = needed * (limiting.capWatts ?? limiting.predictedWatts);
  if (needed > idle) {
    return `${text}one more replica of the side that limits has ${needed} GPUs.`;
  }
  if (budgetWatts !== undefined && best.watts + watts > budgetWatts) {
    return `${text}one more replica of the side that limits needs ${watts} W, and ${
      Math.floor(budgetWatts - best.watts)
    } W are left.`;
  }
  return `${text}no other split of them serves more; both sides would have to grow.`;
}
