/** From what is seen to what is asked for: corrections, searches, needs, throughput and load, merged. @module */

import { closeLoop, type LoopFacts, type LoopResult } from "./closed_loop.ts";
import { answerLoad, answerNeeds } from "./need_searches.ts";
import type { SideTarget } from "./decision.ts";
import { type LoadProposal, scaleLoad } from "./load/mod.ts";
import { type Merged, mergeProposals } from "./merge_proposals.ts";
import { type NeedInput, type Needs, needsOf } from "./propose.ts";
import type { DecisionInput, Seen } from "./seen.ts";
import { gpuBudgetOf } from "./target_counts.ts";
import { proposeThroughput, type ThroughputProposal } from "./throughput.ts";

/** What is asked for, and all that it was made from. */
export interface Asked {
  readonly loop: LoopResult;
  /** The question of the needs, with the configuration and the coefficients in force. */
  readonly need: NeedInput;
  readonly needs: Needs;
  /** Each side as it stands, at the cap that it is to have. */
  readonly standing: readonly SideTarget[];
  readonly throughput: ThroughputProposal | undefined;
  readonly load: LoadProposal | undefined;
  readonly merged: Merged;
}

/** Asks each kind of scaling that is due. */
export function propose(seen: Seen, input: DecisionInput): Asked {
  const { due, config } = input;
  const { state, modes, current } = seen;
  const facts: LoopFacts = {
    need: needInput(seen, input),
    watch: state.watch,
    live: seen.isFresh ? seen.live : undefined,
    requests: seen.values.requests,
    nowMs: seen.nowMs,
  };
  const closed = closeLoop(facts);
  const first = needsOf(inForce(facts, closed));
  const loop = due.throughput ? answerNeeds(facts, closed, first) : closed;
  const needs = loop === closed ? first : needsOf(inForce(facts, loop));
  const budget = gpuBudgetOf(config, standingOf(seen, input, needs));
  const { disabled, plan } = loop.optimizer;
  const throughput = due.throughput && modes.throughput
    ? proposeThroughput({
      config,
      needs,
      ceilings: disabled === undefined ? plan?.ceilings : undefined,
      current,
      budget,
      missing: seen.traffic.missing,
    })
    : undefined;
  const load = due.load && modes.load ? askLoad(seen, input) : undefined;
  const merged = mergeProposals({
    config,
    modes,
    due,
    current,
    budget,
    throughput,
    load,
    lowerBounds: state.lowerBounds,
    wanted: state.wanted,
    toFloors: loop.reasons.some((reason) =>
      reason.kind === "optimizer_disabled" &&
      reason.because === "infeasible_at_startup"
    ),
  });
  const answered = load && !modes.throughput
    ? answerLoad(
      facts,
      loop,
      standingOf(seen, input, needs).map((target) => ({
        ...target,
        replicas: merged.proposed[target.side] ?? target.replicas,
      })),
    )
    : loop;
  const need = inForce(facts, answered);
  const final = answered === loop ? needs : needsOf(need);
  return {
    loop: answered,
    need,
    needs: final,
    standing: standingOf(seen, input, final),
    throughput,
    load,
    merged,
  };
}

function needInput(
  { state, traffic, signals }: Seen,
  { config, model, inventory }: DecisionInput,
): NeedInput {
  return {
    config,
    model,
    optimizer: state.optimizer,
    coefficients: state.coefficients,
    inventory,
    last: state.last,
    shape: traffic.shape,
    forecast: traffic.forecast,
    kvHitRate: signals.kvHitRate,
    acceptLength: signals.acceptLength ?? 1,
  };
}

function inForce(
  { need }: LoopFacts,
  { optimizer, coefficients }: LoopResult,
): NeedInput {
  return { ...need, optimizer, coefficients };
}

function standingOf(
  { current, state }: Seen,
  { config }: DecisionInput,
  { sides }: Needs,
): readonly SideTarget[] {
  return sides.map(({ side, gpusPerReplica, capWatts, point }) => ({
    side,
    replicas: current.target[side] ?? state.last[side]?.replicas ??
      config.floors[side],
    gpusPerReplica,
    capWatts,
    point,
  }));
}

function askLoad(
  { state, live, values, traffic, signals, nowMs }: Seen,
  { config, inventory }: DecisionInput,
): LoadProposal {
  return scaleLoad({
    config,
    memory: state.load,
    inventory,
    engines: live?.engines,
    islTokens: values.islTokens ?? traffic.shape.islTokens,
    kvHitRate: signals.kvHitRate,
    acceptLength: signals.acceptLength ?? 1,
    nowMs,
  });
}
