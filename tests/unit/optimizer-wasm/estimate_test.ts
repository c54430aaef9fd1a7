import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  answerCase,
  answerLines,
  CASE_FIELDS,
  readCase,
} from "../../../optimizer-wasm/estimate/mod.ts";
import {
  BACKENDS,
  BUILTIN_SYSTEMS,
  type Layout,
} from "../../../optimizer-wasm/mod.ts";
import { BUILTIN_MODELS } from "../../../optimizer-wasm/model/builtin_models.ts";
import { builtinCase, builtinOpener } from "./builtin_opener.ts";

const CASE = {
  id: "a",
  model: "Qwen/Qwen3-32B",
  system: "h200_sxm",
  backend: "vllm",
  tp: 2,
  batch_size: 8,
  isl: 4000,
  osl: 500,
};

Deno.test("without imported data the roofline answers, and says so", async () => {
  const row = await answerCase(await builtinOpener(), CASE);
  strictEqual(row.id, "a");
  strictEqual(row.latency_source, "roofline");
  strictEqual(row.power_source, "modelled");
  strictEqual(row.data_version, "builtin");
  strictEqual(row.ttft_ms, row.context_ms);
  strictEqual(row.tpot_ms, row.generation_ms / 499);
  strictEqual(row.context_energy_wms, 0);
  ok(row.context_power_watts > 110 && row.context_power_watts <= 700);
  ok(row.memory_gib > 30 && row.fits_memory);
});

Deno.test("data that is named and not imported is an error, never the roofline", async () => {
  const opener = await builtinOpener();
  for (
    const named of [{ database_mode: "SILICON" }, { backend_version: "0.24.0" }]
  ) {
    await rejects(answerCase(opener, { ...CASE, ...named }), {
      code: "not_imported",
    });
  }
});

Deno.test("the operators of an answer add up to its phases", async () => {
  const row = await answerCase(await builtinOpener(), CASE, true);
  const sum = (phase: string) =>
    (row.operators ?? []).filter((op) => op.phase === phase)
      .reduce((total, op) => total + op.latency_ms, 0);
  ok(Math.abs(sum("context") / row.context_ms - 1) < 1e-12);
  ok(Math.abs(sum("generation") / row.generation_ms - 1) < 1e-12);
});

const REFUSED = [
  ["a field nobody knows", { batchsize: 4 }, "invalid_value", "batchsize"],
  ["no model", { model: undefined }, "invalid_value", "model"],
  [
    "a fraction of a request",
    { batch_size: 1.5 },
    "invalid_value",
    "batch_size",
  ],
  ["no request", { batch_size: 0 }, "invalid_value", "batch_size"],
  ["a negative length", { isl: -1 }, "invalid_value", "isl"],
  ["a length as text", { isl: "4000" }, "invalid_value", "isl"],
  ["an absurd length", { osl: 1e300 }, "invalid_value", "osl"],
  [
    "more tokens than a pass can have",
    {
      batch_size: 1 << 20,
      isl: 1 << 20,
    },
    "invalid_value",
    "batch_size",
  ],
  [
    "a prefix as long as the input",
    { prefix: 4000 },
    "invalid_value",
    "prefix",
  ],
  ["an unknown model", { model: "Qwen/Qwen3-33B" }, "unknown_model", "model"],
  ["an unknown system", { system: "h300" }, "unknown_system", "system"],
  ["an unknown backend", { backend: "tgi" }, "unknown_backend", "backend"],
  ["an impossible layout", { tp: 3 }, "invalid_layout", "tp"],
  [
    "an unknown mode",
    { database_mode: "GUESS" },
    "invalid_value",
    "database_mode",
  ],
  ["drafts without end", { nextn: 1000 }, "invalid_value", "nextn"],
] as const;

for (const [says, change, code, field] of REFUSED) {
  Deno.test(`a case with ${says} is refused as ${code} at ${field}`, async () => {
    await rejects(answerCase(await builtinOpener(), { ...CASE, ...change }), {
      code,
      where: field,
    });
  });
}

