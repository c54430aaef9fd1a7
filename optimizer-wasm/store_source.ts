/** The imported data as a source of models and packs. @module */

import type { DataStore } from "./data/store/mod.ts";
import type { PackIdentity } from "./data/pack/mod.ts";
import type { LoadedPack } from "./host.ts";
import {
  type EngineSource,
  EstimatorOpener,
  type ModelConfig,
} from "./open_estimator.ts";
import { loadModule } from "./load_module.ts";
import { openStore, powerDonors } from "./data/store/mod.ts";

/** Models beside those of the store, by the name that a case gives. */
export type OtherModels = Readonly<Record<string, ModelConfig>>;

/** What an opener knows beside the store. */
export interface BesideStore {
  /** Models that are in no store; they win over its own. */
  readonly models?: OtherModels;
  /** Curves refined from live points, by system. */
  readonly powerCurves?: EngineSource["powerCurves"] | undefined;
}

/** Packs that are kept because several others borrow watts from them. */
const MOST_LENDERS = 3;

/** Reads models and packs from a store. */
export function storeSource(
  store: DataStore,
  { models = {}, powerCurves = new Map() }: BesideStore = {},
): EngineSource {
  const lenders = new Map<string, Promise<LoadedPack>>();
  const lent = (identity: PackIdentity): Promise<LoadedPack> => {
    const key = Object.values(identity).join("|");
    const known = lenders.get(key) ?? store.readPack(identity);
    lenders.delete(key);
    lenders.set(key, known);
    // A pack that cannot be read is told to everyone who waits, and asked anew next time.
    known.catch(() => lenders.delete(key));
    for (const oldest of lenders.keys()) {
      if (lenders.size <= MOST_LENDERS) break;
      lenders.delete(oldest);
    }
    return known;
  };
  return {
    powerCurves,
    modelNames: () => [...Object.keys(models), ...store.modelNames()],
    readModelConfig(name) {
      const other = Object.hasOwn(models, name) ? models[name] : undefined;
      return other ? Promise.resolve(other) : store.readModelConfig(name);
    },
    systemNames: () => store.systemNames(),
    readPack: async (system, backend, version) =>
      await store.readPack(store.resolveVersion(system, backend, version)),
    limitsOf: (identity) => store.limitsOf(identity),
    readLimitPack: (identity, limitWatts) =>
      store.readLimitPack(identity, limitWatts),
    readPowerDonors: async (borrower) => {
      const donors = await powerDonors(store, borrower);
      return await Promise.all(donors.map(lent));
    },
  };
}

/**
 * An opener over the imported data.
 *
 * @param directory the store; default `$XDG_DATA_HOME/wattkeeper`
 * @param beside what is known beside it
 */
export async function openEstimators(
  directory?: string,
  beside: BesideStore = {},
): Promise<EstimatorOpener> {
  const [module, store] = await Promise.all([
    loadModule(),
    directory === undefined ? openStore() : openStore(directory),
  ]);
  return new EstimatorOpener(module, storeSource(store, beside));
}
