/** Sources: folders, wheels, pip, and what is none. @module */

import assert from "node:assert/strict";
import { openStore } from "../../../optimizer-wasm/data/store/mod.ts";
import {
  gemmRow,
  parquet,
  smallSource,
  systemYaml,
  temporaryFolder,
  writeSource,
} from "./aic_source.ts";
import { runImport, snapshot } from "./store_snapshot.ts";
import { claimSize, wheel, zip } from "./wheel.ts";

const SLOTS = `schema_version: 1
defaults:
  vllm: {current: "0.22.0", previous: "0.14.0"}
`;

Deno.test("a checkout, the package in it, its systems folder and a wheel give the same packs", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  const checkout = `${path}/checkout`;
  const inside = `${checkout}/aic-core/src/aiconfigurator_core`;
  await writeSource(inside, smallSource());
  await Deno.writeFile(`${path}/aic.whl`, await wheel(smallSource()));
  const sources = [
    checkout,
    `${checkout}/aic-core`,
    inside,
    `${inside}/systems`,
    `${path}/aic.whl`,
  ];
  const files = [];
  for (const source of sources) {
    const store = `${path}/store-${files.length}`;
    const summary = await runImport({ source, store });
    assert.equal(summary.imported.length, 2, source);
    assert.equal(summary.models, 1, source);
    const { "./index.json": _, ...content } = await snapshot(store);
    files.push(content);
  }
  for (const content of files) assert.deepEqual(content, files[0]);
});

Deno.test("where the source names slots, those versions are imported; all with --all-versions", async () => {
  await using folder = await temporaryFolder();
  const source = `${folder.path}/aic`;
  await writeSource(source, {
    ...smallSource(),
    "systems/query_versions.yaml": SLOTS,
    "systems/data/h200_sxm/gemm/vllm/0.23.0rc1/gemm_perf.parquet": parquet([
      gemmRow([1, 2, 3], 1),
    ]),
  });
  const imported = async (more: object) => {
    const store = `${folder.path}/${crypto.randomUUID()}`;
    const summary = await runImport({ source, store, ...more });
    return {
      versions: summary.imported.map((it) => it.version),
      store: await openStore(store),
    };
  };
  const { versions, store } = await imported({});
  assert.deepEqual(versions, ["0.22.0", "0.23.0rc1"]);
  const version = (name?: string) =>
    store.resolveVersion("h200_sxm", "vllm", name).version;
  assert.equal(version(), "0.22.0");
  assert.equal(version("current"), "0.22.0");
  assert.equal(version("next"), "0.23.0rc1");
  assert.throws(() => version("previous"), {
    code: "unknown_version",
    message: /"previous" \(0\.14\.0\)/,
  });
  const all = await imported({ allVersions: true });
  assert.deepEqual(all.versions, ["0.19.0", "0.22.0", "0.23.0rc1"]);
  assert.deepEqual((await imported({ versions: ["0.19.0"] })).versions, [
    "0.19.0",
  ]);
  assert.deepEqual((await imported({ versions: ["next"] })).versions, [
    "0.23.0rc1",
  ]);
});

Deno.test("a filter that names nothing in the source is refused with what is near", async () => {
  await using folder = await temporaryFolder();
  const source = `${folder.path}/aic`;
  await writeSource(source, smallSource());
  const store = `${folder.path}/store`;
  const refuse = (filter: object, code: string) =>
    assert.rejects(runImport({ source, store, ...filter }), { code });
  await refuse({ systems: ["h20_sxm"] }, "unknown_system");
  await refuse({ backends: ["vlm"] }, "unknown_backend");
  await refuse({ versions: ["0.20.0"] }, "unknown_version");
  await assert.rejects(Deno.stat(store), Deno.errors.NotFound);
});

