/** One question answered part by part, the best fleet first; between two searches a newer question ends it. @module */

import {
  capRangeOf,
  type EstimatorOpener,
  type FleetCandidate,
  type FleetSearch,
  idleReason,
  lowestCapShare,
  openFleetSearch,
  relaxationSteps,
  type Steps,
  userFrontierSteps,
  wattsFrontierSteps,
  type WattsPoint,
} from "../../optimizer-wasm/portable.ts";
import { type FleetMember, membersOf } from "../plan/fleet_members.ts";
import type { PlanQuestion } from "../plan/question.ts";
import { capCurve } from "./cap_curves.ts";
import { compareFleets } from "./comparison.ts";
import { sideDraw } from "./draws.ts";
import { finerFrontier } from "./finer.ts";
import type { AnswerPart, CapCurve } from "./protocol.ts";
import { openSideSearch, type SideSearch } from "./side_search.ts";

/** What a survey is done with. */
export interface SurveyInput {
  readonly opener: EstimatorOpener;
  readonly question: PlanQuestion;
  readonly tell: (part: AnswerPart) => void;
  /** Lets messages in; throws when the question is superseded. */
  readonly turn: () => Promise<void>;
}

interface Alone {
  readonly member: FleetMember;
  readonly alone: SideSearch;
}

/** Answers a question. @throws what the search throws, and what `turn` throws */
export async function survey(input: SurveyInput): Promise<void> {
  const { opener, question: { space, query }, tell, turn } = input;
  const started = performance.now();
  const search = await openFleetSearch(opener, space);
  const loadMs = performance.now() - started;
  const result = search.run(query);
  const { best } = result;
  const sides = best ? await openSides(input, best) : [];
  const capRange = capRangeOf(search.estimator.system);
  tell({
    part: "best",
    result,
    capRange,
    idle: best ? idleReason({ query }, best) : undefined,
    draws: sides.flatMap((side) => sideDraw(search, query, side)),
    loadMs,
  });
  await turn();
  if (!best) {
    const rows = await compareFleets(search, query, {
      plan: undefined,
      capRange,
      turn,
    });
    tell({ part: "comparison", rows });
    return tell({ part: "done", frontierMs: 0 });
  }
  const frontiersStarted = performance.now();
  const relaxations = await drive(relaxationSteps(search, query), turn);
  tell({ part: "relaxations", relaxations });
  const points = await drive(wattsFrontierSteps(search, query), turn);
  tell({ part: "watts", points, finer: points });
  const users = await drive(userFrontierSteps(search, query), turn);
  tell({ part: "users", points: users });
  const frontierMs = performance.now() - frontiersStarted;
  await surround(input, { search, best, sides, points });
  tell({ part: "done", frontierMs });
}

async function openSides(
  { opener, question }: SurveyInput,
  best: FleetCandidate,
): Promise<Alone[]> {
  const sides: Alone[] = [];
  for (const member of membersOf(best)) {
    sides.push({
      member,
      alone: await openSideSearch(opener, { ...question, member }),
    });
  }
  return sides;
}

/** What the page shows beyond the answer of `sweep`. */
async function surround(
  { question: { query }, tell, turn }: SurveyInput,
  { search, best, sides, points }: {
    readonly search: FleetSearch;
    readonly best: FleetCandidate;
    readonly sides: readonly Alone[];
    readonly points: readonly WattsPoint[];
  },
): Promise<void> {
  const { system } = search.estimator;
  const capRange = capRangeOf(system);
  const curves: CapCurve[] = [];
  for (const { member, alone } of sides) {
    curves.push(
      await capCurve({
        member,
        search: alone,
        capRange,
        lowestRatio: (side) => lowestCapShare(side, system.smVersion),
        turn,
      }),
    );
  }
  tell({ part: "caps", curves });
  const { budgetWatts: _, ...rest } = query;
  const free = query.caps.kind === "own_draw"
    ? { ...rest, caps: { kind: "free" } as const }
    : rest;
  const finer = await finerFrontier(search, free, { points, turn });
  tell({ part: "watts", points, finer });
  const rows = await compareFleets(search, query, {
    plan: best,
    capRange,
    turn,
  });
  tell({ part: "comparison", rows });
}

async function drive<Answer>(
  steps: Steps<Answer>,
  turn: () => Promise<void>,
): Promise<Answer> {
  let step = steps.next();
  while (!step.done) {
    await turn();
    step = steps.next();
  }
  return step.value;
}
