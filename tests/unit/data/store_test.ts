/** The store: what it answers, and that it changes at one instant or not at all. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  defaultStoreDirectory,
  DISK,
  INDEX_FILE,
  openStore,
  openStoreForWriting,
  type StoreDisk,
} from "../../../optimizer-wasm/data/store/mod.ts";
import { defaultVersions } from "../../../optimizer-wasm/data/store/version_slots.ts";
import { WattkeeperError } from "../../../service/mod.ts";
import {
  gemmRow,
  parquet,
  smallSource,
  temporaryFolder,
  writeSource,
} from "./aic_source.ts";
import { runImport, snapshot } from "./store_snapshot.ts";

/** A folder with a source, and the name of a store in it. */
async function workplace() {
  const folder = await temporaryFolder();
  const [source, store] = [`${folder.path}/aic`, `${folder.path}/store`];
  await writeSource(source, smallSource());
  return { source, store, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] };
}

Deno.test("the store lies where the environment says", () => {
  const at = (env: Record<string, string>) => defaultStoreDirectory(env);
  assert.equal(at({ HOME: "/h" }), "/h/.local/share/wattkeeper");
  assert.equal(at({ HOME: "/h", XDG_DATA_HOME: "/x" }), "/x/wattkeeper");
  assert.equal(
    at({ HOME: "/h", XDG_DATA_HOME: "relative" }),
    "/h/.local/share/wattkeeper",
  );
  assert.equal(
    at({ HOME: "/h", XDG_DATA_HOME: "/x", WATTKEEPER_DATA_HOME: "/w" }),
    "/w",
  );
});

Deno.test("a store that does not exist is an empty one", async () => {
  const store = await openStore("/nonexistent/store");
  assert.equal(store.exists, false);
  assert.deepEqual(store.listIdentities(), []);
  assert.throws(() => store.resolveVersion("h200_sxm", "vllm"), {
    code: "not_imported",
  });
  await assert.rejects(store.readModelConfig("a/b"), { code: "unknown_model" });
});

Deno.test("what was imported can be read", async () => {
  await using place = await workplace();
  await runImport(place);
  const store = await openStore(place.store);
  assert.deepEqual(
    store.listIdentities().map((it) => it.version),
    ["0.19.0", "0.22.0"],
  );
  const identity = store.resolveVersion("h200_sxm", "vllm");
  assert.equal(identity.version, "0.22.0");
  const { directory } = await store.readPack(identity);
  assert.deepEqual(directory.identity, identity);
  assert.deepEqual(await store.readDirectory(identity), directory);
  assert.deepEqual(await store.readSystem("h200_sxm"), directory.system);
  assert.deepEqual(store.modelNames(), ["org/model"]);
  assert.deepEqual(await store.readModelConfig("org/model"), {
    config: { architectures: ["LlamaForCausalLM"] },
    hfQuantConfig: null,
  });
});

Deno.test("unknown names are refused with the nearest known ones", async () => {
  await using place = await workplace();
  await runImport(place);
  const store = await openStore(place.store);
  const refuse = (names: [string, string, string?], expected: object) =>
    assert.throws(() => store.resolveVersion(...names), expected);
  refuse(["h20_sxm", "vllm"], {
    code: "unknown_system",
    message: /"h20_sxm".*"h200_sxm"/,
  });
  refuse(["h200_sxm", "vlm"], {
    code: "unknown_backend",
    message: /"vlm".*"vllm"/,
  });
  refuse(["h200_sxm", "sglang"], { code: "not_imported", message: /sglang/ });
  refuse(["h200_sxm", "vllm", "0.23.0"], {
    code: "unknown_version",
    message: /"0.23.0".*0\.19\.0, 0\.22\.0/,
  });
  refuse(["h200_sxm", "vllm", "next"], { code: "unknown_version" });
  assert.equal(
    store.resolveVersion("h200_sxm", "vllm", "current").version,
    "0.22.0",
  );
  await assert.rejects(store.readModelConfig("org/modl"), {
    code: "unknown_model",
    message: /"org\/model"/,
  });
  await assert.rejects(store.readSystem("h200"), { code: "unknown_system" });
  const other = { system: "h200_sxm", backend: "vllm", version: "9" };
  await assert.rejects(store.readPack(other), { code: "not_imported" });
});

