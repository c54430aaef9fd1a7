/** The closed loop of one decision: coefficients, drift, probes, and the searches that they start (R14–R16a). @module */

import type { Coefficients } from "./capacity.ts";
import type { CoefficientWatch } from "./coefficient_watch.ts";
import { corrected, tellPegged } from "./coefficients.ts";
import { driftTriggers } from "./drift.ts";
import type { LiveSignals } from "./observation.ts";
import { isRested, optimize, questionTrigger } from "./optimize.ts";
import type { OptimizerState } from "./optimizer_state.ts";
import type {
  CoefficientUpdate,
  DriftTrigger,
  SearchTrigger,
} from "./outcome.ts";
import { probed } from "./probe.ts";
import { demandOf, type NeedInput } from "./propose.ts";
import type { SearchInput } from "./plan_search.ts";
import type { Reason } from "./reason.ts";
import { capSource, optimizerActive } from "./settings.ts";
import { type PerSide, sidesOf } from "./side.ts";

/** What the loop works on. */
export interface LoopFacts {
  readonly need: NeedInput;
  readonly watch: CoefficientWatch;
  /** Measurements of a window that was not counted yet; absent when nothing is fresh. */
  readonly live: LiveSignals | undefined;
  /** Requests of that window; undefined: unknown. */
  readonly requests: number | undefined;
  readonly nowMs: number;
}

/** What it came to. */
export interface LoopResult {
  readonly coefficients: Coefficients;
  readonly watch: CoefficientWatch;
  readonly optimizer: OptimizerState;
  readonly updates: readonly CoefficientUpdate[];
  /** Undefined: not looked at. */
  readonly driftTriggers: readonly DriftTrigger[] | undefined;
  readonly searched: SearchTrigger | undefined;
  readonly reasons: readonly Reason[];
}

/** Corrects, looks for drift, and searches where something asks for it. */
export function closeLoop(facts: LoopFacts): LoopResult {
  const { config, optimizer } = facts.need;
  const idle: LoopResult = {
    coefficients: facts.need.coefficients,
    watch: facts.watch,
    optimizer,
    updates: [],
    driftTriggers: undefined,
    searched: undefined,
    reasons: [],
  };
  if (!optimizerActive(config, optimizer)) return idle;
  const correction = correct(facts);
  const told = tellPegged(
    correction.coefficients,
    correction.watch,
    facts.nowMs,
  );
  const before: LoopResult = {
    ...idle,
    coefficients: correction.coefficients,
    watch: told.watch,
    updates: correction.updates,
    reasons: told.reasons,
  };
  const asked = questionTrigger(
    optimizer,
    searchInput(
      { ...facts.need, coefficients: before.coefficients },
      facts.nowMs,
    ),
  );
  if (asked) return searched(facts, before, asked);
  const drift = drifted(facts, before);
  if (drift.fires) return searched(facts, drift.result, "drift");
  const probe = probed(facts, drift.result);
  return probe ? searched(facts, probe, "probe") : drift.result;
}

/** Searches once and takes over what came of it. @param demand requests per second worth serving */
export function searched(
  { need, nowMs }: LoopFacts,
  before: LoopResult,
  trigger: SearchTrigger,
  demand: number | undefined = demandOf(need.forecast),
): LoopResult {
  const input = {
    ...searchInput({ ...need, coefficients: before.coefficients }, nowMs),
    demand,
  };
  const { optimizer, reasons } = optimize(before.optimizer, trigger, input);
  return {
    ...before,
    optimizer,
    searched: trigger,
    reasons: [...before.reasons, ...reasons],
  };
}

function searchInput(need: NeedInput, nowMs: number): SearchInput {
  const { config, model, coefficients, shape, forecast } = need;
  const { power } = config;
  if (!power) throw new RangeError("The optimizer needs a power budget.");
  return {
    config,
    power,
    model,
    coefficients,
    shape,
    demand: demandOf(forecast),
    authoredCaps: power.capOwner === "deployment" ? authored(need) : undefined,
    nowMs,
  };
}

function authored(need: NeedInput): PerSide<number> {
  return Object.fromEntries(
    sidesOf(need.config.mode).flatMap((side) => {
      const source = capSource({ ...need, gpu: need.model.gpu }, side);
      return source.kind === "fixed" ? [[side, source.capWatts]] : [];
    }),
  );
}

function correct(
  { need, watch, live, requests, nowMs }: LoopFacts,
): ReturnType<typeof corrected> {
  const { coefficients, optimizer } = need;
  if (!live || !optimizer.plan) return { coefficients, watch, updates: [] };
  return corrected({
    coefficients,
    watch,
    live,
    requests: requests ?? 0,
    applied: need.last,
    nowMs,
  });
}

/** Not before the reoptimize interval; an unknown window neither counts nor clears. */
function drifted(
  { need, live, requests, nowMs }: LoopFacts,
  before: LoopResult,
): { readonly fires: boolean; readonly result: LoopResult } {
  const { config } = need;
  const { optimizer } = before;
  if (
    !live || requests === undefined || !isRested(optimizer, config, nowMs)
  ) return { fires: false, result: before };
  const triggers = driftTriggers({
    live,
    requests,
    ttftMs: config.ttftMs,
    itlMs: config.itlMs,
    predictedTokensPerSecond: optimizer.plan?.tokensPerSecond ?? 0,
    relativeThreshold: config.optimizer.driftRelativeThreshold,
  });
  if (!triggers) return { fires: false, result: before };
  const ticksNeeded = config.optimizer.driftConsecutiveTicks;
  const ticks = triggers.length > 0 ? optimizer.driftTicks + 1 : 0;
  return {
    fires: ticks >= ticksNeeded,
    result: {
      ...before,
      optimizer: { ...optimizer, driftTicks: ticks },
      driftTriggers: triggers,
      reasons: triggers.length === 0
        ? before.reasons
        : [...before.reasons, { kind: "drift", triggers, ticks, ticksNeeded }],
    },
  };
}
