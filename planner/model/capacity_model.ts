/** The capacity port over the fleet search: what a replica does, and which fleet is best (R16). @module */

import { capRangeOf, type FleetSearch } from "../../optimizer-wasm/portable.ts";
import { WattkeeperError } from "../../service/portable.ts";
import {
  type CapacityAnswer,
  type CapacityModel,
  type FleetAnswer,
  type PerSide,
  sidesOf,
} from "../core/mod.ts";
import { choiceOf, pointOf } from "./answer.ts";
import { fleetQuery, sideQuery } from "./query.ts";

/** What {@linkcode capacityModel} stands on. */
export interface CapacityModelInput {
  /** Opened with the layouts that are deployed. */
  readonly search: FleetSearch;
  readonly usualIslTokens: number;
  readonly usualOslTokens: number;
}

/**
 * Builds the model. A failure of the search is an answer (`no_answer`), never an exception: the planner goes on (R19).
 */
export function capacityModel(
  { search, usualIslTokens, usualOslTokens }: CapacityModelInput,
): CapacityModel {
  const { mode } = search.space;
  const { system } = search.estimator;
  const sides = mode === "best" ? [] : sidesOf(mode);
  const gpusPerReplica: PerSide<number> = Object.fromEntries(
    sides.map((side) => [side, search.estimatorOf(side, 0).gpusPerReplica]),
  );
  return {
    gpusPerReplica,
    usualIslTokens,
    usualOslTokens,
    gpu: capRangeOf(system),
    answer: (question) =>
      answered((): CapacityAnswer => {
        const found = search.points(sideQuery(question), question.side);
        if (!("points" in found)) {
          return {
            ...found,
            kind: "infeasible",
            constraint: found.constraint === "memory" ||
                found.constraint === "itl_ms"
              ? found.constraint
              : "ttft_ms",
            unit: found.unit === "bytes" ? "bytes" : "ms",
          };
        }
        // By falling caps; at their own draw only the one that serves most is wanted.
        const falling = found.points.toReversed().map((side) => pointOf(side));
        const [first, ...rest] = question.caps.kind === "ladder"
          ? falling
          : falling.slice(0, 1);
        if (!first) throw new Error("A search without points is infeasible.");
        return { kind: "points", points: [first, ...rest] };
      }),
    searchFleet: (question) =>
      answered((): FleetAnswer => {
        const { best, infeasible, stats } = search.run(fleetQuery(question));
        if (best) {
          return {
            kind: "fleet",
            best: choiceOf(best),
            candidates: stats.candidates,
            searchMs: stats.searchMs,
          };
        }
        if (!infeasible) throw new Error("A search without a fleet says why.");
        return { kind: "infeasible", ...infeasible };
      }),
  };
}

function answered<Answer>(
  ask: () => Answer,
): Answer | { kind: "no_answer"; code: string; message: string } {
  try {
    return ask();
  } catch (error) {
    return {
      kind: "no_answer",
      code: error instanceof WattkeeperError ? error.code : "internal",
      message: error instanceof Error ? error.message : String(error),
    };
  }
}