Deno.test("the default version is the slot current when it is there, else the greatest", () => {
  const identities = ["0.9.0", "0.10.0rc1", "0.10.0"].map((version) => ({
    system: "s",
    backend: "b",
    version,
  }));
  const slots = (current: string) => [{
    ...{ system: "s", backend: "b", current, previous: "0.9.0", next: null },
  }];
  const of = (declared: ReturnType<typeof slots>) =>
    defaultVersions(identities, declared).map((it) => it.default);
  assert.deepEqual(of([]), ["0.10.0"]);
  assert.deepEqual(of(slots("0.9.0")), ["0.9.0"]);
  assert.deepEqual(of(slots("0.11.0")), ["0.10.0"]);
});

Deno.test("a damaged pack, model or index is refused when it is read", async () => {
  await using place = await workplace();
  await runImport(place);
  const store = await openStore(place.store);
  const flip = async (file: string) => {
    const bytes = await Deno.readFile(`${place.store}/${file}`);
    bytes[bytes.length >> 1]! ^= 1;
    await Deno.writeFile(`${place.store}/${file}`, bytes);
  };
  const corrupt = { code: "corrupt_pack", remedy: /import/ };
  const [pack] = store.index.identities;
  await flip(pack!.file);
  await assert.rejects(store.readPack(pack!), corrupt);
  await flip(store.index.models[0]!.file);
  await assert.rejects(store.readModelConfig("org/model"), corrupt);
  await Deno.remove(`${place.store}/${pack!.file}`);
  await assert.rejects(store.readPack(pack!), corrupt);
  await assert.rejects(store.readDirectory(pack!), corrupt);
  for (const text of ["", "[1, 2", '{"formatVersion": 1}']) {
    await Deno.writeTextFile(`${place.store}/${INDEX_FILE}`, text);
    await assert.rejects(openStore(place.store), corrupt);
  }
});

Deno.test("a store of another format version is refused, and rebuilt with force", async () => {
  await using place = await workplace();
  await runImport(place);
  await Deno.writeTextFile(
    `${place.store}/${INDEX_FILE}`,
    '{"formatVersion": 2, "packs": {}}',
  );
  const before = await snapshot(place.store);
  const refused = {
    code: "corrupt_pack",
    message: /format version is 2, this program reads 1/,
  };
  await assert.rejects(openStore(place.store), refused);
  await assert.rejects(runImport(place), refused);
  assert.deepEqual(await snapshot(place.store), before);
  await runImport({ ...place, force: true });
  assert.equal((await openStore(place.store)).listIdentities().length, 2);
});

Deno.test("a version from another source is kept, unless force is given", async () => {
  await using place = await workplace();
  await runImport({ ...place, versions: ["0.22.0"] });
  const other = `${place.source}-2`;
  await writeSource(other, {
    ...smallSource(),
    "systems/data/h200_sxm/gemm/vllm/0.22.0/gemm_perf.parquet": parquet([
      gemmRow([2, 64, 64], 9),
    ]),
  });
  const kept = await runImport({ source: other, store: place.store });
  assert.deepEqual(kept.imported.map((it) => it.version), ["0.19.0"]);
  assert.deepEqual(kept.kept.map((it) => it.version), ["0.22.0"]);
  const forced = await runImport({
    source: other,
    store: place.store,
    force: true,
  });
  assert.deepEqual(forced.kept, []);
  const { index } = await openStore(place.store);
  assert.deepEqual(index.sources.map((it) => it.description), [other]);
});

Deno.test("importing again replaces what came from the same source and leaves nothing of the earlier one", async () => {
  await using place = await workplace();
  await runImport(place);
  const first = await snapshot(place.store);
  await runImport(place);
  assert.deepEqual(await snapshot(place.store), first);
  await writeSource(place.source, {
    "systems/data/h200_sxm/gemm/vllm/0.22.0/gemm_perf.parquet": parquet([
      gemmRow([2, 64, 64], 9),
    ]),
  });
  await runImport(place);
  const second = await snapshot(place.store);
  assert.equal(Object.keys(second).length, Object.keys(first).length);
  assert.notDeepEqual(second, first);
});

