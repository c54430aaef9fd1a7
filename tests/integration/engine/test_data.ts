/** Where the tests find AIC's data, and stores made from it. @module */

import { importData } from "../../../optimizer-wasm/data/import/mod.ts";
import {
  type DataStore,
  openStore,
} from "../../../optimizer-wasm/data/store/mod.ts";
import {
  BACKENDS,
  type EstimatorOpener,
  openEstimators,
} from "../../../optimizer-wasm/mod.ts";
import { type KnownTables, type Question } from "../../peer/queries.ts";
import { peerPython } from "../../peer/peer.ts";
import type { Verdict } from "../../peer/verdict.ts";
import type { Json } from "../../reference/model.ts";
import { packTables } from "../../reference/pack_tables.ts";
import {
  askReference,
  type ReferenceSource,
} from "../../reference/reference_engine.ts";
import type { Tables } from "../../reference/tables.ts";

/** AIC's tables with measured power, or undefined where they are not. */
export function sharedAicData(): string | undefined {
  const given = Deno.env.get("WATTKEEPER_SHARED");
  const folder = given ||
    new URL("../../../../shared", import.meta.url).pathname;
  const data = `${folder}/aic-data`;
  try {
    return Deno.statSync(`${data}/systems`).isDirectory ? data : undefined;
  } catch {
    return undefined;
  }
}

/** Folder of the peer's own package, with its tables and model configurations. */
export async function peerPackage(): Promise<string> {
  const python = peerPython();
  if (python === undefined) {
    throw new Error("WATTKEEPER_PEER_PYTHON is not set.");
  }
  const code =
    "import importlib.util as u; print(u.find_spec('aiconfigurator_core').submodule_search_locations[0])";
  const { stdout, success } = await new Deno.Command(python, {
    args: ["-c", code],
  }).output();
  if (!success) throw new Error(`"${python}" has no aiconfigurator_core.`);
  return new TextDecoder().decode(stdout).trim();
}

/** Everything that has a table of its own below a package: `systems/data/<system>/<family>/<backend>/<version>`. */
export async function measuredIdentities(
  folder: string,
): Promise<KnownTables[]> {
  const found = new Map<string, KnownTables>();
  const below = async (path: string) =>
    (await Array.fromAsync(Deno.readDir(path)))
      .filter((it) => it.isDirectory).map((it) => it.name).sort();
  const data = `${folder}/systems/data`;
  for (const system of await below(data)) {
    for (const family of await below(`${data}/${system}`)) {
      for (const backend of await below(`${data}/${system}/${family}`)) {
        if (!BACKENDS.includes(backend)) continue;
        const versions = `${data}/${system}/${family}/${backend}`;
        for (const version of await below(versions)) {
          const names = await Array.fromAsync(
            Deno.readDir(`${versions}/${version}`),
          );
          if (!names.some(({ name }) => name.endsWith(".parquet"))) continue;
          const identity = { system, backend, version };
          found.set(Object.values(identity).join("/"), identity);
        }
      }
    }
  }
  return [...found.keys()].sort().flatMap((key) => found.get(key) ?? []);
}

/** A store of its own with some identities of one source; gone when disposed. */
export class TestData implements AsyncDisposable {
  readonly store: DataStore;
  readonly opener: EstimatorOpener;
  readonly #directory: string;
  readonly #tables = new Map<string, Tables>();
  readonly #models = new Map<
    string,
    { readonly config: Json; readonly hfQuantConfig: Json | null }
  >();

  private constructor(
    directory: string,
    store: DataStore,
    opener: EstimatorOpener,
  ) {
    this.#directory = directory;
    this.store = store;
    this.opener = opener;
  }

  /** Imports the identities. */
  static async import(
    source: string,
    identities: readonly KnownTables[],
  ): Promise<TestData> {
    const directory = await Deno.makeTempDir({ prefix: "wattkeeper-test-" });
    try {
      for (const { system, backend, version } of identities) {
        await importData({
          ...{ source, store: directory, now: new Date(0) },
          ...{ systems: [system], backends: [backend], versions: [version] },
          signal: AbortSignal.timeout(120_000),
        });
      }
      return new TestData(
        directory,
        await openStore(directory),
        await openEstimators(directory),
      );
    } catch (error) {
      await Deno.remove(directory, { recursive: true });
      throw error;
    }
  }

  /** What the reference opens an engine of this store with. */
  async reference({ engine }: Question): Promise<ReferenceSource> {
    const identity = this.store.resolveVersion(
      engine.system,
      engine.backend,
      engine.backendVersion,
    );
    const key = Object.values(identity).join("/");
    const tables = this.#tables.get(key) ??
      packTables(await this.store.readPack(identity));
    this.#tables.set(key, tables);
    const model = this.#models.get(engine.model) ??
      await this.store.readModelConfig(engine.model);
    this.#models.set(engine.model, model);
    return { tables, ...model };
  }

  /** Asks the reference. */
  async askReference(question: Question): Promise<Verdict> {
    return askReference(
      question.engine,
      question.ask,
      await this.reference(question),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#directory, { recursive: true });
  }
}
