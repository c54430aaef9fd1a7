/** Why caps stand below a side's own draw, and what demand asked for at the caps of R10. @module */

import { capWattsOf, replicasOf, type SideTarget } from "./decision.ts";
import { gpusOf } from "./gpu_budget.ts";
import { type NeedInput, type Needs, needsOf } from "./propose.ts";
import type { Reason, Replicas } from "./reason.ts";

/** What the search gave up against the own draw, on ticks that have a demand. */
export function capReasons(
  { need, needs, targets, asked }: {
    readonly need: NeedInput;
    readonly needs: Needs;
    readonly targets: readonly SideTarget[];
    /** What throughput scaling asked for at the caps in force. */
    readonly asked: Replicas | undefined;
  },
): {
  /** What demand asks for at caps that cost no speed; absent where those are in force. */
  readonly asked: Replicas | undefined;
  readonly reasons: readonly Reason[];
} {
  const { config, optimizer } = need;
  const { power } = config;
  const { plan } = optimizer;
  if (
    !power || !plan?.ceilings || optimizer.disabled !== undefined ||
    needs.demand === undefined || !asked
  ) return { asked: undefined, reasons: [] };
  const isLowered = plan.regime === "lowered" || plan.regime === "efficiency";
  const wanted = (isLowered ? needsOf(need, "own_draw") : needs).sides.map((
    side,
  ): SideTarget => ({
    ...side,
    replicas: Math.max(
      config.floors[side.side],
      side.needed ?? asked[side.side] ?? 0,
    ),
  }));
  const askedWatts = capWattsOf(wanted);
  const overWatts = Math.max(0, askedWatts - power.budgetWatts);
  const lowered = targets.flatMap(({ side, capWatts }, index): Reason[] => {
    const own = wanted[index]?.capWatts;
    return isLowered && capWatts !== undefined && own !== undefined &&
        capWatts < own
      ? [{
        kind: "cap_lowered",
        side,
        fromWatts: own,
        toWatts: capWatts,
      }]
      : [];
  });
  const widths = Object.fromEntries(
    targets.map(({ side, gpusPerReplica }) => [side, gpusPerReplica]),
  );
  const overGpus = config.maxGpus === undefined
    ? 0
    : gpusOf(replicasOf(wanted), widths) - config.maxGpus;
  const reasons: Reason[] = [];
  if (overWatts > 0 || lowered.length > 0) {
    reasons.push({
      kind: "power_budget",
      method: "exact",
      from: replicasOf(wanted),
      to: replicasOf(targets),
      askedWatts,
      budgetWatts: power.budgetWatts,
      overWatts,
    });
  } else if (overGpus > 0 && config.maxGpus !== undefined) {
    reasons.push({
      kind: "gpu_budget",
      from: replicasOf(wanted),
      to: replicasOf(targets),
      limitGpus: config.maxGpus,
      overGpus,
    });
  }
  return {
    asked: isLowered ? replicasOf(wanted) : undefined,
    reasons: [...reasons, ...lowered],
  };
}
