/** What a fleet could do at other latencies and other watts: the frontiers, and what relaxing a constraint buys. @module */

import type { FleetCandidate } from "./answer.ts";
import type { FleetSearch } from "./fleet_search.ts";
import type { FleetQuery } from "./question.ts";

/** Highest inter-token latency that the frontier begins at, as AIC's (`aic-engine.md` §11.1), ms. */
const SLOWEST_ITL_MS = 295;
/** Next target ÷ the last one, at most: bounds the searches where points lie close. Free caps make a search dearer. */
const FINE_STEP = 0.97;
const COARSE_STEP = 0.9;
/** Faster than any model here decodes. */
const FASTEST_ITL_MS = 0.5;

/** Budgets that the watts frontier is drawn over. */
const BUDGETS = 24;

/** Called between searches; throws to end the work. */
export type OnStep = (done: number, total: number) => void;

/** Work in steps of one search each; a caller may leave it between two. */
export type Steps<Answer> = Generator<
  { readonly done: number; readonly total: number },
  Answer
>;

/** Does all steps at once. */
export function allSteps<Answer>(
  steps: Steps<Answer>,
  onStep?: OnStep,
): Answer {
  let step = steps.next();
  while (!step.done) {
    onStep?.(step.value.done, step.value.total);
    step = steps.next();
  }
  return step.value;
}

/**
 * The best fleets by inter-token latency: none gives more tokens a second at no less speed for each user. Ordered from
 * the fastest for a user to the most tokens. The query's own target does not bind here.
 *
 * What is best at a target stays best down to its own latency, so each search leads to the next target.
 */
export function userFrontier(
  search: FleetSearch,
  query: FleetQuery,
  onStep?: OnStep,
): FleetCandidate[] {
  return allSteps(userFrontierSteps(search, query), onStep);
}

/** The same, step by step. */
export function* userFrontierSteps(
  search: FleetSearch,
  query: FleetQuery,
): Steps<FleetCandidate[]> {
  const frontier: FleetCandidate[] = [];
  const step = query.caps.kind === "free" ? COARSE_STEP : FINE_STEP;
  const whole = Math.log(SLOWEST_ITL_MS / FASTEST_ITL_MS);
  let itlMs = SLOWEST_ITL_MS;
  while (itlMs > FASTEST_ITL_MS) {
    yield {
      done: Math.round(100 * Math.log(SLOWEST_ITL_MS / itlMs) / whole),
      total: 100,
    };
    const { best } = search.run({ ...query, itlMs, top: 1 });
    if (best?.itlMs === undefined) break;
    // A later fleet that serves as much at more speed takes the place of the one before.
    const last = frontier.at(-1);
    if (
      last && best.tokensPerSecond >= last.tokensPerSecond * (1 - 1e-9)
    ) frontier.pop();
    frontier.push(best);
    const side = best.decode ?? best.workers;
    const judged = best.itlMs * (1 + (side?.latencyError ?? 0));
    itlMs = Math.min(judged * (1 - 1e-9), itlMs * step);
  }
  return frontier.reverse();
}

/** One budget and the best fleet inside it. */
export interface WattsPoint {
  readonly budgetWatts: number;
  readonly best: FleetCandidate;
}

/**
 * The best fleet by watts, from the fewest that meet the targets to as many as bring anything; caps are free. Empty when
 * no budget meets them.
 */
export function wattsFrontier(
  search: FleetSearch,
  query: FleetQuery,
  onStep?: OnStep,
): WattsPoint[] {
  return allSteps(wattsFrontierSteps(search, query), onStep);
}

/** The same, step by step, over as many budgets as wanted. */
export function* wattsFrontierSteps(
  search: FleetSearch,
  query: FleetQuery,
  budgets = BUDGETS,
): Steps<WattsPoint[]> {
  const free = withoutBudget(query);
  const unlimited = search.run(free).best;
  if (!unlimited) return [];
  const { infeasible } = search.run({ ...free, budgetWatts: 1 });
  const least = infeasible?.constraint === "watts" ? infeasible.needed : 1;
  const points: WattsPoint[] = [];
  for (let step = 0; step < budgets; step++) {
    yield { done: step, total: budgets };
    const share = step / (budgets - 1);
    const budgetWatts = Math.ceil(least + share * (unlimited.watts - least));
    const { best } = search.run({ ...free, budgetWatts });
    if (best) points.push({ budgetWatts, best });
  }
  return points;
}

function withoutBudget(query: FleetQuery): FleetQuery {
  const { budgetWatts: _, ...rest } = query;
  const caps = query.caps.kind === "own_draw"
    ? { kind: "free" } as const
    : query.caps;
  return { ...rest, caps, top: 1 };
}

/** One constraint relaxed by one step, and what the best fleet then serves more. */
export interface Relaxation {
  readonly constraint:
    | "power_budget_watts"
    | "total_gpus"
    | "ttft_ms"
    | "itl_ms"
    | "request_rate";
  readonly from: number;
  readonly to: number;
  /** Output tokens per second gained; 0: the constraint does not bind. */
  readonly tokensPerSecondGained: number;
}

/** Steps: a kilowatt, a node, a tenth of a latency. */
const KILOWATT = 1000;
const NODE_GPUS = 8;
const LATENCY_STEP = 1.1;

/** What relaxing each constraint of a query by one step buys. */
export function relaxations(
  search: FleetSearch,
  query: FleetQuery,
): Relaxation[] {
  return allSteps(relaxationSteps(search, query));
}

/** The same, step by step. */
export function* relaxationSteps(
  search: FleetSearch,
  query: FleetQuery,
): Steps<Relaxation[]> {
  const now = servedTokens(search, query);
  const { budgetWatts, totalGpus, ttftMs, itlMs, requestRate } = query;
  const wishes: readonly {
    readonly constraint: Relaxation["constraint"];
    readonly from: number | undefined;
    readonly to: number;
    readonly change: (to: number) => Partial<FleetQuery>;
  }[] = [
    {
      constraint: "power_budget_watts",
      from: budgetWatts,
      to: (budgetWatts ?? 0) + KILOWATT,
      change: (to) => ({ budgetWatts: to }),
    },
    {
      constraint: "total_gpus",
      from: totalGpus,
      to: (totalGpus ?? 0) + NODE_GPUS,
      change: (to) => ({ totalGpus: to }),
    },
    {
      constraint: "ttft_ms",
      from: ttftMs,
      to: ttftMs * LATENCY_STEP,
      change: (to) => ({ ttftMs: to }),
    },
    {
      constraint: "itl_ms",
      from: itlMs,
      to: itlMs * LATENCY_STEP,
      change: (to) => ({ itlMs: to }),
    },
    {
      constraint: "request_rate",
      from: requestRate,
      to: (requestRate ?? 0) * LATENCY_STEP,
      change: (to) => ({ requestRate: to }),
    },
  ];
  const relaxed: Relaxation[] = [];
  for (const [index, { constraint, from, to, change }] of wishes.entries()) {
    yield { done: index, total: wishes.length };
    if (from === undefined) continue;
    const then = servedTokens(search, { ...query, ...change(to) });
    relaxed.push({
      constraint,
      from,
      to,
      tokensPerSecondGained: Math.max(0, then - now),
    });
  }
  return relaxed;
}

function servedTokens(search: FleetSearch, query: FleetQuery): number {
  const { best } = search.run({ ...query, top: 1 });
  if (!best || best.requestsPerSecond === 0) return 0;
  return best.tokensPerSecond * best.servedRequestsPerSecond /
    best.requestsPerSecond;
}