Deno.test("a path that is not there, a folder that is not AIC, a file that is neither", async () => {
  await using folder = await temporaryFolder();
  const store = `${folder.path}/store`;
  const refuse = (source: string, code: string, message: RegExp) =>
    assert.rejects(runImport({ source, store }), { code, message });
  await refuse(`${folder.path}/nope`, "file_not_found", /nope" does not exist/);
  await writeSource(`${folder.path}/other`, {
    "README.md": "x",
    "data/x.txt": "x",
    "systems/notes.yaml": "a: 1\n",
  });
  await refuse(
    `${folder.path}/other/data`,
    "not_aic_data",
    /no systems folder/,
  );
  await refuse(`${folder.path}/other`, "not_aic_data", /describes a system/);
  await refuse(
    `${folder.path}/other/README.md`,
    "not_aic_data",
    /neither a folder nor a wheel/,
  );
  await writeSource(`${folder.path}/empty`, {
    "systems/h200_sxm.yaml": systemYaml("h200_sxm"),
  });
  await refuse(`${folder.path}/empty`, "not_aic_data", /no measured table/);
  await Deno.writeFile(`${folder.path}/a.whl`, await zip({ "x/y": "z" }));
  await refuse(`${folder.path}/a.whl`, "not_aic_data", /no systems/);
});

Deno.test("a damaged table is refused by name and nothing is imported", async () => {
  await using folder = await temporaryFolder();
  const source = `${folder.path}/aic`;
  const store = `${folder.path}/store`;
  const table = "systems/data/h200_sxm/gemm/vllm/0.19.0/gemm_perf.parquet";
  const files = smallSource();
  const sound = files[table] as Uint8Array;
  await writeSource(source, { ...files, [table]: sound.slice(0, -20) });
  await assert.rejects(runImport({ source, store }), {
    code: "invalid_file",
    message: /gemm\/vllm\/0\.19\.0\/gemm_perf\.parquet.*without its footer/,
  });
  await assert.rejects(Deno.stat(store), Deno.errors.NotFound);
});

Deno.test("a file that the system does not let us read is refused by name", async () => {
  await using folder = await temporaryFolder();
  const source = `${folder.path}/aic`;
  await writeSource(source, smallSource());
  const table =
    `${source}/systems/data/h200_sxm/gemm/vllm/0.19.0/gemm_perf.parquet`;
  if (Deno.uid() === 0) {
    // Permissions do not stop root; reading this file fails for everybody.
    await Deno.remove(table);
    await Deno.symlink("/proc/self/mem", table);
  } else {
    await Deno.chmod(table, 0);
  }
  await assert.rejects(
    runImport({ source, store: `${folder.path}/store` }),
    { code: "file_unreadable", message: /gemm_perf\.parquet" cannot be read/ },
  );
});

Deno.test("a wheel that is cut off or damaged is refused", async () => {
  await using folder = await temporaryFolder();
  const source = `${folder.path}/aic.whl`;
  const sound = await wheel(smallSource());
  const refuse = async (bytes: Uint8Array) => {
    await Deno.writeFile(source, bytes);
    await assert.rejects(
      runImport({ source, store: `${folder.path}/store` }),
      { code: "invalid_file", message: /aic\.whl/ },
    );
  };
  await refuse(sound.slice(0, sound.length >> 1));
  await refuse(new Uint8Array(0));
  const damaged = sound.slice();
  // Inside the content of the first table.
  damaged.fill(0x55, sound.length >> 1, (sound.length >> 1) + 64);
  await refuse(damaged);
});

Deno.test("a wheel with entries outside of itself is refused", async () => {
  await using folder = await temporaryFolder();
  const source = `${folder.path}/aic.whl`;
  for (const name of ["../evil", "a/../../evil", "/etc/evil", "a\\..\\evil"]) {
    const entries = {
      "aiconfigurator_core/systems/x.yaml": "a: 1",
      [name]: "x",
    };
    await Deno.writeFile(source, await zip(entries));
    await assert.rejects(
      runImport({ source, store: `${folder.path}/store` }),
      { code: "invalid_file" },
      name,
    );
  }
});

Deno.test("a wheel whose table would inflate beyond measure is refused before it is inflated", async () => {
  await using folder = await temporaryFolder();
  const source = `${folder.path}/aic.whl`;
  const bomb = new Uint8Array(300 * 2 ** 20);
  const table = "systems/data/h200_sxm/gemm/vllm/0.21.0/gemm_perf.txt";
  const archive = await wheel({ ...smallSource(), [table]: bomb });
  assert(archive.length < 2 ** 20);
  await Deno.writeFile(source, archive);
  const store = `${folder.path}/store`;
  await assert.rejects(runImport({ source, store }), {
    code: "invalid_file",
    message: /would inflate to 314572800 bytes/,
  });
  await Deno.writeFile(source, claimSize(archive, bomb.length, 1000));
  await assert.rejects(runImport({ source, store }), {
    code: "invalid_file",
    message: /cannot be inflated|not a readable wheel/,
  });
});

Deno.test("pip: takes the wheel that pip downloads, and leaves nothing of it", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeFile(
    `${folder.path}/aic-1-py3-none-any.whl`,
    await wheel(smallSource()),
  );
  await fakePython(
    folder.path,
    `cp ${folder.path}/*.whl "$d"; echo "$@" > ${folder.path}/args`,
  );
  const summary = await withPython(folder.path, () =>
    runImport({
      source: "pip:aiconfigurator-core==0.12.0",
      store: `${folder.path}/store`,
    }));
  assert.equal(summary.source, "aic-1-py3-none-any.whl");
  assert.equal(summary.imported.length, 2);
  const args = await Deno.readTextFile(`${folder.path}/args`);
  assert.match(
    args,
    /-m pip download --no-deps .*aiconfigurator-core==0\.12\.0/,
  );
  const [, target = ""] = /-d (\S+)/.exec(args) ?? [];
  await assert.rejects(Deno.stat(target), Deno.errors.NotFound);
});

Deno.test("pip: says what pip said, and takes nothing that is no requirement", async () => {
  await using folder = await temporaryFolder();
  await fakePython(
    folder.path,
    'echo "ERROR: No matching distribution" >&2; exit 1',
  );
  const store = `${folder.path}/store`;
  await withPython(folder.path, async () => {
    await assert.rejects(
      runImport({ source: "pip:aiconfigurator-core==9", store }),
      { code: "import_failed", message: /No matching distribution/ },
    );
    for (const bad of ["", "--index-url=x", "a b", "a==1;x", "../x"]) {
      await assert.rejects(runImport({ source: `pip:${bad}`, store }), {
        code: "invalid_value",
      });
    }
  });
  await withPython(
    `${folder.path}/nowhere`,
    () =>
      assert.rejects(runImport({ source: "pip:a==1", store }), {
        code: "import_failed",
        message: /could not be started/,
      }),
  );
});

Deno.test("infinite numbers that Python writes into a model's JSON do not stop an import", async () => {
  await using folder = await temporaryFolder();
  const source = `${folder.path}/aic`;
  await writeSource(source, {
    ...smallSource(),
    "model_configs/a--b_config.json":
      '{"limits": [0, Infinity, -Infinity, NaN], "name": "NaN \\" Infinity"}',
    "model_configs/a--b_hf_quant_config.json": '{"q": 1}',
  });
  const store = `${folder.path}/store`;
  await runImport({ source, store });
  assert.deepEqual(await (await openStore(store)).readModelConfig("a/b"), {
    config: { limits: [0, null, null, null], name: 'NaN " Infinity' },
    hfQuantConfig: { q: 1 },
  });
});

Deno.test("progress counts up to its total", async () => {
  await using folder = await temporaryFolder();
  const source = `${folder.path}/aic`;
  await writeSource(source, smallSource());
  const steps: [number, number, string][] = [];
  await runImport({
    source,
    store: `${folder.path}/store`,
    onProgress: (...step) => steps.push(step),
  });
  const last = steps.at(-1)!;
  assert.equal(last[0], last[1]);
  assert(steps.every(([done], i) => i === 0 || done >= steps[i - 1]![0]));
  assert.match(last[2], /h200_sxm vllm 0\.22\.0 nccl_perf/);
});

/** A `python3` whose body knows pip's target folder as `$d`. */
async function fakePython(folder: string, body: string): Promise<void> {
  const script = `#!/bin/sh
args="$*"
d=""
for a in "$@"; do [ "$last" = "-d" ] && d="$a"; last="$a"; done
${body}
`;
  await Deno.writeTextFile(`${folder}/python3`, script, { mode: 0o755 });
}

async function withPython<T>(
  folder: string,
  action: () => Promise<T>,
): Promise<T> {
  const earlier = Deno.env.get("WATTKEEPER_PYTHON");
  Deno.env.set("WATTKEEPER_PYTHON", `${folder}/python3`);
  try {
    return await action();
  } finally {
    if (earlier === undefined) Deno.env.delete("WATTKEEPER_PYTHON");
    else Deno.env.set("WATTKEEPER_PYTHON", earlier);
  }
}