Deno.test("many cases keep their order, and a bad line spoils only its own answer", async () => {
  const lines = [
    JSON.stringify(CASE),
    "",
    "{not json",
    "[1, 2]",
    JSON.stringify({ ...CASE, id: 2, isl: -1 }),
    "x".repeat(70_000),
    JSON.stringify({ ...CASE, id: "last", osl: 1 }),
  ];
  const rows = [];
  for await (
    const row of answerLines(
      await builtinOpener(),
      (async function* () {
        yield* lines;
      })(),
      { perOperator: false, signal: new AbortController().signal },
    )
  ) rows.push(row);
  deepStrictEqual(
    rows.map((row) => ["error" in row ? row.error.code : "answer", row.id]),
    [
      ["answer", "a"],
      ["invalid_value", null],
      ["invalid_value", null],
      ["invalid_value", 2],
      ["invalid_value", null],
      ["answer", "last"],
    ],
  );
});

Deno.test("one expert size implies the other", () => {
  const moe = { ...CASE, tp: 4, dp: 2 };
  const layout = (change: object) =>
    readCase({ ...moe, ...change }).engineCase.layout;
  const sizes = ({ moeTp, moeEp }: Layout) => [moeTp, moeEp];
  deepStrictEqual(sizes(layout({})), [8, 1]);
  deepStrictEqual(sizes(layout({ moe_ep: 4 })), [2, 4]);
  deepStrictEqual(sizes(layout({ moe_tp: 1 })), [1, 8]);
});

Deno.test("every field of a case says what it is for", () => {
  for (const { name, help } of CASE_FIELDS) {
    ok(/^[a-z_]+$/.test(name) && help.length > 10, name);
  }
});

Deno.test("every built-in model has an answer on every built-in system and backend, positive and growing with the batch", async () => {
  const opener = await builtinOpener();
  for (const model of Object.keys(BUILTIN_MODELS)) {
    for (const system of Object.keys(BUILTIN_SYSTEMS)) {
      for (const backend of BACKENDS) {
        const nvfp4 = model.includes("NVFP4");
        const fp8 = /FP8|MiniMax|DeepSeek/.test(model);
        // A GPU without a rate for the precision refuses, by name.
        if (system === "a100_sxm" && (fp8 || nvfp4)) continue;
        const estimator = await opener.open(
          builtinCase(model, {
            system,
            backend,
            layout: { tp: 4, moeEp: 4 },
          }),
        );
        let before = 0;
        for (const batchSize of [1, 16, 256]) {
          const step = estimator.decodeStep({ batchSize, kvLength: 2048 });
          ok(
            step.latencyMs > before && Number.isFinite(step.latencyMs),
            `${model} ${system} ${backend} ${batchSize}`,
          );
          ok(
            step.powerWatts > 0 && step.powerWatts <= estimator.system.tdpWatts,
          );
          before = step.latencyMs;
        }
      }
    }
  }
});

Deno.test("fp8 on a GPU without fp8 is refused as missing_flops", async () => {
  const opener = await builtinOpener();
  const estimator = await opener.open(
    builtinCase("Qwen/Qwen3-32B-FP8", { system: "a100_sxm" }),
  );
  await rejects(
    async () => {
      await Promise.resolve();
      estimator.prefill({ batchSize: 1, isl: 128 });
    },
    { code: "missing_flops" },
  );
});

Deno.test("any layout and lengths are answered with finite figures or refused with a code", async () => {
  const opener = await builtinOpener();
  const size = fc.constantFrom(1, 2, 3, 4, 8, 16);
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        model: fc.constantFrom(...Object.keys(BUILTIN_MODELS)),
        system: fc.constantFrom(...Object.keys(BUILTIN_SYSTEMS)),
        backend: fc.constantFrom(...BACKENDS),
        tp: size,
        pp: size,
        dp: size,
        moe_ep: size,
        batch_size: fc.integer({ min: -1, max: 4096 }),
        isl: fc.integer({ min: -1, max: 200_000 }),
        osl: fc.integer({ min: -1, max: 10_000 }),
        prefix: fc.integer({ min: 0, max: 5000 }),
      }),
      async (query) => {
        const rows = [];
        for await (
          const row of answerLines(
            opener,
            (async function* () {
              yield JSON.stringify(query);
            })(),
            { perOperator: true, signal: new AbortController().signal },
          )
        ) rows.push(row);
        const [row] = rows;
        ok(row !== undefined);
        if ("error" in row) return;
        for (const [name, value] of Object.entries(row)) {
          if (typeof value === "number") {
            ok(Number.isFinite(value) && value >= 0, `${name} = ${value}`);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});
