/** The answer of `sweep` as CSV: one line a fleet, flat columns. @module */

import { type CsvColumn, csvText } from "../../service/portable.ts";
import type { FleetCandidate, FleetSide } from "./answer.ts";
import type { SweepAnswer } from "./record.ts";

interface Line {
  readonly kind: "ranked" | "frontier" | "watts_frontier";
  readonly budgetWatts: number | undefined;
  readonly fleet: FleetCandidate;
}

const SIDES = ["prefill", "decode", "workers"] as const;

const side = (
  name: typeof SIDES[number],
  key: string,
  value: (side: FleetSide) => number | string | undefined,
): CsvColumn<Line> => ({
  key: `${name}_${key}`,
  value: ({ fleet }) => {
    const found = fleet[name];
    return found ? value(found) : undefined;
  },
});

const COLUMNS: readonly CsvColumn<Line>[] = [
  { key: "kind", value: ({ kind }) => kind },
  { key: "power_budget_watts", value: ({ budgetWatts }) => budgetWatts },
  { key: "mode", value: ({ fleet }) => fleet.mode },
  { key: "tokens_per_second", value: ({ fleet }) => fleet.tokensPerSecond },
  { key: "requests_per_second", value: ({ fleet }) => fleet.requestsPerSecond },
  { key: "ttft_ms", value: ({ fleet }) => fleet.ttftMs },
  { key: "itl_ms", value: ({ fleet }) => fleet.itlMs },
  { key: "gpus", value: ({ fleet }) => fleet.gpus },
  { key: "watts", value: ({ fleet }) => fleet.watts },
  ...SIDES.flatMap((name) => [
    side(name, "replicas", (it) => it.replicas),
    side(name, "tp", (it) => it.layout.tp),
    side(name, "pp", (it) => it.layout.pp),
    side(name, "dp", (it) => it.layout.dp),
    side(name, "moe_tp", (it) => it.layout.moeTp),
    side(name, "moe_ep", (it) => it.layout.moeEp),
    side(name, "cp", (it) => it.layout.cp),
    side(name, "batch_size", (it) => it.batchSize),
    side(name, "cap_watts", (it) => it.capWatts),
    side(name, "predicted_watts", (it) => it.predictedWatts),
    side(name, "requests_per_second", (it) => it.requestsPerSecond),
    side(name, "latency_source", (it) => it.latencySource),
    side(name, "power_source", (it) => it.powerSource),
  ]),
];

/** Ranked fleets, then both frontiers. */
export function sweepCsv(
  { result, userFrontier, wattsFrontier, query }: SweepAnswer,
): string {
  const { budgetWatts } = query;
  const lines: Line[] = [
    ...result.ranked.map((fleet) => ({
      kind: "ranked" as const,
      budgetWatts,
      fleet,
    })),
    ...userFrontier.map((fleet) => ({
      kind: "frontier" as const,
      budgetWatts,
      fleet,
    })),
    ...wattsFrontier.map(({ budgetWatts: watts, best }) => ({
      kind: "watts_frontier" as const,
      budgetWatts: watts,
      fleet: best,
    })),
  ];
  return csvText(lines, COLUMNS);
}
