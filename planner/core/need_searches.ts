/** Searches that the needs of a tick start: demand above the ceilings, watts that are free again (R16a). @module */

import type { PlannerConfig } from "../config/mod.ts";
import { type LoopFacts, type LoopResult, searched } from "./closed_loop.ts";
import { capWattsOf, type SideTarget } from "./decision.ts";
import { isRested } from "./optimize.ts";
import type { SearchTrigger } from "./outcome.ts";
import { isNear, type Needs, needsOf } from "./propose.ts";
import { optimizerActive } from "./settings.ts";

/** Lengths that differ by more than this are another shape to search for. */
const MOVED_SHAPE = 0.02;
/** Share of the budget into which the own draw must fit before lowered caps are raised again. */
const WATTS_FREE_SHARE = 0.9;

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
  // Means of sampled lengths move a little with every window; caps and ceilings are not turned over each time.
  if (unmet && (!plan.exhausted || moved && rested)) return "demand_unmet";
  if (plan.regime !== "lowered" || !rested) return undefined;
  const own = needsOf({ ...need, optimizer, coefficients }, "own_draw");
  return fitsWithRoom(own, config) ? "watts_free" : undefined;
}

/**
 * The same where load scales alone and nothing says what the demand is: steps up that the watts forbid at the own draw
 * ask for lower caps, and replicas that would fit again at the own draw give them back.
 *
 * @param wanted replicas that load scaling asks for, at the caps in force
 */
export function answerLoad(
  facts: LoopFacts,
  result: LoopResult,
  wanted: readonly SideTarget[],
): LoopResult {
  const { config } = facts.need;
  const { optimizer } = result;
  const { plan, refused } = optimizer;
  if (
    result.searched || !plan?.ceilings || !optimizerActive(config, optimizer)
  ) {
    return result;
  }
  const rested = isRested(optimizer, config, facts.nowMs);
  if (refused && !rested) return result;
  const isOver = capWattsOf(wanted) > (config.power?.budgetWatts ?? 0);
  if (plan.regime === "own_draw" && !plan.exhausted && isOver) {
    return searched(facts, result, "demand_unmet", Number.MAX_VALUE);
  }
  if (plan.regime !== "lowered" || !rested) return result;
  const { coefficients } = result;
  const own = needsOf({ ...facts.need, optimizer, coefficients }, "own_draw");
  const asked: Needs = {
    ...own,
    sides: own.sides.map((side, index) => ({
      ...side,
      needed: wanted[index]?.replicas,
    })),
  };
  return fitsWithRoom(asked, config)
    ? searched(facts, result, "watts_free")
    : result;
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
