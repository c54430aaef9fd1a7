/** The imported data as a source of models and packs. @module */

import type { DataStore } from "./data/store/mod.ts";
import {
  type EngineSource,
  EstimatorOpener,
  type ModelConfig,
} from "./open_estimator.ts";
import { loadModule } from "./load_module.ts";
import { openStore, powerDonors } from "./data/store/mod.ts";

/** Models beside those of the store, by the name that a case gives. */
export type OtherModels = Readonly<Record<string, ModelConfig>>;

/** Reads models and packs from a store; other models win over its own. */
export function storeSource(
  store: DataStore,
  others: OtherModels = {},
): EngineSource {
  return {
    modelNames: () => [...Object.keys(others), ...store.modelNames()],
    readModelConfig(name) {
      const other = Object.hasOwn(others, name) ? others[name] : undefined;
      return other ? Promise.resolve(other) : store.readModelConfig(name);
    },
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
 * @param others models that are in no store
 */
export async function openEstimators(
  directory?: string,
  others: OtherModels = {},
): Promise<EstimatorOpener> {
  const [module, store] = await Promise.all([
    loadModule(),
    directory === undefined ? openStore() : openStore(directory),
  ]);
  return new EstimatorOpener(module, storeSource(store, others));
}
