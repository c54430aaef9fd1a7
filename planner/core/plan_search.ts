/** One search of the optimizer: the question, the answer checked, the plan (R16, R16a). @module */

import type { PlannerConfig, PowerConfig } from "../config/mod.ts";
import type {
  CapacityModel,
  Coefficients,
  FleetAnswer,
  FleetChoice,
  FleetQuestion,
} from "./capacity.ts";
import { bridgeCap } from "./cap_bridge.ts";
import type { Plan, PlanQuestion } from "./optimizer_state.ts";
import type { Reason } from "./reason.ts";
import { floorsOf } from "./settings.ts";
import { type PerSide, type Side, sidesOf } from "./side.ts";

/** What a search is made from. */
export interface SearchInput {
  readonly config: PlannerConfig;
  readonly power: PowerConfig;
  readonly model: CapacityModel;
  readonly coefficients: Coefficients;
  readonly shape: { readonly islTokens: number; readonly oslTokens: number };
  /** Requests per second worth serving, headroom included; undefined: unknown. */
  readonly demand: number | undefined;
  /** Caps that are not ours to choose, watts per GPU. */
  readonly authoredCaps: PerSide<number> | undefined;
  readonly nowMs: number;
}

/** What came of it. */
export type SearchResult =
  | { readonly kind: "plan"; readonly plan: Plan; readonly searchMs: number }
  | Extract<FleetAnswer, { kind: "infeasible" }>
  | {
    readonly kind: "failed";
    readonly code: string;
    readonly message: string;
    readonly stack: string | undefined;
  };

/** The part of the question that makes a plan old when it changes. */
export function planQuestion(
  { config, power, shape }: Pick<SearchInput, "config" | "power" | "shape">,
): PlanQuestion {
  const { ttftMs, itlMs, mode, maxGpus, optimizer, admission } = config;
  return {
    islTokens: shape.islTokens,
    oslTokens: shape.oslTokens,
    budgetWatts: power.budgetWatts,
    settings: JSON.stringify([
      mode,
      ttftMs,
      itlMs,
      maxGpus ?? null,
      floorsOf(config),
      power.capOwner,
      power.clamp,
      optimizer.objective,
      admission.maxThetaPrefill ?? null,
      admission.maxThetaDecode ?? null,
    ]),
  };
}

/**
 * Searches caps and replica ceilings. Caps stay at the own draw while that serves the demand: a lower one costs latency
 * and hides demand (R14a). Otherwise every cap that R17 allows is searched, for the fleet that serves the most inside
 * the watts. Demand itself does not limit a search: each tick moves replicas below the ceilings (R16a).
 *
 * Never throws; an answer that is over a budget or not a fleet is a failure.
 */
export function searchPlan(input: SearchInput): SearchResult {
  try {
    return search(input);
  } catch (error) {
    return {
      kind: "failed",
      code: "exception",
      message: error instanceof Error ? error.message : String(error),
      stack: error instanceof Error ? error.stack : undefined,
    };
  }
}

function search(input: SearchInput): SearchResult {
  const { config, power, authoredCaps, demand } = input;
  if (authoredCaps) {
    return planOf(
      input,
      "fixed",
      ask(input, { kind: "fixed", watts: authoredCaps }),
    );
  }
  if (power.clamp === "exact" && config.optimizer.objective === "efficiency") {
    return mostEfficient(input);
  }
  const own = planOf(input, "own_draw", ask(input, { kind: "own_draw" }));
  if (power.clamp === "compatible") return own;
  const serves = own.kind === "plan" &&
    (demand === undefined || demand <= own.plan.requestsPerSecond);
  if (serves || own.kind === "failed") return own;
  const exhausted = (result: SearchResult): SearchResult =>
    result.kind === "plan"
      ? { ...result, plan: { ...result.plan, exhausted: true } }
      : result;
  const free = longer(
    planOf(input, "lowered", ask(input, { kind: "free" })),
    own,
  );
  if (free.kind !== "plan") return own.kind === "plan" ? exhausted(own) : free;
  const gains = own.kind !== "plan" ||
    free.plan.requestsPerSecond > own.plan.requestsPerSecond * (1 + 1e-9);
  return exhausted(gains ? free : own);
}

/** The caps with the most tokens per watt, and then as many replicas at them as the budgets hold. */
function mostEfficient(input: SearchInput): SearchResult {
  const answer = ask(input, { kind: "free" }, "efficiency");
  const best = planOf(input, "efficiency", answer);
  if (best.kind !== "plan") return best;
  const full = longer(
    planOf(
      input,
      "efficiency",
      ask(input, { kind: "fixed", watts: best.plan.caps }),
    ),
    best,
  );
  return full.kind === "plan" ? full : best;
}

