/** `cap_watts` of a case (R17): what a cap costs an answer, and what it refuses. @module */

import assert from "node:assert/strict";
import { answerCase } from "../../../optimizer-wasm/estimate/mod.ts";
import { EstimatorOpener, loadModule } from "../../../optimizer-wasm/mod.ts";
import { builtinOpener, NOTHING_IMPORTED } from "./builtin_opener.ts";

const CASE = {
  model: "Qwen/Qwen3-32B",
  system: "h200_sxm",
  backend: "vllm",
  tp: 2,
  batch_size: 8,
  isl: 4000,
  osl: 500,
};

Deno.test("without a cap an answer says nothing of one", async () => {
  const row = await answerCase(await builtinOpener(), CASE);
  assert.ok(!("cap_watts" in row) && !("capped_ttft_ms" in row));
});

Deno.test("a cap above both draws costs nothing", async () => {
  const row = await answerCase(await builtinOpener(), {
    ...CASE,
    cap_watts: 700,
  });
  assert.equal(row.capped_ttft_ms, row.ttft_ms);
  assert.equal(row.capped_tpot_ms, row.tpot_ms);
  assert.equal(row.capped_context_power_watts, row.context_power_watts);
  assert.deepEqual([row.context_clock, row.generation_clock], [1, 1]);
  assert.deepEqual([row.context_cap_error, row.generation_cap_error], [0, 0]);
});

Deno.test("a binding cap slows prefill more than decode, keeps the draw below it and declares its error", async () => {
  const opener = await builtinOpener();
  const free = await answerCase(opener, CASE);
  const cap = Math.floor(
    0.75 * Math.min(free.context_power_watts, free.generation_power_watts),
  );
  const row = await answerCase(opener, { ...CASE, cap_watts: cap });
  assert.equal(row.cap_watts, cap);
  const prefill = (row.capped_ttft_ms ?? 0) / row.ttft_ms;
  const decode = (row.capped_tpot_ms ?? 0) / row.tpot_ms;
  assert.ok(prefill > decode && decode > 1, `${prefill} ${decode}`);
  assert.ok((row.capped_context_power_watts ?? Infinity) <= cap);
  assert.ok((row.capped_generation_power_watts ?? Infinity) <= cap);
  assert.equal(row.generation_cap_error, 0.1);
  assert.match(row.power_curve ?? "", /^vmin 0\.82, s 0\.85, P0 110 W: /);
});

for (const cap of [0, -1, 1.5, "450"]) {
  Deno.test(`a cap of ${JSON.stringify(cap)} is refused`, async () => {
    await assert.rejects(
      answerCase(await builtinOpener(), { ...CASE, cap_watts: cap }),
      { code: "invalid_value", where: "cap_watts" },
    );
  });
}

Deno.test("a cap that the lowest clock passes is refused, with the lowest that is not", async () => {
  const opener = await builtinOpener();
  const ask = (cap_watts: number) => answerCase(opener, { ...CASE, cap_watts });
  const error = await ask(130).then(
    () => assert.fail("It was answered."),
    (error) => error,
  );
  assert.equal(error.code, "invalid_value");
  assert.match(error.message, /130 W .* at its lowest clock it draws \d+ W/);
  const least = Number(/from (\d+) W up/.exec(error.remedy)?.[1]);
  assert.ok(least > 130);
});

Deno.test("a curve refined from live points replaces the generation's, and its c the roofline's", async () => {
  const curve = {
    vmin: 0.9,
    slope: 0.5,
    staticWatts: 110,
    errors: [0.02, 0.03, 0.2, 0.4] as const,
    clockStepMhz: 15,
    maxClockMhz: 1980,
    minClockMhz: 345,
    standing: "12 live points",
  };
  const opener = new EstimatorOpener(await loadModule(), {
    ...NOTHING_IMPORTED,
    powerCurves: new Map([[
      "h200_sxm",
      { curve, computeShares: { decode: 0 } },
    ]]),
  });
  const row = await answerCase(opener, { ...CASE, cap_watts: 350 });
  assert.equal(row.power_curve, "vmin 0.9, s 0.5, P0 110 W: 12 live points");
  // c = 0: decode hangs on nothing that the cap slows.
  assert.equal(row.capped_tpot_ms, row.tpot_ms);
  assert.ok((row.generation_clock ?? 1) < 1);
});
