/** What a power cap costs an answer (R17): latency, draw and clock of both phases, with the declared error. @module */

import { WattkeeperError } from "../../service/portable.ts";
import type { EngineEstimator } from "../engine_estimator.ts";
import type { StaticAnswer } from "../estimator.ts";
import {
  type CappedClock,
  lowestClock,
  phaseAtCap,
  phaseAtClock,
  type PhaseSums,
} from "../power_curve.ts";

/** Fields of an answer under a cap; latency errors are relative and 0 where the cap does not bind. */
export interface CappedRow {
  readonly cap_watts: number;
  readonly capped_ttft_ms: number;
  readonly capped_tpot_ms: number;
  readonly capped_context_power_watts: number;
  readonly capped_generation_power_watts: number;
  /** Clock relative to the one without a cap. */
  readonly context_clock: number;
  readonly generation_clock: number;
  readonly context_cap_error: number;
  readonly generation_cap_error: number;
  /** Parameters of the curve and what they rest on. */
  readonly power_curve: string;
}

/** Names of the phases in files of live points. */
const LIVE_PHASE = { context: "prefill", generation: "decode" } as const;

/** @throws {WattkeeperError} `invalid_value` when the GPU cannot run a phase at the cap */
export function cappedRow(
  estimator: EngineEstimator,
  { context, generation, ttftMs, tpotMs }: StaticAnswer,
  capWatts: number,
): CappedRow {
  const { vmin, slope, staticWatts, standing } = estimator.powerCurve;
  const prefill = capped(estimator, "context", {
    sums: context.sums,
    capWatts,
  });
  const decode = capped(estimator, "generation", {
    sums: generation.sums,
    capWatts,
  });
  return {
    cap_watts: capWatts,
    capped_ttft_ms: ttftMs * stretch(prefill, context.sums),
    capped_tpot_ms: tpotMs * stretch(decode, generation.sums),
    capped_context_power_watts: prefill.watts,
    capped_generation_power_watts: decode.watts,
    context_clock: prefill.clock,
    generation_clock: decode.clock,
    context_cap_error: prefill.error,
    generation_cap_error: decode.error,
    power_curve: `vmin ${vmin}, s ${slope}, P0 ${
      Math.round(staticWatts)
    } W: ${standing}`,
  };
}

/** Time at the cap ÷ time without: exactly 1 where it does not bind. */
function stretch({ latencyMs }: CappedClock, { totalMs }: PhaseSums): number {
  return totalMs > 0 ? latencyMs / totalMs : 1;
}

function capped(
  { computeShares, powerCurve, system }: EngineEstimator,
  phase: keyof typeof LIVE_PHASE,
  { sums, capWatts }: { readonly sums: PhaseSums; readonly capWatts: number },
): CappedClock {
  const share = computeShares[LIVE_PHASE[phase]];
  const known: PhaseSums = share === undefined ? sums : {
    ...sums,
    clockMs: share * sums.totalMs,
    clockEnergyWms: share * sums.energyWms,
  };
  const found = phaseAtCap(known, powerCurve, capWatts);
  if (found !== undefined) return found;
  const least = phaseAtClock(known, powerCurve, lowestClock(powerCurve));
  throw new WattkeeperError(
    "invalid_value",
    `At ${capWatts} W a GPU of ${system.name} cannot run the ${
      LIVE_PHASE[phase]
    }: at its lowest clock it draws ${least.watts.toFixed(0)} W.`,
    {
      where: "cap_watts",
      remedy: `Choose a cap from ${Math.ceil(least.watts / 0.97)} W up.`,
    },
  );
}
