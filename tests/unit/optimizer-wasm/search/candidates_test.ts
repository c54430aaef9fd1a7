/** Layouts, batches and mixed-step sizes that are searched (`aic-engine.md` §11.2–§11.6). @module */

import { deepEqual, equal, ok } from "node:assert/strict";
import {
  AGG_BATCHES,
  batchFitsContext,
  contextTokenSizes,
  DECODE_BATCHES,
  prefillBatches,
} from "../../../../optimizer-wasm/search/batches.ts";
import { layoutsOf } from "../../../../optimizer-wasm/search/layouts.ts";
import { AGGREGATED, contextSizes, DECODE } from "./brute_rows.ts";

const DENSE = {
  isMoe: false,
  backend: "vllm",
  system: "h200_sxm",
  totalGpus: 16,
};
const EXPERTS = { ...DENSE, isMoe: true };

Deno.test("a dense model has 4 layouts, tp 1 to 8, and tp 16 in racks of 72", () => {
  const tp = layoutsOf("decode", DENSE).map((layout) => layout.tp);
  deepEqual(tp, [1, 2, 4, 8]);
  equal(layoutsOf("agg", { ...DENSE, system: "gb200" }).length, 5);
  equal(layoutsOf("prefill", { ...DENSE, totalGpus: 3 }).length, 2);
});

Deno.test("a mixture of experts on vllm has 29 layouts up to 16 GPUs", () => {
  const layouts = layoutsOf("decode", EXPERTS);
  equal(layouts.length, 29);
  for (const { tp, dp, moeTp, moeEp } of layouts) {
    equal(tp * dp, moeTp * moeEp);
    ok(moeTp === 1 || moeEp === 1);
  }
  // Five of them put 16 experts' ranks on nodes of 8.
  equal(layouts.filter(({ moeEp }) => moeEp === 16).length, 5);
});

Deno.test("trtllm never combines attention dp with tp", () => {
  const layouts = layoutsOf("agg", { ...EXPERTS, backend: "trtllm" });
  ok(layouts.length > 0);
  ok(layouts.every(({ tp, dp }) => tp === 1 || dp === 1));
});

Deno.test("sglang splits contexts over ranks for prefill and agg alone, and no side has more layouts than the module takes", () => {
  const sglang = { ...EXPERTS, backend: "sglang", totalGpus: 4096 };
  const cp = (side: "prefill" | "decode" | "agg") =>
    layoutsOf(side, sglang).some((layout) => layout.cp > 1);
  deepEqual([cp("prefill"), cp("decode"), cp("agg")], [true, false, true]);
  for (const side of ["prefill", "decode", "agg"] as const) {
    ok(layoutsOf(side, sglang).length <= 128);
  }
});

Deno.test("96 decode batches and 44 aggregated ones, as upstream lists them", () => {
  deepEqual(DECODE_BATCHES, DECODE);
  equal(DECODE_BATCHES.length, 96);
  deepEqual(AGG_BATCHES, AGGREGATED);
  equal(AGG_BATCHES.length, 44);
});

for (
  const [isl, sizes] of [
    [4000, [4000, 8000]],
    [2000, [2000, 4000, 6000, 8000]],
    [3000, [3000, 6000]],
    [1000, [1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000]],
    [10_000, [10_000, 20_000]],
  ] as const
) {
  Deno.test(`mixed steps of prompts of ${isl} tokens hold ${sizes.join(", ")}`, () => {
    deepEqual(contextTokenSizes(isl), sizes);
  });
}

Deno.test("mixed-step sizes of any prompt are upstream's, at most 18", () => {
  for (let isl = 1; isl < 20_000; isl += 37) {
    const sizes = contextTokenSizes(isl);
    deepEqual(sizes, contextSizes(isl));
    ok(sizes.length <= 18);
  }
});

Deno.test("a mixed step leaves room for a decode request", () => {
  ok(batchFitsContext(1, 4000, 4000));
  ok(!batchFitsContext(1, 8000, 4000));
  ok(!batchFitsContext(2, 8000, 4000));
  ok(batchFitsContext(3, 8000, 4000));
});

Deno.test("prefill batches fill one pass of 8192 tokens, and one prompt always fits", () => {
  deepEqual(prefillBatches(9000), [1]);
  deepEqual(prefillBatches(4000), [1, 2]);
  equal(Math.max(...prefillBatches(128)), 64);
});
