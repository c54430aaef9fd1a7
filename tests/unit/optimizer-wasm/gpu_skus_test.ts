/** The table of GPUs: plausible, unique, and in step with the built-in systems. @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import {
  BUILTIN_SYSTEMS,
  capRangeOf,
  GPU_SKUS,
} from "../../../optimizer-wasm/mod.ts";

Deno.test("limits of a SKU are ordered and have a source", () => {
  for (const { name, minWatts, defaultWatts, maxWatts, source } of GPU_SKUS) {
    ok(minWatts === undefined || minWatts < defaultWatts, name);
    ok(defaultWatts <= maxWatts, name);
    ok(source.length > 0, name);
  }
});

Deno.test("a SKU is there once", () => {
  const names = GPU_SKUS.map(({ name }) => name);
  deepStrictEqual(names, [...new Set(names)]);
});

Deno.test("every built-in system is a SKU of the same TDP", () => {
  for (const { name, tdpWatts } of Object.values(BUILTIN_SYSTEMS)) {
    strictEqual(
      GPU_SKUS.find((sku) => sku.name === name)?.maxWatts,
      tdpWatts,
      name,
    );
  }
});

Deno.test("where the lowest cap is not known, half of the TDP is the lowest planned", () => {
  strictEqual(capRangeOf({ name: "h200_sxm", tdpWatts: 700 }).minWatts, 200);
  strictEqual(capRangeOf({ name: "other", tdpWatts: 1000 }).minWatts, 500);
});
