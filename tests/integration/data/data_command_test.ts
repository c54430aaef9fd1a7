/** `data import`, `list` and `validate` as a person runs them. @module */

import assert from "node:assert/strict";
import {
  gemmRow,
  parquet,
  smallSource,
  temporaryFolder,
  writeSource,
} from "../../unit/data/aic_source.ts";
import { snapshot } from "../../unit/data/store_snapshot.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

function start(args: readonly string[], store: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "main.ts", "data", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", WATTKEEPER_DATA_HOME: store },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function run(
  args: readonly string[],
  store: string,
): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await start(args, store).output();
  const [out, err] = [stdout, stderr].map((it) => new TextDecoder().decode(it));
  return { code, out: out!, err: err! };
}

/** A source that takes a second to import: many versions with large tables. */
function largeSource(): Record<string, string | Uint8Array> {
  const files = smallSource();
  const table = parquet(
    Array.from(
      { length: 40_000 },
      (_, row) =>
        gemmRow([row % 200 + 1, 64 * (row % 7 + 1), 64 + row], 1 + row / 1000),
    ),
  );
  for (let minor = 30; minor < 60; minor++) {
    files[
      `systems/data/h200_sxm/gemm/vllm/0.${minor}.0/gemm_perf.parquet`
    ] = table;
  }
  return files;
}

Deno.test("list says which models have a graph, and why the others have none", async () => {
  await using folder = await temporaryFolder();
  const source = `${folder.path}/aic`;
  const store = `${folder.path}/store`;
  const sizes = {
    ...{ num_hidden_layers: 2, hidden_size: 64, num_attention_heads: 2 },
    ...{ intermediate_size: 128, vocab_size: 100 },
  };
  const named = (architecture: string, more: object = sizes) =>
    JSON.stringify({ architectures: [architecture], ...more });
  await writeSource(source, {
    ...smallSource(),
    "model_configs/a--dense_config.json": named("Qwen3ForCausalLM"),
    "model_configs/b--gpt_config.json": named("GPT"),
    "model_configs/c--other_config.json": named("MambaForCausalLM"),
    "model_configs/org--model_config.json": named("LlamaForCausalLM", {}),
  });
  await run(["import", source], store);
  const rows = JSON.parse(
    (await run(["list", "--models", "--output", "json"], store)).out,
  );
  assert.deepEqual(
    rows.map((row: Record<string, unknown>) => [
      row["model"],
      row["graph"],
      row["covered"],
    ]),
    [
      ["a/dense", "LLAMA", true],
      ["b/gpt", "GPT", true],
      ["c/other", null, false],
      ["org/model", null, false],
    ],
  );
  assert.match(rows[2].reason, /"MambaForCausalLM", which has no graph here/);
  assert.match(rows[3].reason, /no usable num_attention_heads/);
  const table = await run(["list"], store);
  assert.match(table.out, /^4 models, 2 of them with a graph here/m);
});

Deno.test("import, list and validate answer on standard output and with exit code 0", async () => {
  await using folder = await temporaryFolder();
  const source = `${folder.path}/aic`;
  const store = `${folder.path}/store`;
  await writeSource(source, smallSource());

  const imported = await run(["import", source], store);
  assert.deepEqual([imported.code, imported.err], [0, ""]);
  assert.match(imported.out, /^Imported 2 packs/);

  const listed = await run(["list", "--output", "json"], store);
  assert.equal(listed.code, 0);
  const rows = JSON.parse(listed.out);
  assert.equal(rows.length, 2);
  assert.deepEqual(
    [rows[1].version, rows[1].slots, rows[1].gemm_rows, rows[1].power_share],
    ["0.22.0", "default", 2, 0],
  );
  const models = await run(["list", "--models", "--output", "csv"], store);
  assert.match(
    models.out,
    /^model,graph,architecture,covered,reason\r\norg\/model,/,
  );

  const validated = await run(["validate", "--output", "json"], store);
  assert.equal(validated.code, 0);
  assert.deepEqual(
    JSON.parse(validated.out).map((row: { verdict: string }) => row.verdict),
    ["warn", "warn"],
  );
  const byTable = await run(
    ["validate", "--by-table", "--version", "0.22.0", "--output", "csv"],
    store,
  );
  assert.match(byTable.out, /h200_sxm,vllm,0\.22\.0,gemm,ok,2,/);
  assert.match(byTable.out, /custom_allreduce,warn,0,.*the table is missing/);
});

