/** Does a watt budget bite on a pack (R51)? A search inside half the watts must power fewer replicas. @module */

import { WattkeeperError } from "../../service/portable.ts";
import type { EstimatorOpener } from "../open_estimator.ts";
import type { FleetCandidate } from "./answer.ts";
import { type FleetSearch, openFleetSearch } from "./fleet_search.ts";
import type { FleetQuery } from "./question.ts";

/** Which pack is searched. */
export interface SearchedPack {
  readonly system: string;
  readonly backend: string;
  readonly version: string;
}

/** What the check found. */
export interface TightBudgetFinding {
  readonly verdict: "ok" | "warn" | "fail";
  /** In one sentence; empty when all is well. */
  readonly finding: string;
}

/** Models that tables usually cover, small ones last. */
const MODELS = [
  "Qwen/Qwen3-32B",
  "Qwen/Qwen3-30B-A3B",
  "meta-llama/Meta-Llama-3.1-8B",
];

/** Targets that any sound table meets; caps at the own draw, so that only replicas can give way. */
const QUERY: FleetQuery = {
  isl: 2000,
  osl: 200,
  ttftMs: 60_000,
  itlMs: 1000,
  totalGpus: 16,
  caps: { kind: "own_draw" },
  top: 1,
};

/** Searches without a budget and inside half of the watts that this takes. */
export async function checkTightBudget(
  opener: EstimatorOpener,
  pack: SearchedPack,
): Promise<TightBudgetFinding> {
  const search = await firstSearch(opener, pack);
  if (search === undefined) {
    return {
      verdict: "warn",
      finding: `no fleet of ${MODELS.join(", ")} can be searched on it`,
    };
  }
  const free = search.run(QUERY).best;
  if (!free) {
    return {
      verdict: "warn",
      finding: `no fleet of ${search.space.model} meets even lax targets`,
    };
  }
  const budgetWatts = Math.floor(free.watts / 2);
  const tight = search.run({ ...QUERY, budgetWatts });
  const replicas = tight.best ? replicasOf(tight.best) : 0;
  const within = (tight.best?.watts ?? 0) <= budgetWatts;
  return within && replicas < replicasOf(free)
    ? { verdict: "ok", finding: "" }
    : {
      verdict: "fail",
      finding:
        `a search inside ${budgetWatts} W powers ${replicas} replicas, one without a budget ${
          replicasOf(free)
        }`,
    };
}

async function firstSearch(
  opener: EstimatorOpener,
  { system, backend, version }: SearchedPack,
): Promise<FleetSearch | undefined> {
  for (const model of MODELS) {
    try {
      const search = await openFleetSearch(opener, {
        model,
        system,
        backend,
        backendVersion: version,
        databaseMode: "SILICON",
        mode: "best",
        totalGpus: 16,
      });
      if (search.run(QUERY).best) return search;
    } catch (error) {
      // What this model's shapes lack says nothing about the next one's.
      if (!(error instanceof WattkeeperError)) throw error;
    }
  }
  return undefined;
}

function replicasOf({ prefill, decode, workers }: FleetCandidate): number {
  return [prefill, decode, workers].reduce(
    (sum, side) => sum + (side?.replicas ?? 0),
    0,
  );
}
