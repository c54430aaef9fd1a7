/** The product's own engine model and power curve, for scenarios in which caps trade speed for watts. @module */

import {
  EstimatorOpener,
  loadModule,
  openFleetSearch,
} from "../../../optimizer-wasm/mod.ts";
import {
  type OpenedModel,
  openModel,
  type PlannerConfig,
} from "../../../planner/mod.ts";

/** The same on every machine, whatever was imported there. */
const NOTHING_IMPORTED = {
  modelNames: () => [],
  readModelConfig: () => Promise.reject(new Error("Nothing is imported.")),
  systemNames: () => [],
  readPack: () => Promise.reject(new Error("Nothing is imported.")),
};

/** Opens it; each scenario has its own, so that nothing remembers another run. */
export async function builtInModel(
  config: PlannerConfig,
): Promise<OpenedModel> {
  const opener = new EstimatorOpener(await loadModule(), NOTHING_IMPORTED);
  return await openModel(
    config,
    (space) => openFleetSearch(opener, { ...space, databaseMode: "ROOFLINE" }),
  );
}
