/** Packs for the benches: imported once from the peer's own wheel into a cache that later runs find again. @module */

import { importData } from "../../optimizer-wasm/data/import/mod.ts";
import { PACK_FORMAT_VERSION } from "../../optimizer-wasm/data/pack/mod.ts";
import { openStore } from "../../optimizer-wasm/data/store/mod.ts";
import {
  EstimatorOpener,
  loadModule,
  storeSource,
} from "../../optimizer-wasm/mod.ts";
import { cacheFolder } from "../run/machine.ts";

/** Identities that the benches ask. */
export interface Identities {
  readonly systems: readonly string[];
  readonly backends: readonly string[];
}

/** Folder of the peer's package: its tables are what both sides answer from. */
export async function peerPackage(python: string): Promise<string> {
  const { success, stdout } = await new Deno.Command(python, {
    args: [
      "-c",
      "import aiconfigurator_core, os; print(os.path.dirname(aiconfigurator_core.__file__))",
    ],
    stderr: "null",
  }).output();
  const path = new TextDecoder().decode(stdout).trim();
  if (!success || path === "") {
    throw new Error(`${python} has no package aiconfigurator_core.`);
  }
  return path;
}

/** Opens estimators over the wanted identities, importing those that the cache lacks. */
export async function openBenchPacks(
  python: string,
  wanted: Identities,
): Promise<EstimatorOpener> {
  const cache = cacheFolder((name) => Deno.env.get(name), ".");
  const store = `${cache}/bench-packs-${PACK_FORMAT_VERSION}`;
  const has = (await openStore(store)).listIdentities();
  const missing = wanted.systems.filter((system) =>
    wanted.backends.some((backend) =>
      !has.some((one) => one.system === system && one.backend === backend)
    )
  );
  if (missing.length > 0) {
    await importData({
      source: await peerPackage(python),
      store,
      systems: missing,
      backends: wanted.backends,
      now: new Date(),
      signal: new AbortController().signal,
    });
  }
  return new EstimatorOpener(
    await loadModule(),
    storeSource(await openStore(store)),
  );
}
