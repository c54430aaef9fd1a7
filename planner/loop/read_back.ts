/** What the agents read back, as signals of an observation: caps that are enforced, and how much they slow (R14a, R40). @module */

import type {
  FleetSnapshot,
  LiveSignals,
  Observation,
  PerSide,
  Side,
} from "../core/mod.ts";

/** Caps and throttling, mean of each side's GPUs. */
export interface ReadBack {
  readonly caps: PerSide<number>;
  readonly shares: PerSide<number>;
}

/** What the reports of a fleet say, by side; a side that no report names is absent. */
export function readBack(
  { pods, reports }: Pick<FleetSnapshot, "pods" | "reports">,
): ReadBack {
  const sideOf = new Map(pods.map(({ pod, side }) => [pod.uid, side]));
  const sums = new Map<Side, { gpus: number; watts: number; share: number }>();
  for (const { gpus } of reports) {
    for (const { pod, effectiveWatts, powerCappedShare } of gpus) {
      const side = pod && sideOf.get(pod.uid);
      if (side === undefined || effectiveWatts === undefined) continue;
      const sum = sums.get(side) ?? { gpus: 0, watts: 0, share: 0 };
      sum.gpus++;
      sum.watts += effectiveWatts;
      sum.share += powerCappedShare ?? 0;
      sums.set(side, sum);
    }
  }
  const each = (pick: "watts" | "share") =>
    Object.fromEntries(
      [...sums].map(([side, sum]) => [side, sum[pick] / sum.gpus]),
    );
  return { caps: each("watts"), shares: each("share") };
}

/** An observation with what the agents read back; a source that measures it itself is left alone. */
export function withReadBack(
  observation: Observation,
  snapshot: FleetSnapshot | undefined,
): Observation {
  const { live } = observation;
  if (!live || !snapshot || live.effectiveCapWatts) return observation;
  const { caps, shares } = readBack(snapshot);
  const signals: LiveSignals = {
    ...live,
    effectiveCapWatts: caps,
    powerCappedShare: shares,
  };
  return { ...observation, live: signals };
}
