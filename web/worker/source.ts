/** Where models and packs come from in a browser: built-in facts, and packs that were dropped in. @module */

import {
  chooseDonors,
  compareVersions,
  type EngineSource,
  type LoadedPack,
  type PackIdentity,
} from "../../optimizer-wasm/portable.ts";
import { WattkeeperError } from "../../service/portable.ts";
import { listPacks, readPack } from "./packs.ts";
import type { StoredPack } from "./protocol.ts";

/** A source over what the browser keeps now; make a new one when packs change. */
export async function browserSource(): Promise<EngineSource> {
  const kept = await listPacks().catch(() => []);
  const packs = kept.filter(({ limitWatts }) => limitWatts === undefined);
  const limits = (
    { system, backend, version }: PackIdentity,
  ): readonly StoredPack[] =>
    kept.filter((pack) =>
      pack.limitWatts !== undefined && pack.system === system &&
      pack.backend === backend && pack.version === version
    ).sort((a, b) => (a.limitWatts ?? 0) - (b.limitWatts ?? 0));
  const load = (pack: StoredPack): Promise<LoadedPack> =>
    readPack(pack.key, `${pack.system} ${pack.backend} ${pack.version}`);
  return {
    modelNames: () => [],
    readModelConfig: (name) =>
      Promise.reject(
        new WattkeeperError("unknown_model", `Unknown model "${name}".`),
      ),
    systemNames: () => [...new Set(packs.map(({ system }) => system))],
    readPack: (system, backend, version) => {
      const found = packs
        .filter((pack) => pack.system === system && pack.backend === backend)
        .filter((pack) => version === undefined || pack.version === version)
        .sort((a, b) => compareVersions(a.version, b.version)).at(-1);
      if (found) return load(found);
      return Promise.reject(
        new WattkeeperError(
          "not_imported",
          `This browser keeps no pack of ${backend} ${
            version ?? ""
          } on ${system}.`,
          {
            where: "data",
            remedy:
              "Drop the pack onto the page, or choose the built-in model.",
          },
        ),
      );
    },
    limitsOf: (identity) =>
      limits(identity).flatMap(({ limitWatts = 0 }) => [limitWatts]),
    readLimitPack: (identity, limitWatts) => {
      const found = limits(identity)
        .find((pack) => pack.limitWatts === limitWatts);
      return found ? load(found) : Promise.reject(
        new WattkeeperError(
          "not_imported",
          `This browser keeps no rows at ${limitWatts} W.`,
          { where: "data" },
        ),
      );
    },
    readPowerDonors: async (borrower) =>
      await Promise.all(chooseDonors(packs, borrower).map(load)),
  };
}
