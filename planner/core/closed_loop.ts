/** The closed loop of one decision: coefficients, drift, probes, and the searches that they start (R14–R16a). @module */

import type { PlannerConfig } from "../config/mod.ts";
import { ceilWatts } from "./cap_bridge.ts";
import type { Coefficients } from "./capacity.ts";
import type { CoefficientName, CoefficientWatch } from "./coefficient_watch.ts";
import {
  corrected,
  powerCoefficientOf,
  tellPegged,
  withinLimits,
} from "./coefficients.ts";
import { driftTriggers } from "./drift.ts";
import type { LiveSignals } from "./observation.ts";
import { isRested, optimize, questionTrigger } from "./optimize.ts";
import type { OptimizerState } from "./optimizer_state.ts";
import type {
  CoefficientUpdate,
  DriftTrigger,
  SearchTrigger,
} from "./outcome.ts";
import { capWattsOf } from "./decision.ts";
import {
  demandOf,
  isNear,
  type NeedInput,
  type Needs,
  needsOf,
  widthOf,
} from "./propose.ts";
import type { SearchInput } from "./plan_search.ts";
import type { Reason } from "./reason.ts";
import { capSource, optimizerActive } from "./settings.ts";
import { type PerSide, sidesOf } from "./side.ts";

/** Factor of a probe (R14a). */
export const PROBE_FACTOR = 1.05;
/** Lengths that differ by more than this are another shape to search for. */
const MOVED_SHAPE = 0.02;
/** Share of the budget into which the own draw must fit before lowered caps are raised again. */
const WATTS_FREE_SHARE = 0.9;

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

/** Searches once more for what the needs of this tick show (R16a). */
export function answerNeeds(
  facts: LoopFacts,
  result: LoopResult,
  needs: Needs,
): LoopResult {
  const { config } = facts.need;
  if (
    result.searched || !optimizerActive(config, result.optimizer) ||
    needs.demand === undefined
  ) return result;
  const trigger = needTrigger(facts, result, needs);
  return trigger ? searched(facts, result, trigger) : result;
}

function needTrigger(
  { need, nowMs }: LoopFacts,
  { optimizer, coefficients }: LoopResult,
  needs: Needs,
): SearchTrigger | undefined {
  const { plan, refused } = optimizer;
  const { shape, config } = need;
  if (!plan) return undefined;
  const rested = isRested(optimizer, config, nowMs);
  if (refused && !rested) return undefined;
  if (needs.sides.some(({ answer }) => answer === "infeasible")) {
    return "shape";
  }
  const unmet = needs.sides.some(({ side, needed }) =>
    needed !== undefined && needed > (plan.ceilings?.[side] ?? needed)
  );
  const moved =
    !isNear(plan.question.islTokens, shape.islTokens, MOVED_SHAPE) ||
    !isNear(plan.question.oslTokens, shape.oslTokens, MOVED_SHAPE);
  if (unmet && (!plan.exhausted || moved)) return "demand_unmet";
  if (plan.regime !== "lowered" || !rested) return undefined;
  const own = needsOf({ ...need, optimizer, coefficients }, "own_draw");
  return fitsWithRoom(own, config) ? "watts_free" : undefined;
}

/** Whether the needs at the own draw fit with room to spare, so that caps do not go up and down in turn. */
function fitsWithRoom(own: Needs, config: PlannerConfig): boolean {
  let watts = 0;
  let gpus = 0;
  for (const { side, needed, gpusPerReplica, capWatts } of own.sides) {
    if (needed === undefined || capWatts === undefined) return false;
    const replicas = Math.max(needed, config.floors[side]);
    gpus += replicas * gpusPerReplica;
    watts += replicas * gpusPerReplica * capWatts;
  }
  return watts <= WATTS_FREE_SHARE * (config.power?.budgetWatts ?? 0) &&
    gpus <= (config.maxGpus ?? Number.MAX_SAFE_INTEGER);
}

function searched(
  { need, nowMs }: LoopFacts,
  before: LoopResult,
  trigger: SearchTrigger,
): LoopResult {
  const input = searchInput(
    { ...need, coefficients: before.coefficients },
    nowMs,
  );
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

/** R14a: capped GPUs hide their demand; where watts are free, a little more is given to see whether they take it. */
function probed(
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