/** Two questions of one search take the time of both. */
function longer(result: SearchResult, before: SearchResult): SearchResult {
  return result.kind === "plan" && before.kind === "plan"
    ? { ...result, searchMs: result.searchMs + before.searchMs }
    : result;
}

function ask(
  { config, power, model, coefficients, shape }: SearchInput,
  caps: FleetQuestion["caps"],
  objective: FleetQuestion["objective"] = "throughput",
): FleetAnswer {
  return model.searchFleet({
    mode: config.mode,
    islTokens: shape.islTokens,
    oslTokens: shape.oslTokens,
    ttftMs: config.ttftMs,
    itlMs: config.itlMs,
    coefficients,
    demandRequestsPerSecond: undefined,
    budgetWatts: power.budgetWatts,
    maxGpus: config.maxGpus,
    floors: floorsOf(config),
    ceilings: {},
    caps,
    objective,
    maxThetaPrefill: config.admission.maxThetaPrefill,
    maxThetaDecode: config.admission.maxThetaDecode,
  });
}

function planOf(
  input: SearchInput,
  regime: Plan["regime"],
  answer: FleetAnswer,
): SearchResult {
  switch (answer.kind) {
    case "infeasible":
      return answer;
    case "no_answer":
      return { ...answer, kind: "failed", stack: undefined };
    case "fleet": {
      const broken = brokenWord(input, answer.best);
      if (broken !== undefined) {
        return {
          kind: "failed",
          code: "broken_answer",
          message: broken,
          stack: undefined,
        };
      }
      const { best } = answer;
      const sides = sidesOf(input.config.mode);
      const of = <Value>(
        pick: (side: NonNullable<FleetChoice["sides"][Side]>) => Value,
      ): PerSide<Value> =>
        Object.fromEntries(
          sides.flatMap((side) => {
            const choice = best.sides[side];
            return choice ? [[side, pick(choice)]] : [];
          }),
        );
      return {
        kind: "plan",
        searchMs: answer.searchMs,
        plan: {
          atMs: input.nowMs,
          regime,
          caps: of(({ point }) => point.capWatts ?? input.model.gpu.maxWatts),
          ceilings: input.power.clamp === "exact"
            ? of(({ replicas }) => replicas)
            : undefined,
          points: of(({ point }) => point),
          coefficients: input.coefficients,
          tokensPerSecond: best.tokensPerSecond,
          requestsPerSecond: best.requestsPerSecond,
          thetaPrefill: best.thetaPrefill,
          thetaDecode: best.thetaDecode,
          exhausted: regime !== "own_draw",
          question: planQuestion(input),
        },
      };
    }
  }
}

/** A search is trusted with throughput, not with the budget. */
function brokenWord(
  { config, power, model }: SearchInput,
  best: FleetChoice,
): string | undefined {
  const { minWatts, maxWatts } = model.gpu;
  let watts = 0;
  let gpus = 0;
  for (const side of sidesOf(config.mode)) {
    const choice = best.sides[side];
    if (!choice) return `The search chose no ${side} side.`;
    const { replicas, point } = choice;
    const capWatts = point.capWatts ?? maxWatts;
    if (!Number.isSafeInteger(replicas) || replicas < 0) {
      return `The search chose ${replicas} ${side} replicas.`;
    }
    if (!(capWatts >= minWatts && capWatts <= maxWatts)) {
      return `The search chose a ${side} cap of ${capWatts} W, and the GPU takes ${minWatts} to ${maxWatts} W.`;
    }
    const width = model.gpusPerReplica[side] ?? 1;
    gpus += replicas * width;
    watts += replicas * width * capWatts;
  }
  if (watts > power.budgetWatts) {
    return `The search chose a fleet of ${watts} W, and the budget is ${power.budgetWatts} W.`;
  }
  if (config.maxGpus !== undefined && gpus > config.maxGpus) {
    return `The search chose a fleet of ${gpus} GPUs, and ${config.maxGpus} are allowed.`;
  }
  if (!Number.isFinite(best.tokensPerSecond)) {
    return "The search gave no throughput.";
  }
  return undefined;
}

/** R11, once a search and side. */
export function replacedPredictions(
  plan: Plan,
  model: CapacityModel,
): Extract<Reason, { kind: "prediction_replaced" }>[] {
  return (["prefill", "decode", "agg"] as const).flatMap((side) => {
    const point = plan.points[side];
    if (!point) return [];
    const { replaced, usedWatts } = bridgeCap(
      point.predictedWatts,
      1,
      model.gpu,
    );
    return replaced
      ? [{
        kind: "prediction_replaced" as const,
        side,
        predictedWatts: point.predictedWatts,
        usedWatts,
      }]
      : [];
  });
}
