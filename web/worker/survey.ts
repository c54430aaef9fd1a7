/** One question answered part by part, the best fleet first; between two searches a newer question ends it. @module */

import {
  capRangeOf,
  type EstimatorOpener,
  type FleetSearch,
  idleReason,
  lowestCapShare,
  openFleetSearch,
  relaxationSteps,
  type Steps,
  userFrontierSteps,
  wattsFrontierSteps,
} from "../../optimizer-wasm/portable.ts";
import type { PlanQuestion } from "../plan/question.ts";
import { capCurves } from "./cap_curves.ts";
import { compareFleets } from "./comparison.ts";
import { sideDraws } from "./draws.ts";
import { finerFrontier } from "./finer.ts";
import type { AnswerPart } from "./protocol.ts";

/** What a survey is done with. */
export interface SurveyInput {
  readonly opener: EstimatorOpener;
  readonly question: PlanQuestion;
  readonly tell: (part: AnswerPart) => void;
  /** Lets messages in; throws when the question is superseded. */
  readonly turn: () => Promise<void>;
}

/** Answers a question. @throws what the search throws, and what `turn` throws */
export async function survey(input: SurveyInput): Promise<void> {
  const { opener, question: { space, query }, tell, turn } = input;
  const started = performance.now();
  const search = await openFleetSearch(opener, space);
  const loadMs = performance.now() - started;
  const result = search.run(query);
  const { system } = search.estimator;
  const capRange = capRangeOf(system);
  const { best } = result;
  tell({
    part: "best",
    result,
    capRange,
    system,
    idle: best ? idleReason({ query }, best) : undefined,
    draws: best ? sideDraws(search, query, best) : [],
    loadMs,
  });
  await turn();
  if (!best) {
    tell({
      part: "comparison",
      rows: await compareFleets(search, query, {
        plan: undefined,
        capRange,
        turn,
      }),
    });
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
  await around({ input, search, best, capRange, points });
  tell({ part: "done", frontierMs });
}

/** What the page shows beyond the answer of `sweep`. */
async function around(
  { input, search, best, capRange, points }: {
    readonly input: SurveyInput;
    readonly search: FleetSearch;
    readonly best: Parameters<typeof capCurves>[0]["best"];
    readonly capRange: ReturnType<typeof capRangeOf>;
    readonly points: Parameters<typeof finerFrontier>[2]["points"];
  },
): Promise<void> {
  const { opener, question: { space, query }, tell, turn } = input;
  const { smVersion } = search.estimator.system;
  const curves = await capCurves({
    opener,
    space,
    query,
    best,
    capRange,
    lowestRatio: (side) => lowestCapShare(side, smVersion),
    turn,
  });
  tell({ part: "caps", curves });
  const { budgetWatts: _, ...rest } = query;
  const free = {
    ...rest,
    caps: query.caps.kind === "own_draw"
      ? { kind: "free" } as const
      : query.caps,
  };
  tell({
    part: "watts",
    points,
    finer: await finerFrontier(search, free, { points, turn }),
  });
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
