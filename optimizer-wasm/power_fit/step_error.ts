/** Error of a step's power when some of what was measured is taken away. @module */

import type { PowerModel } from "../data/power_model.ts";
import type { PackIdentity } from "../data/pack/format.ts";
import type { LoadedPack } from "../host.ts";
import { type EngineSource, EstimatorOpener } from "../open_estimator.ts";
import { quantile } from "./family_fit.ts";
import {
  STEP_MODE,
  STEP_MODELS,
  type StepModel,
  STEPS,
  stepWatts,
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

/** Draws of all steps of all models, in order; NaN where there is none. */
export async function drawsOf(
  module: WebAssembly.Module,
  models: ModelSource,
  { pack, donors = [], model }: PowerSetting,
): Promise<Float64Array> {
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
  const draws: number[] = [];
  for (const { model: name, layout } of STEP_MODELS) {
    if (!known.has(name)) {
      draws.push(...STEPS.map(() => NaN));
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
    draws.push(...STEPS.map((step) => stepWatts(estimator, step) ?? NaN));
  }
  return Float64Array.from(draws);
}

/** Error of draws (of several folds) against those with everything measured, over the steps of some models. */
export function stepError(
  draws: readonly Float64Array[],
  all: Float64Array,
  kind?: StepModel["kind"],
): StepError {
  const errors = draws.flatMap((fold) =>
    [...fold].flatMap((watts, index) => {
      const of = STEP_MODELS[Math.floor(index / STEPS.length)];
      if (kind !== undefined && of?.kind !== kind) return [];
      const error = watts / (all[index] ?? NaN) - 1;
      return Number.isFinite(error) ? [error] : [];
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