Deno.test("files in the store's folder that are not the store's are never touched", async () => {
  await using place = await workplace();
  const foreign = [
    "models/mine.json",
    "packs/notes.txt",
    "README",
    "x/y.wkpack",
  ];
  await writeSource(
    place.store,
    Object.fromEntries(foreign.map((name) => [name, name])),
  );
  await runImport(place);
  await runImport({ ...place, force: true });
  for (const name of foreign) {
    assert.equal(await Deno.readTextFile(`${place.store}/${name}`), name);
  }
});

Deno.test("an open store reads on after an import has replaced its packs", async () => {
  await using place = await workplace();
  await runImport(place);
  const store = await openStore(place.store);
  await writeSource(place.source, {
    "systems/data/h200_sxm/gemm/vllm/0.22.0/gemm_perf.parquet": parquet([
      gemmRow([2, 64, 64], 9),
    ]),
  });
  await runImport(place);
  const { directory } = await store.readPack(
    store.resolveVersion("h200_sxm", "vllm", "0.22.0"),
  );
  assert.equal(directory.sources[0]?.rows, 1);
});

Deno.test("two imports at a time: the second is refused, and may run when the first has ended", async () => {
  await using place = await workplace();
  {
    await using _first = await openStoreForWriting(place.store);
    await assert.rejects(runImport(place), {
      code: "import_failed",
      message: /Another import is writing/,
    });
  }
  await runImport(place);
});

Deno.test("wherever writing fails, the store is as it was and nothing is left", async () => {
  await using place = await workplace();
  await runImport({ ...place, versions: ["0.19.0"] });
  const before = await snapshot(place.store);
  let writes = 0;
  await runImport({
    source: place.source,
    store: `${place.store}-probe`,
    disk: failingDisk(Infinity, () => writes++),
  });
  assert(writes > 10, String(writes));
  for (let allowed = 0; allowed < writes - 1; allowed++) {
    await assert.rejects(
      runImport({ ...place, disk: failingDisk(allowed) }),
      { code: "write_failed" },
      `after ${allowed} operations`,
    );
    assert.deepEqual(await snapshot(place.store), before);
  }
});

Deno.test("a first import that fails leaves no store", async () => {
  await using place = await workplace();
  await assert.rejects(runImport({ ...place, disk: failingDisk(3) }), {
    code: "write_failed",
  });
  await assert.rejects(Deno.stat(place.store), Deno.errors.NotFound);
});

Deno.test("wherever an import is interrupted, the store is as it was", async () => {
  await using place = await workplace();
  await runImport({ ...place, versions: ["0.19.0"] });
  const before = await snapshot(place.store);
  await fc.assert(
    fc.asyncProperty(fc.nat(40), async (steps) => {
      const stop = new AbortController();
      let left = steps;
      const step = () => {
        if (left-- === 0) stop.abort();
      };
      try {
        await runImport({
          source: place.source,
          store: place.store,
          signal: stop.signal,
          onProgress: step,
          disk: failingDisk(Infinity, step),
        });
        // The signal came when all was written already: the import is complete, and is taken back for the next run.
        const { index } = await openStore(place.store);
        assert.equal(index.identities.length, 2);
        await Deno.remove(place.store, { recursive: true });
        await runImport({ ...place, versions: ["0.19.0"] });
      } catch (error) {
        assert(error instanceof WattkeeperError, String(error));
        assert.equal(error.code, "interrupted");
      }
      assert.deepEqual(await snapshot(place.store), before);
    }),
    { numRuns: 60 },
  );
});

/** The disk, until `allowed` operations are done; then it is full. */
function failingDisk(allowed: number, onOperation = () => {}): StoreDisk {
  let done = 0;
  const guard = (path: string) => {
    onOperation();
    if (done++ < allowed) return;
    throw new WattkeeperError("write_failed", `"${path}": no space left`);
  };
  return {
    async write(path, bytes) {
      guard(path);
      await DISK.write(path, bytes);
    },
    async rename(from, to) {
      guard(to);
      await DISK.rename(from, to);
    },
    async syncFolder(path) {
      guard(path);
      await DISK.syncFolder(path);
    },
  };
}
