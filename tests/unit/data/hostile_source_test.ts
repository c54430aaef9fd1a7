/** Sources that mean harm: files without end, nests without end, folders that contain themselves. @module */

import assert from "node:assert/strict";
import { openStore } from "../../../optimizer-wasm/data/store/mod.ts";
import {
  smallSource,
  systemYaml,
  temporaryFolder,
  writeSource,
} from "./aic_source.ts";
import { runImport, snapshot } from "./store_snapshot.ts";

const NESTED = 200_000;

for (
  const [says, file, content, found] of [
    [
      "a model configuration of a hundred megabytes",
      "model_configs/a--b_config.json",
      `{"a": "${"x".repeat(100_000_000)}"}`,
      /has 100000009 bytes; the most a description may have/,
    ],
    [
      "a model configuration nested without end",
      "model_configs/a--b_config.json",
      `{"a": ${"[".repeat(NESTED)}${"]".repeat(NESTED)}}`,
      /is nested deeper than 64 levels/,
    ],
    [
      "a system description of ten megabytes",
      "systems/h200_sxm.yaml",
      `${systemYaml("h200_sxm")}# ${"x".repeat(10_000_000)}\n`,
      /the most a description may have/,
    ],
    [
      "a system description nested without end",
      "systems/h200_sxm.yaml",
      `${systemYaml("h200_sxm")}more: ${"[".repeat(NESTED)}\n`,
      /yaml/,
    ],
  ] as const
) {
  Deno.test(`${says} is refused by name and nothing is imported`, async () => {
    await using folder = await temporaryFolder();
    const source = `${folder.path}/aic`;
    const store = `${folder.path}/store`;
    await writeSource(source, { ...smallSource(), [file]: content });
    await assert.rejects(
      runImport({ source, store }),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, "invalid_file");
        assert.ok(error.message.includes(file.slice(file.indexOf("/"))));
        assert.match(error.message, found);
        return true;
      },
    );
    assert.deepEqual(await snapshot(store), {});
  });
}

Deno.test("folders that contain themselves through links are walked to an end", async () => {
  await using folder = await temporaryFolder();
  const source = `${folder.path}/aic`;
  const store = `${folder.path}/store`;
  await writeSource(source, smallSource());
  await Deno.symlink("..", `${source}/systems/data/h200_sxm/up`);
  await Deno.symlink("itself", `${source}/systems/data/h200_sxm/itself`);
  const summary = await runImport({ source, store });
  assert.equal(summary.imported.length, 2);
  assert.equal((await openStore(store)).listIdentities().length, 2);
});

Deno.test({
  name: "a pipe that is named like a wheel is refused, not waited for",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using folder = await temporaryFolder();
    const source = `${folder.path}/aic.whl`;
    await new Deno.Command("mkfifo", { args: [source] }).output();
    await assert.rejects(
      runImport({ source, store: `${folder.path}/store` }),
      { code: "not_aic_data" },
    );
  },
});
