/** {@linkcode FleetQuestion}s answered from operating points: for models that know points and have no search of their own. @module */

import type {
  CapacityModel,
  CapQuestion,
  FleetAnswer,
  FleetQuestion,
  OperatingPoint,
} from "./capacity.ts";
import { search } from "./search.ts";
import { type Side, sidesOf } from "./side.ts";

interface CappedPoint {
  readonly capWatts: number;
  readonly requestsPerSecond: number;
  readonly point: OperatingPoint;
}

/** Demand that stands for "unlimited". */
const UNLIMITED = Number.MAX_SAFE_INTEGER;

/**
 * The best fleet over the points that `answer` gives.
 *
 * @param model anything that answers for one replica
 */
export function searchOverPoints(
  model: Pick<CapacityModel, "answer" | "gpusPerReplica">,
  question: FleetQuestion,
): FleetAnswer {
  const sides: {
    side: Side;
    points: CappedPoint[];
    gpusPerReplica: number;
    floor: number;
  }[] = [];
  let candidates = 1;
  for (const side of sidesOf(question.mode)) {
    const answer = model.answer({
      ...question,
      side,
      caps: capsOf(question, side),
    });
    if (answer.kind === "no_answer") return answer;
    if (answer.kind === "infeasible") {
      return {
        ...answer,
        unit: answer.unit === "tokens" ? "bytes" : answer.unit,
      };
    }
    candidates *= answer.points.length;
    sides.push({
      side,
      points: answer.points.map((point) => ({
        capWatts: point.capWatts ?? point.drawWatts,
        requestsPerSecond: point.requestsPerSecond,
        point,
      })),
      gpusPerReplica: model.gpusPerReplica[side] ?? 1,
      floor: question.floors[side] ?? 0,
    });
  }
  const [first, second] = sides;
  if (!first) throw new Error("A fleet has at least one side.");
  const found = search<CappedPoint>({
    sides: second ? [first, second] : [first],
    demand: question.demandRequestsPerSecond ?? UNLIMITED,
    budgetWatts: question.budgetWatts ?? Number.MAX_VALUE,
    maxGpus: question.maxGpus,
    objective: question.objective,
  });
  if (!found) return doesNotFit(question, sides);
  const chosen = found.sides.map(({ point, replicas }, index) => {
    const side = sides[index]?.side ?? "agg";
    const most = question.ceilings[side] ?? replicas;
    return { side, replicas: Math.min(replicas, most), point: point.point };
  });
  const requestsPerSecond = Math.min(
    ...chosen.map(({ replicas, point }) => replicas * point.requestsPerSecond),
  );
  return {
    kind: "fleet",
    best: {
      sides: Object.fromEntries(
        chosen.map(({ side, replicas, point }) => [side, { replicas, point }]),
      ),
      requestsPerSecond,
      tokensPerSecond: requestsPerSecond * question.oslTokens,
      gpus: found.gpus,
      watts: found.watts,
      ttftMs: chosen.find(({ side }) => side !== "decode")?.point.ttftMs,
      itlMs: chosen.find(({ side }) => side !== "prefill")?.point.itlMs,
      thetaPrefill: undefined,
      thetaDecode: undefined,
    },
    candidates,
    searchMs: 0,
  };
}

function capsOf({ caps }: FleetQuestion, side: Side): CapQuestion {
  switch (caps.kind) {
    case "free":
      return { kind: "ladder" };
    case "own_draw":
    case "none":
      return caps;
    case "fixed": {
      const capWatts = caps.watts[side];
      return capWatts === undefined
        ? { kind: "own_draw" }
        : { kind: "fixed", capWatts };
    }
  }
}

function doesNotFit(
  { maxGpus, budgetWatts }: FleetQuestion,
  sides: readonly {
    readonly points: readonly CappedPoint[];
    readonly gpusPerReplica: number;
    readonly floor: number;
  }[],
): FleetAnswer {
  let gpus = 0;
  let watts = 0;
  for (const { points, gpusPerReplica, floor } of sides) {
    gpus += floor * gpusPerReplica;
    watts += floor * gpusPerReplica *
      Math.min(...points.map(({ capWatts }) => capWatts));
  }
  const byGpus = maxGpus !== undefined && gpus > maxGpus;
  return byGpus
    ? {
      kind: "infeasible",
      constraint: "gpus",
      message: `The floors need ${gpus} GPUs, and ${maxGpus} are allowed.`,
      needed: gpus,
      available: maxGpus,
      unit: "gpus",
    }
    : {
      kind: "infeasible",
      constraint: "watts",
      message:
        `The floors need ${watts} W at their lowest caps, and the budget is ${
          budgetWatts ?? 0
        } W.`,
      needed: watts,
      available: budgetWatts ?? 0,
      unit: "watts",
    };
}
