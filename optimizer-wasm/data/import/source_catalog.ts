/** What a source offers, before any table is read: systems, identities, slots, reuse, models. @module */

import type { PackIdentity } from "../pack/mod.ts";
import type { StoredModelConfig, VersionSlots } from "../store/mod.ts";
import { type DataLayout, layOut } from "./data_layout.ts";
import {
  type LaneDefaults,
  NO_LANE_DEFAULTS,
  readLaneDefaults,
} from "./lane_defaults.ts";
import { listModels, readModel } from "./model_configs.ts";
import { readQueryVersions } from "./query_versions.ts";
import {
  NO_REUSE,
  readReuseManifest,
  type ReuseManifest,
} from "./reuse_manifest.ts";
import { notAicData, readText, type SourceTree } from "./source_tree.ts";
import {
  describesSystem,
  readSystemYaml,
  type SystemSource,
} from "./system_yaml.ts";

/** A system with its tables' places. */
export interface CatalogSystem extends SystemSource {
  readonly layout: DataLayout;
}

/** Everything an import decides on. */
export interface SourceCatalog {
  readonly tree: SourceTree;
  readonly systems: ReadonlyMap<string, CatalogSystem>;
  /** Every (system, backend, version) with at least one measured table. */
  readonly identities: readonly PackIdentity[];
  /** Null: the source declares no slots. */
  readonly slots: readonly VersionSlots[] | null;
  readonly manifest: ReuseManifest;
  readonly lanes: LaneDefaults;
  readonly models: ReadonlyMap<string, StoredModelConfig>;
}

const SYSTEM_FILE = /^systems\/([A-Za-z0-9_][A-Za-z0-9_.-]*)\.yaml$/;

/**
 * Reads a source's yaml and JSON files.
 *
 * @throws {WattkeeperError} `not_aic_data`, `invalid_file`
 */
export async function readCatalog(
  tree: SourceTree,
  signal: AbortSignal,
): Promise<SourceCatalog> {
  const systems = await readSystems(tree, signal);
  if (systems.size === 0) {
    throw notAicData(
      tree.description,
      "no yaml file in its systems folder describes a system (data_dir)",
    );
  }
  const identities = [...systems.values()].flatMap((it) =>
    it.layout.measured()
  );
  const models = new Map<string, StoredModelConfig>();
  for (const name of listModels(tree)) {
    signal.throwIfAborted();
    models.set(name, await readModel(tree, name));
  }
  return {
    tree,
    systems,
    identities,
    models,
    slots: await readOptional(
      tree,
      "query_versions.yaml",
      (text, where) => readQueryVersions({ text, where, identities }),
    ),
    manifest: await readOptional(
      tree,
      "perf_data_reuse_manifest.yaml",
      readReuseManifest,
    ) ?? NO_REUSE,
    lanes: await readOptional(
      tree,
      "attention_lane_defaults.yaml",
      readLaneDefaults,
    ) ?? NO_LANE_DEFAULTS,
  };
}

async function readSystems(
  tree: SourceTree,
  signal: AbortSignal,
): Promise<Map<string, CatalogSystem>> {
  const systems = new Map<string, CatalogSystem>();
  for (const path of tree.files) {
    const name = SYSTEM_FILE.exec(path)?.[1];
    if (name === undefined) continue;
    signal.throwIfAborted();
    const text = await readText(tree, path);
    if (!describesSystem(text)) continue;
    const system = readSystemYaml(name, text, tree.locate(path));
    const layout = layOut(name, tree, system.dataFolder);
    systems.set(name, { ...system, layout });
  }
  return systems;
}

async function readOptional<T>(
  tree: SourceTree,
  name: string,
  parse: (text: string, where: string) => T,
): Promise<T | null> {
  const path = `systems/${name}`;
  if (!tree.files.includes(path)) return null;
  return parse(await readText(tree, path), tree.locate(path));
}
