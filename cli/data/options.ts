/** Flags that the `data` commands share. @module */

import {
  type DataStore,
  defaultStoreDirectory,
  openStore,
} from "../../optimizer-wasm/data/store/mod.ts";
import type { PackIdentity } from "../../optimizer-wasm/data/pack/mod.ts";
import { WattkeeperError } from "../../service/mod.ts";
import type { CommandContext, OptionSpec } from "../command.ts";

/** `--store`. */
export const STORE_OPTION: OptionSpec = {
  name: "store",
  kind: "string",
  value: "DIR",
  help:
    "Folder of imported data. Without it WATTKEEPER_DATA_HOME, $XDG_DATA_HOME/wattkeeper or ~/.local/share/wattkeeper.",
};

/** `--system`, `--backend`, `--version`. */
export const FILTER_OPTIONS: readonly OptionSpec[] = [
  {
    name: "system",
    kind: "string",
    value: "NAME",
    multiple: true,
    help: "Only this GPU system.",
  },
  {
    name: "backend",
    kind: "string",
    value: "NAME",
    multiple: true,
    help: "Only this serving backend.",
  },
  {
    name: "version",
    kind: "string",
    value: "VERSION",
    multiple: true,
    help: "Only this backend version, or the slots current, previous, next.",
  },
];

/** The values of a flag that may be given several times. */
export function listOf(
  flags: CommandContext["flags"],
  name: string,
): readonly string[] {
  const value = flags[name];
  return Array.isArray(value) ? value : [];
}

/** The folder that `--store` names, or the default one. */
export function storeDirectory(flags: CommandContext["flags"]): string {
  const given = flags["store"];
  return typeof given === "string" ? given : defaultStoreDirectory();
}

/** Opens the store that the flags name. */
export function openNamedStore(
  flags: CommandContext["flags"],
): Promise<DataStore> {
  return openStore(storeDirectory(flags));
}

/**
 * Identities of the store that pass the filter flags; slot names are resolved.
 *
 * @throws {WattkeeperError} `not_imported` when there are none at all or none that pass
 */
export function filteredIdentities(
  store: DataStore,
  flags: CommandContext["flags"],
): readonly PackIdentity[] {
  const all = store.listIdentities();
  if (all.length === 0) {
    throw new WattkeeperError(
      "not_imported",
      `No performance data has been imported into "${store.directory}".`,
      { remedy: "Run `data import pip:aiconfigurator-core==0.12.0`." },
    );
  }
  const [systems, backends, versions] = ["system", "backend", "version"].map(
    (name) => listOf(flags, name),
  ) as [readonly string[], readonly string[], readonly string[]];
  const passes = (wanted: readonly string[], name: string) =>
    wanted.length === 0 || wanted.includes(name);
  const found = all.filter((it) =>
    passes(systems, it.system) && passes(backends, it.backend) &&
    (passes(versions, it.version) ||
      slotsOf(store, it).some((slot) => versions.includes(slot)))
  );
  if (found.length > 0) return found;
  throw new WattkeeperError(
    "not_imported",
    `Nothing that was imported into "${store.directory}" passes these filters.`,
    { remedy: "See `data list` without filters." },
  );
}

/** What a version is called besides its name: `default`, `current`, `previous`, `next`. */
export function slotsOf(
  store: DataStore,
  { system, backend, version }: PackIdentity,
): string[] {
  const slots = store.index.versions.find((it) =>
    it.system === system && it.backend === backend
  );
  if (slots === undefined) return [];
  return (["default", "current", "previous", "next"] as const).filter((slot) =>
    slots[slot] === version
  );
}
