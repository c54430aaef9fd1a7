/** Error of a step's power when some of what was measured is taken away. @module */

import type { PowerModel } from "../data/power_model.ts";
import type { PackIdentity } from "../data/pack/format.ts";
import type { LoadedPack } from "../host.ts";
import { type EngineSource, EstimatorOpener } from "../open_estimator.ts";
import { quantile } from "./family_fit.ts";
import {
  STEP_MODE,
  STEP_MODELS,
  type StepDraw,
  stepDraw,
  type StepModel,
  STEPS,
} from "./steps.ts";

/** Error over steps: of draws without what is held out, against draws with all of it. */
export interface StepError {
  readonly steps: number;
  readonly median: number;
  readonly p90: number;
  /** Mean of the signed error: above 0 the draw without is higher. */
  readonly bias: number;
}

/** Where model configurations come from. */
export type ModelSource = Pick<
  EngineSource,
  "modelNames" | "readModelConfig"
>;

/** A pack with what may fill its gaps. */
export interface PowerSetting {
  readonly pack: LoadedPack;
  readonly donors?: readonly LoadedPack[];
  readonly model: PowerModel;
}

/** A step that the tables do not answer. */
const NONE: StepDraw = { watts: NaN, measured: NaN };

/** Draws of all steps of all models, in order. */
export async function drawsOf(
  module: WebAssembly.Module,
  models: ModelSource,
  { pack, donors = [], model }: PowerSetting,
): Promise<readonly StepDraw[]> {
  const { system, backend, version }: PackIdentity = pack.directory.identity;
  const opener = new EstimatorOpener(module, {
    modelNames: () => models.modelNames(),
    readModelConfig: (name) => models.readModelConfig(name),
    systemNames: () => [system],
    readPack: () => Promise.resolve(pack),
    readPowerDonors: () => Promise.resolve(donors),
    powerModel: model,
  });
  const known = new Set(opener.modelNames());
  const draws: StepDraw[] = [];
  for (const { model: name, layout } of STEP_MODELS) {
    if (!known.has(name)) {
      draws.push(...STEPS.map(() => NONE));
      continue;
    }
    const estimator = await opener.open({
      model: name,
      layout,
      system,
      backend,
      backendVersion: version,
      databaseMode: STEP_MODE,
    });
    draws.push(...STEPS.map((step) => stepDraw(estimator, step) ?? NONE));
  }
  return draws;
}

/** Steps that are judged: of one kind of model, or those that what is held out matters to at all. */
export type StepChoice = StepModel["kind"] | "touched";

/** Error of draws (of several folds) against those with everything measured, over some steps. */
export function stepError(
  draws: readonly (readonly StepDraw[])[],
  all: readonly StepDraw[],
  choice?: StepChoice,
): StepError {
  const errors = draws.flatMap((fold) =>
    fold.flatMap(({ watts, measured }, index) => {
      const whole = all[index] ?? NONE;
      const of = STEP_MODELS[Math.floor(index / STEPS.length)];
      const error = watts / whole.watts - 1;
      if (!Number.isFinite(error)) return [];
      const taken = choice === undefined ||
        (choice === "touched"
          ? measured < whole.measured - 1e-9
          : of?.kind === choice);
      return taken ? [error] : [];
    })
  );
  const sizes = errors.map(Math.abs);
  return {
    steps: errors.length,
    median: quantile(sizes, 0.5),
    p90: quantile(sizes, 0.9),
    bias: errors.reduce((sum, error) => sum + error, 0) /
      Math.max(1, errors.length),
  };
}
