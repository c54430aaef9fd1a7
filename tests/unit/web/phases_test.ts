/** The phases of a budget, and the intervals of figures. @module */

import assert from "node:assert/strict";
import { openFleetSearch, wattsFrontier } from "../../../optimizer-wasm/mod.ts";
import { phaseKey, phasesOf } from "../../../web/plan/phases.ts";
import { questionOf } from "../../../web/plan/question.ts";
import { FIRST_STATE } from "../../../web/plan/state.ts";
import {
  ROOFLINE_ERROR_P90,
  throughputInterval,
} from "../../../web/plan/uncertainty.ts";
import { finerFrontier } from "../../../web/worker/finer.ts";
import { builtinOpener } from "../optimizer-wasm/builtin_opener.ts";

const question = questionOf(FIRST_STATE, 700);
const search = await openFleetSearch(await builtinOpener(), question.space);
const points = wattsFrontier(search, question.query);

Deno.test("phases follow each other without a gap, and two neighbours differ", () => {
  const phases = phasesOf(points);
  assert(phases.length > 1);
  assert.equal(phases[0]?.fromWatts, points[0]?.budgetWatts);
  assert.equal(phases.at(-1)?.toWatts, points.at(-1)?.budgetWatts);
  for (const [index, phase] of phases.entries()) {
    const next = phases[index + 1];
    if (!next) continue;
    assert.equal(phase.toWatts, next.fromWatts);
    assert.notEqual(phaseKey(phase.first), phaseKey(next.first));
  }
});

Deno.test("a change of phase is found where the search itself changes", async () => {
  const finer = await finerFrontier(search, question.query, {
    points,
    turn: () => Promise.resolve(),
  });
  assert(finer.length > points.length);
  for (const { budgetWatts, best } of finer) {
    const alone = search.run({ ...question.query, budgetWatts, top: 1 }).best;
    assert.equal(alone?.tokensPerSecond, best.tokensPerSecond);
    assert(best.watts <= budgetWatts);
  }
  // Neighbours of two phases lie as near as was asked for.
  const gaps = finer.flatMap((point, index) => {
    const next = finer[index + 1];
    return next && phaseKey(point.best) !== phaseKey(next.best)
      ? [(next.budgetWatts - point.budgetWatts) / next.budgetWatts]
      : [];
  });
  assert(gaps.length > 1);
  assert(Math.max(...gaps) <= 0.0021);
});

Deno.test("the error of the roofline is the one that its page reports", async () => {
  const text = await Deno.readTextFile(
    new URL("../../../docs/roofline.md", import.meta.url),
  );
  const [, percent] =
    /\| all +\| [\d,]+ \| [\d.]+ % +\| ([\d.]+) % +\|/.exec(text) ?? [];
  assert.equal(ROOFLINE_ERROR_P90, Number(percent) / 100);
});

Deno.test("an interval has the figure inside", () => {
  for (const { best } of points) {
    const interval = throughputInterval(best);
    assert(interval);
    assert(
      interval.low < best.tokensPerSecond &&
        best.tokensPerSecond < interval.high,
    );
  }
});
