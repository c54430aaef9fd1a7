/** The built-in model, whatever is imported on this machine. @module */

import {
  EstimatorOpener,
  loadModule,
  openFleetSearch,
} from "../../optimizer-wasm/mod.ts";
import {
  type OpenedModel,
  openModel,
  type PlannerConfig,
} from "../../planner/mod.ts";

/** The built-in model of a deployment: the same answers on every machine, whatever was imported there. */
export async function openBuiltIn(config: PlannerConfig): Promise<OpenedModel> {
  const opener = new EstimatorOpener(await loadModule(), NOTHING_IMPORTED);
  return await openModel(
    config,
    (space) => openFleetSearch(opener, { ...space, databaseMode: "ROOFLINE" }),
  );
}

const NOTHING_IMPORTED = {
  modelNames: () => [],
  readModelConfig: () => Promise.reject(new Error("Nothing is imported.")),
  systemNames: () => [],
  readPack: () => Promise.reject(new Error("Nothing is imported.")),
};