Deno.test("bad input ends with exit code 2 and says what to do", async () => {
  await using folder = await temporaryFolder();
  const store = `${folder.path}/store`;
  const cases: [string[], RegExp][] = [
    [["import", `${folder.path}/nope`], /WK104.*does not exist/],
    [["import", folder.path], /WK302.*no AIConfigurator data/],
    [["import"], /WK101.*SOURCE is missing/],
    [["list"], /WK205.*No performance data/],
    [["validate"], /WK205.*No performance data/],
  ];
  for (const [args, message] of cases) {
    const { code, out, err } = await run(args, store);
    assert.deepEqual([code, out], [2, ""], args.join(" "));
    assert.match(err, message);
    assert.match(err, /remedy:/);
  }
});

Deno.test("a pack with a flipped bit fails validation, beside sound ones", async () => {
  await using folder = await temporaryFolder();
  const source = `${folder.path}/aic`;
  const store = `${folder.path}/store`;
  await writeSource(source, smallSource());
  await run(["import", source], store);
  const [pack] = Object.keys(await snapshot(store)).filter((it) =>
    it.includes("0.19.0")
  );
  const bytes = await Deno.readFile(`${store}/${pack}`);
  bytes[bytes.length - 3]! ^= 4;
  await Deno.writeFile(`${store}/${pack}`, bytes);
  const { code, out } = await run(["validate", "--output", "csv"], store);
  assert.equal(code, 1);
  assert.match(out, /0\.19\.0,all,fail,.*corrupt_pack/);
  assert.match(out, /0\.22\.0,all,warn/);
});

Deno.test("an import that is killed leaves the store as it was, and the next one sweeps up", async () => {
  await using folder = await temporaryFolder();
  const source = `${folder.path}/aic`;
  const store = `${folder.path}/store`;
  await writeSource(source, smallSource());
  await run(["import", source], store);
  const before = await snapshot(store);
  await writeSource(source, largeSource());
  for (const wait of [0, 1, 3]) {
    const child = start(["import", source], store);
    await until(async () =>
      Object.keys(await snapshot(`${store}/.staging`)).length > wait
    );
    child.kill("SIGKILL");
    await child.output();
    const listed = await run(["list", "--output", "json"], store);
    assert.equal(JSON.parse(listed.out).length, 2);
    const after = await snapshot(store);
    for (const [path, checksum] of Object.entries(before)) {
      assert.equal(after[path], checksum, path);
    }
  }
  await run(["import", source, "--version", "0.22.0"], store);
  const swept = Object.keys(await snapshot(store));
  assert.deepEqual(swept.filter((it) => /staging|lock/.test(it)), []);
  assert.equal(swept.filter((it) => it.endsWith(".wkpack")).length, 2);
});

Deno.test("an import that is told to stop ends with 130 and leaves the store as it was", async () => {
  await using folder = await temporaryFolder();
  const source = `${folder.path}/aic`;
  const store = `${folder.path}/store`;
  await writeSource(source, smallSource());
  await run(["import", source], store);
  const before = await snapshot(store);
  await writeSource(source, largeSource());
  const child = start(["import", source], store);
  await until(async () =>
    Object.keys(await snapshot(`${store}/.staging`)).length > 0
  );
  child.kill("SIGINT");
  const { code } = await child.output();
  assert.equal(code, 130);
  assert.deepEqual(await snapshot(store), before);
});

Deno.test({
  name:
    "a disk that is full ends an import with its name and leaves nothing behind",
  ignore: !await canMount(),
  async fn() {
    await using folder = await temporaryFolder();
    const source = `${folder.path}/aic`;
    const disk = `${folder.path}/disk`;
    await writeSource(source, largeSource());
    await Deno.mkdir(disk);
    await mount(["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]);
    try {
      const { code, err } = await run(["import", source], `${disk}/store`);
      assert.equal(code, 1);
      assert.match(err, /WK107.*No space left on device/);
      assert.deepEqual(await snapshot(disk), {});
      const small = ["--version", "0.22.0"];
      assert.equal(
        (await run(["import", source, ...small], `${disk}/s`)).code,
        0,
      );
      const before = await snapshot(disk);
      assert.equal((await run(["import", source], `${disk}/s`)).code, 1);
      assert.deepEqual(await snapshot(disk), before);
    } finally {
      await new Deno.Command("umount", { args: [disk] }).output();
    }
  },
});

async function canMount(): Promise<boolean> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  const folder = await Deno.makeTempDir();
  try {
    await mount(["-t", "tmpfs", "tmpfs", folder]);
    await new Deno.Command("umount", { args: [folder] }).output();
    return true;
  } catch {
    return false;
  } finally {
    await Deno.remove(folder);
  }
}

async function mount(args: readonly string[]): Promise<void> {
  const { success } = await new Deno.Command("mount", { args: [...args] })
    .output();
  if (!success) throw new Error("mount failed");
}

async function until(reached: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!await reached()) {
    assert(performance.now() < deadline, "not reached within 30 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
