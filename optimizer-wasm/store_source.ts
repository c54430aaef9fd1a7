/** The imported data as a source of models and packs. @module */

import type { DataStore } from "./data/store/mod.ts";
import { type EngineSource, EstimatorOpener } from "./open_estimator.ts";
import { loadModule } from "./load_module.ts";
import { openStore, powerDonors } from "./data/store/mod.ts";

/** Reads models and packs from a store. */
export function storeSource(
  store: DataStore,
  powerCurves: EngineSource["powerCurves"] = new Map(),
): EngineSource {
  return {
    powerCurves,
    modelNames: () => store.modelNames(),
    readModelConfig: (name) => store.readModelConfig(name),
    systemNames: () => store.systemNames(),
    readPack: async (system, backend, version) =>
      await store.readPack(store.resolveVersion(system, backend, version)),
    readPowerDonors: async (borrower) => {
      const donors = await powerDonors(store, borrower);
      return await Promise.all(donors.map((donor) => store.readPack(donor)));
    },
  };
}

/**
 * An opener over the imported data.
 *
 * @param directory the store; default `$XDG_DATA_HOME/wattkeeper`
 * @param powerCurves curves refined from live points, by system
 */
export async function openEstimators(
  directory?: string,
  powerCurves?: EngineSource["powerCurves"],
): Promise<EstimatorOpener> {
  const [module, store] = await Promise.all([
    loadModule(),
    directory === undefined ? openStore() : openStore(directory),
  ]);
  return new EstimatorOpener(module, storeSource(store, powerCurves));
}
