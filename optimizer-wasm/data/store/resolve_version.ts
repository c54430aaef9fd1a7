/** From what a person asked for to an identity the store holds. @module */

import { WattkeeperError } from "../../../service/portable.ts";
import type { PackIdentity } from "../pack/mod.ts";
import { suggest } from "./known_names.ts";
import type { StoreIndex } from "./store_index.ts";

const BACKENDS = ["vllm", "sglang", "trtllm"];
const IMPORT_REMEDY =
  "Run `data import pip:aiconfigurator-core==0.12.0`, or see `data list`.";

/**
 * Resolves a version: absent means the default, `current`, `previous` and `next` the slots of
 * `aic-engine.md` §1.2, anything else itself.
 *
 * @throws {WattkeeperError} `unknown_system`, `unknown_backend`, `unknown_version`, `not_imported`
 */
export function resolveVersion(
  index: StoreIndex,
  system: string,
  backend: string,
  version?: string,
): PackIdentity {
  const ofSystem = index.identities.filter((it) => it.system === system);
  if (ofSystem.length === 0) throw missingSystem(index, system);
  const candidates = ofSystem.filter((it) => it.backend === backend);
  if (candidates.length === 0) throw missingBackend(index, system, backend);
  const known = candidates.map((it) => it.version);
  const slots = index.versions.find((it) =>
    it.system === system && it.backend === backend
  );
  const wanted = wantedVersion(slots, known, version);
  if (wanted !== null && known.includes(wanted)) {
    return { system, backend, version: wanted };
  }
  const named = wanted === null || wanted === version
    ? `"${version}"`
    : `"${version}" (${wanted})`;
  throw new WattkeeperError(
    "unknown_version",
    `No data of ${backend} ${named} for ${system}: there is ${
      known.join(", ")
    }.`,
    {
      where: "backend_version",
      remedy:
        "Name one of these versions, or import others with `data import --all-versions`.",
    },
  );
}

function wantedVersion(
  slots: StoreIndex["versions"][number] | undefined,
  known: readonly string[],
  version: string | undefined,
): string | null {
  const byDefault = slots?.default ?? known.at(-1) ?? null;
  if (version === undefined) return byDefault;
  // A version folder could bear such a name; what is stored under it wins.
  if (known.includes(version)) return version;
  switch (version) {
    case "current":
      return slots?.current ?? byDefault;
    case "previous":
      return slots?.previous ?? null;
    case "next":
      return slots?.next ?? null;
    default:
      return version;
  }
}

function missingSystem(index: StoreIndex, system: string): WattkeeperError {
  const known = index.systems.map((it) => it.name);
  if (known.includes(system) || known.length === 0) {
    return new WattkeeperError(
      "not_imported",
      known.length === 0
        ? "No performance data has been imported."
        : `No performance tables of ${system} have been imported.`,
      { where: "system", remedy: IMPORT_REMEDY },
    );
  }
  return new WattkeeperError(
    "unknown_system",
    `Unknown system "${system}".${suggest(system, known)}`,
    { where: "system", remedy: "See `data list` for all known systems." },
  );
}

function missingBackend(
  index: StoreIndex,
  system: string,
  backend: string,
): WattkeeperError {
  const all = [...BACKENDS, ...index.identities.map((it) => it.backend)];
  if (all.includes(backend)) {
    const there = index.identities.filter((it) => it.system === system)
      .map((it) => it.backend);
    return new WattkeeperError(
      "not_imported",
      `No performance tables of ${backend} on ${system} have been imported: there is ${
        [...new Set(there)].join(", ")
      }.`,
      { where: "backend", remedy: IMPORT_REMEDY },
    );
  }
  return new WattkeeperError(
    "unknown_backend",
    `Unknown backend "${backend}".${suggest(backend, all)}`,
    { where: "backend", remedy: "See `data list` for what is there." },
  );
}
