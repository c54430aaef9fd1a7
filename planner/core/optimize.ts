/** The closed loop around the search: when it runs, and what its failures do (R15, R19). @module */

import type { PlannerConfig } from "../config/mod.ts";
import type { OptimizerState, Plan } from "./optimizer_state.ts";
import type { SearchTrigger } from "./outcome.ts";
import {
  planQuestion,
  replacedPredictions,
  type SearchInput,
  searchPlan,
  type SearchResult,
} from "./plan_search.ts";
import type { Reason } from "./reason.ts";
import type { PerSide } from "./side.ts";

/** A search beyond this holds up the load cadence, milliseconds. */
const SLOW_SEARCH_MS = 1000;

/** The optimizer after a search. */
export interface Optimized {
  readonly optimizer: OptimizerState;
  readonly reasons: readonly Reason[];
}

/** Milliseconds between two searches that the same cause may start. */
export function reoptimizeIntervalMs(config: PlannerConfig): number {
  return config.optimizer.reoptimizeIntervalSeconds * 1000;
}

/** Whether the last search is at least the reoptimize interval ago. */
export function isRested(
  optimizer: OptimizerState,
  config: PlannerConfig,
  nowMs: number,
): boolean {
  return optimizer.triedAtMs === undefined ||
    nowMs - optimizer.triedAtMs >= reoptimizeIntervalMs(config);
}

/**
 * The trigger that comes from the question itself: no plan yet, another budget, other settings. A question that was
 * refused is asked again after the reoptimize interval, not on every tick.
 */
export function questionTrigger(
  optimizer: OptimizerState,
  input: SearchInput,
): SearchTrigger | undefined {
  const asked = planQuestion(input);
  const { refused, plan } = optimizer;
  const isRefused = refused !== undefined &&
    refused.budgetWatts === asked.budgetWatts &&
    refused.settings === asked.settings;
  if (isRefused && !isRested(optimizer, input.config, input.nowMs)) {
    return undefined;
  }
  if (!plan) return "startup";
  if (plan.question.budgetWatts !== asked.budgetWatts) return "budget";
  return plan.question.settings !== asked.settings ? "settings" : undefined;
}

/** Searches once and draws the consequences. */
export function optimize(
  optimizer: OptimizerState,
  trigger: SearchTrigger,
  input: SearchInput,
): Optimized {
  const result = searchPlan(input);
  const tried: OptimizerState = {
    ...optimizer,
    triedAtMs: input.nowMs,
    searchesTotal: optimizer.searchesTotal + 1,
  };
  switch (result.kind) {
    case "plan":
      return adopted({ ...tried, searchMs: result.searchMs }, trigger, {
        plan: result.plan,
        input,
      });
    case "infeasible":
    case "failed":
      return failed(tried, trigger, { result, input });
  }
}

function adopted(
  tried: OptimizerState,
  trigger: SearchTrigger,
  { plan, input }: { readonly plan: Plan; readonly input: SearchInput },
): Optimized {
  const reasons: Reason[] = [{
    kind: "optimized",
    trigger,
    regime: plan.regime,
    caps: plan.caps,
    ceilings: plan.ceilings,
    tokensPerSecond: plan.tokensPerSecond,
  }];
  const { searchMs = 0 } = tried;
  if (searchMs > SLOW_SEARCH_MS) {
    reasons.push({ kind: "search_slow", searchMs, limitMs: SLOW_SEARCH_MS });
  }
  const replaced = input.authoredCaps
    ? []
    : replacedPredictions(plan, input.model);
  reasons.push(...replaced);
  const clamped: Partial<Record<"prefill" | "decode" | "agg", number>> = {
    ...tried.clampedPredictionsTotal,
  };
  for (const { side, predictedWatts } of replaced) {
    // Missing watts are TDP too, but nothing was clamped there.
    if (predictedWatts > 0) clamped[side] = (clamped[side] ?? 0) + 1;
  }
  const before = tried.plan?.tokensPerSecond;
  const { throughputRegressionWarnThreshold } = input.config.optimizer;
  const regressed = before !== undefined &&
    plan.tokensPerSecond < before * (1 - throughputRegressionWarnThreshold);
  if (regressed) {
    reasons.push({
      kind: "throughput_regression",
      fromTokensPerSecond: before,
      toTokensPerSecond: plan.tokensPerSecond,
    });
  }
  return {
    reasons,
    optimizer: {
      ...tried,
      plan,
      consecutiveFailures: 0,
      driftTicks: 0,
      refused: undefined,
      regressionsTotal: tried.regressionsTotal + (regressed ? 1 : 0),
      clampedPredictionsTotal: clamped as PerSide<number>,
    },
  };
}

/**
 * R19 rows 1 to 4. Watts or GPUs that are too few are the budget's word and not a failure of the model: R12 answers it,
 * and nothing is turned off because of it.
 */
function failed(
  tried: OptimizerState,
  trigger: SearchTrigger,
  { result, input }: {
    readonly result: Exclude<SearchResult, { kind: "plan" }>;
    readonly input: SearchInput;
  },
): Optimized {
  const { maxConsecutiveFailures } = input.config.optimizer;
  const isBudget = result.kind === "infeasible" &&
    (result.constraint === "watts" || result.constraint === "gpus");
  const consecutiveFailures = tried.consecutiveFailures + (isBudget ? 0 : 1);
  const disabled = isBudget
    ? undefined
    : !tried.plan
    ? result.kind === "infeasible"
      ? "infeasible_at_startup" as const
      : "startup_exception" as const
    : consecutiveFailures >= maxConsecutiveFailures
    ? "max_consecutive_failures" as const
    : undefined;
  const counts = { consecutiveFailures, maxConsecutiveFailures };
  const reasons: Reason[] = [
    result.kind === "infeasible"
      ? {
        kind: "search_infeasible",
        trigger,
        constraint: result.constraint,
        message: result.message,
        needed: result.needed,
        available: result.available,
        unit: result.unit,
        ...counts,
      }
      : {
        kind: "search_failed",
        trigger,
        code: result.code,
        message: result.message,
        stack: result.stack,
        ...counts,
      },
  ];
  if (disabled) reasons.push({ kind: "optimizer_disabled", because: disabled });
  return {
    reasons,
    optimizer: {
      ...tried,
      consecutiveFailures,
      disabled,
      refused: planQuestion(input),
      failuresTotal: tried.failuresTotal + (isBudget ? 0 : 1),
      exceptionsTotal: tried.exceptionsTotal +
        (result.kind === "failed" ? 1 : 0),
    },
  };
}
