/** Probes of capped GPUs (R14a). @module */

import { ceilWatts } from "./cap_bridge.ts";
import type { LoopFacts, LoopResult } from "./closed_loop.ts";
import type { CoefficientName } from "./coefficient_watch.ts";
import { powerCoefficientOf, withinLimits } from "./coefficients.ts";
import { capWattsOf } from "./decision.ts";
import { isRested } from "./optimize.ts";
import { widthOf } from "./propose.ts";
import type { Reason } from "./reason.ts";
import { sidesOf } from "./side.ts";

/** Factor of a probe (R14a). */
export const PROBE_FACTOR = 1.05;

/** R14a: capped GPUs hide their demand; where watts are free, a little more is given to see whether they take it. */
export function probed(
  { need, nowMs }: LoopFacts,
  before: LoopResult,
): LoopResult | undefined {
  const { config, last, model } = need;
  const { optimizer, watch } = before;
  const { plan } = optimizer;
  if (
    !plan || plan.regime === "fixed" || plan.regime === "lowered" ||
    !isRested(optimizer, config, nowMs)
  ) return undefined;
  const budgetWatts = config.power?.budgetWatts ?? 0;
  let freeWatts = budgetWatts - capWattsOf(
    sidesOf(config.mode).map((side) => ({
      side,
      replicas: last[side]?.replicas ?? 0,
      gpusPerReplica: widthOf(need, side),
      capWatts: last[side]?.capWatts,
      point: undefined,
    })),
  );
  let { coefficients, watch: counted } = before;
  const reasons: Reason[] = [];
  for (const side of sidesOf(config.mode)) {
    const name: CoefficientName = powerCoefficientOf(side);
    const capWatts = plan.caps[side];
    const ticks = watch.censoredTicks[name] ?? 0;
    if (
      ticks < config.optimizer.driftConsecutiveTicks ||
      capWatts === undefined || capWatts >= model.gpu.maxWatts
    ) continue;
    const gpus = (last[side]?.replicas ?? 0) * widthOf(need, side);
    const moreWatts = gpus * (ceilWatts(capWatts * PROBE_FACTOR) - capWatts);
    const from = coefficients[name];
    const to = withinLimits(Math.max(1, from) * PROBE_FACTOR);
    if (moreWatts > freeWatts || to <= from) continue;
    freeWatts -= moreWatts;
    coefficients = { ...coefficients, [name]: to };
    counted = {
      ...counted,
      censoredTicks: { ...counted.censoredTicks, [name]: 0 },
    };
    reasons.push({ kind: "coefficient_probed", coefficient: name, from, to });
  }
  if (reasons.length === 0) return undefined;
  return {
    ...before,
    coefficients,
    watch: counted,
    reasons: [...before.reasons, ...reasons],
  };
}
