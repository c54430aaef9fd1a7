/** The plan beside what people do without one: the same cap everywhere, no cap below the own draw, no caps at all. @module */

import type {
  FleetCandidate,
  FleetQuery,
  FleetResult,
  FleetSearch,
} from "../../optimizer-wasm/portable.ts";
import type { ComparedFleet } from "./protocol.ts";

/** Equal caps are tried in steps of so many watts. */
export const EQUAL_STEP_WATTS = 10;

/** Compares; `turn` is called between two searches. */
export async function compareFleets(
  search: FleetSearch,
  query: FleetQuery,
  { plan, capRange, turn }: {
    readonly plan: FleetCandidate | undefined;
    readonly capRange: { readonly minWatts: number; readonly maxWatts: number };
    readonly turn: () => Promise<void>;
  },
): Promise<ComparedFleet[]> {
  const fixed = (watts: number) =>
    search.run({
      ...query,
      top: 1,
      caps: {
        kind: "fixed",
        watts: { prefill: watts, decode: watts, agg: watts },
      },
    });
  const told = (
    policy: ComparedFleet["policy"],
    { best, infeasible }: FleetResult,
    capWatts?: number,
  ): ComparedFleet => ({
    policy,
    capWatts,
    fleet: best,
    why: best ? undefined : infeasible?.message,
  });
  const rows: ComparedFleet[] = [
    { policy: "plan", capWatts: undefined, fleet: plan, why: undefined },
  ];
  await turn();
  let equal:
    | { readonly watts: number; readonly result: FleetResult }
    | undefined;
  const lowest = Math.ceil(capRange.minWatts / EQUAL_STEP_WATTS) *
    EQUAL_STEP_WATTS;
  for (
    let watts = lowest;
    watts <= capRange.maxWatts;
    watts += EQUAL_STEP_WATTS
  ) {
    const result = fixed(watts);
    if (equal === undefined || beats(result.best, equal.result.best, query)) {
      equal = { watts, result };
    }
    await turn();
  }
  if (equal) {
    rows.push(
      told(
        "equal_caps",
        equal.result,
        equal.result.best ? equal.watts : undefined,
      ),
    );
  }
  rows.push(
    told(
      "own_draw",
      search.run({ ...query, top: 1, caps: { kind: "own_draw" } }),
    ),
  );
  await turn();
  // Without a cap a GPU may draw all it can, and that is what it must be charged.
  rows.push(
    told(
      "uncapped",
      fixed(Math.floor(capRange.maxWatts)),
      Math.floor(capRange.maxWatts),
    ),
  );
  return rows;
}

/** More of what is wanted; among equals fewer watts. */
function beats(
  one: FleetCandidate | undefined,
  other: FleetCandidate | undefined,
  { objective }: FleetQuery,
): boolean {
  if (!one) return false;
  if (!other) return true;
  const worth = (fleet: FleetCandidate) => {
    const served = fleet.requestsPerSecond > 0
      ? fleet.tokensPerSecond * fleet.servedRequestsPerSecond /
        fleet.requestsPerSecond
      : 0;
    return objective === "efficiency" ? served / fleet.watts : served;
  };
  const [a, b] = [worth(one), worth(other)];
  return a > b * (1 + 1e-9) || a >= b * (1 - 1e-9) && one.watts < other.watts;
}
