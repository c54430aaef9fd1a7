/** A model by the path of its config.json. @module */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { openEstimators } from "../../../optimizer-wasm/mod.ts";
import { parsePlannerConfig } from "../../../planner/config/mod.ts";
import { configuredModels } from "../../../planner/mod.ts";
import { WattkeeperError } from "../../../service/mod.ts";

/** A small dense model as Hugging Face describes it. */
const MODEL = {
  architectures: ["LlamaForCausalLM"],
  hidden_size: 4096,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  num_hidden_layers: 32,
  intermediate_size: 14336,
  vocab_size: 128256,
  max_position_embeddings: 131072,
  torch_dtype: "bfloat16",
};

function configOf(path: string) {
  return parsePlannerConfig({
    text: JSON.stringify({
      environment: "virtual",
      mode: "decode",
      aic_interpolation: {
        system: "h200_sxm",
        backend: "vllm",
        model_config: path,
        decode_pick: { tp: 1 },
      },
    }),
    name: "p",
  }).config;
}

Deno.test("a model that no table names is estimated from its config.json", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/config.json`;
    await Deno.writeTextFile(path, JSON.stringify(MODEL));
    const models = await configuredModels(configOf(path));
    const opener = await openEstimators(`${folder}/store`, { models });
    strictEqual((await opener.model(path)).layers, 32);
    const estimator = await opener.open({
      model: path,
      system: "h200_sxm",
      backend: "vllm",
      layout: { tp: 1, pp: 1, dp: 1, moeTp: 1, moeEp: 1, cp: 1 },
      databaseMode: "ROOFLINE",
    });
    strictEqual(estimator.dataVersion, "builtin");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an hf_quant_config.json beside it is read", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/config.json`;
    await Deno.writeTextFile(path, JSON.stringify(MODEL));
    await Deno.writeTextFile(`${folder}/hf_quant_config.json`, '{"q": 1}');
    const models = await configuredModels(configOf(path));
    deepStrictEqual(models[path]?.hfQuantConfig, { q: 1 });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a model with a name needs no file", async () => {
  const { engine } = configOf("x");
  ok(engine);
  deepStrictEqual(
    await configuredModels({ engine: { ...engine, modelIsPath: false } }),
    {},
  );
});

for (
  const [what, text, code] of [
    ["no file", undefined, "file_not_found"],
    ["a list", "[]", "invalid_file"],
    ["half a file", '{"architectures": [', "invalid_file"],
    ["five megabytes", " ".repeat(5_000_000), "invalid_file"],
  ] as const
) {
  Deno.test(`${what} is ${code} at aic_interpolation.model_config`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/config.json`;
      if (text !== undefined) await Deno.writeTextFile(path, text);
      await rejects(
        configuredModels(configOf(path)),
        (error: unknown) =>
          error instanceof WattkeeperError && error.code === code &&
          error.where === "aic_interpolation.model_config",
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
