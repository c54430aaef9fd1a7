/** What a power cap costs an answer (R17): latency, draw and clock of both phases, with the declared error. @module */

import { WattkeeperError } from "../../service/portable.ts";
import type { EngineEstimator, LimitEstimator } from "../engine_estimator.ts";
import type { PhaseAnswer } from "../estimate_case.ts";
import type { StaticAnswer, StaticQuery } from "../estimator.ts";
import {
  type CappedClock,
  lowestClock,
  phaseAtCap,
  phaseAtClock,
  type PhaseSums,
} from "../power_curve.ts";
import { phaseAtLimits } from "../power_limits.ts";
import { isUnmeasured } from "../refusal.ts";

/** Fields of an answer under a cap; latency errors are relative and 0 where the cap does not bind. */
export interface CappedRow {
  readonly cap_watts: number;
  readonly capped_ttft_ms: number;
  readonly capped_tpot_ms: number;
  readonly capped_context_power_watts: number;
  readonly capped_generation_power_watts: number;
  /** Clock relative to the one without a cap; null where the time at the cap was measured. */
  readonly context_clock: number | null;
  readonly generation_clock: number | null;
  readonly context_cap_error: number;
  readonly generation_cap_error: number;
  /** Parameters of the curve and what they rest on. */
  readonly power_curve: string;
}

/** Names of the phases in files of live points. */
const LIVE_PHASE = { context: "prefill", generation: "decode" } as const;

/**
 * @param query what was asked: rows at lower power limits are asked the same
 * @throws {WattkeeperError} `invalid_value` when the GPU cannot run a phase at the cap
 */
export function cappedRow(
  estimator: EngineEstimator,
  { answer: { context, generation, ttftMs, tpotMs }, query }: {
    readonly answer: StaticAnswer;
    readonly query: StaticQuery;
  },
  capWatts: number,
): CappedRow {
  const limits = estimator.limits.flatMap((limit) =>
    answerAt(limit, query) ?? []
  );
  const prefill = capped(estimator, "context", {
    answer: context,
    limits,
    capWatts,
  });
  const decode = capped(estimator, "generation", {
    answer: generation,
    limits,
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
    power_curve: restsOn(estimator, [prefill, decode]),
  };
}

/** Parameters of the curve and their standing, or the limits that were measured. */
function restsOn(
  { limits, powerCurve }: EngineEstimator,
  phases: readonly CappedPhase[],
): string {
  const measured = `measured at ${
    limits.map(({ limitWatts }) => limitWatts).join(", ")
  } W`;
  if (phases.every((phase) => phase.measured)) return measured;
  const { vmin, slope, staticWatts, standing } = powerCurve;
  const curve = `vmin ${vmin}, s ${slope}, P0 ${
    Math.round(staticWatts)
  } W: ${standing}`;
  return phases.some((phase) => phase.measured)
    ? `${measured}; ${curve}`
    : curve;
}

/** What the rows at a limit say; undefined where an operator was not measured there. */
function answerAt(
  { limitWatts, estimator }: LimitEstimator,
  query: StaticQuery,
): { readonly limitWatts: number; readonly answer: StaticAnswer } | undefined {
  try {
    return { limitWatts, answer: estimator.staticRun(query) };
  } catch (error) {
    if (isUnmeasured(error)) return undefined;
    throw error;
  }
}

/** A phase under a cap; the clock is null where the time was measured. */
type CappedPhase = Omit<CappedClock, "clock"> & {
  readonly clock: number | null;
  /** Power limits were measured that say what the cap costs. */
  readonly measured: boolean;
};

/** Time at the cap ÷ time without: exactly 1 where it does not bind. */
function stretch({ latencyMs }: CappedPhase, { totalMs }: PhaseSums): number {
  return totalMs > 0 ? latencyMs / totalMs : 1;
}

function capped(
  { computeShares, powerCurve, system }: EngineEstimator,
  phase: keyof typeof LIVE_PHASE,
  { answer, limits, capWatts }: {
    readonly answer: PhaseAnswer;
    readonly limits: readonly {
      readonly limitWatts: number;
      readonly answer: StaticAnswer;
    }[];
    readonly capWatts: number;
  },
): CappedPhase {
  const { sums } = answer;
  const measured = limits.length > 0 && phaseAtLimits(
    { milliseconds: answer.latencyMs, watts: answer.powerWatts },
    limits.map(({ limitWatts, answer }) => ({
      limitWatts,
      milliseconds: answer[phase].latencyMs,
      watts: answer[phase].powerWatts,
    })),
    capWatts,
  );
  if (measured) {
    const { slowdown, watts } = measured;
    const latencyMs = sums.totalMs * slowdown;
    return {
      clock: slowdown > 1 ? null : 1,
      latencyMs,
      energyWms: latencyMs * watts,
      watts,
      error: 0,
      measured: true,
    };
  }
  const share = computeShares[LIVE_PHASE[phase]];
  const known: PhaseSums = share === undefined ? sums : {
    ...sums,
    clockMs: share * sums.totalMs,
    clockEnergyWms: share * sums.energyWms,
  };
  const found = phaseAtCap(known, powerCurve, capWatts);
  if (found !== undefined) return { ...found, measured: false };
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
