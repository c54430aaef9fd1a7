/** The power model on the tables with measured power: the committed parameters and errors are what a fit finds. @module */

import assert from "node:assert/strict";
import {
  POWER_MODEL,
  type PowerModel,
} from "../../../optimizer-wasm/data/power_model.ts";
import { measuredPacks } from "../../../optimizer-wasm/data/store/mod.ts";
import { loadModule } from "../../../optimizer-wasm/mod.ts";
import {
  fitPower,
  POWER_FIT_ERROR,
  type PowerFit,
} from "../../../optimizer-wasm/power_fit/mod.ts";
import { sharedAicData, TestData } from "./test_data.ts";

const SHARED = sharedAicData();
const IDENTITIES = [
  ["b200_sxm", "trtllm", "1.3.0rc15"],
  ["b200_sxm", "vllm", "0.22.0"],
  ["h200_sxm", "vllm", "0.22.0"],
  ["h200_sxm", "vllm", "0.24.0"],
].map(([system = "", backend = "", version = ""]) => ({
  ...{ system, backend, version },
}));
const H200 = "h200_sxm vllm 0.22.0";

async function imported(): Promise<TestData> {
  assert.ok(SHARED !== undefined);
  return await TestData.import(SHARED, IDENTITIES);
}

/** Every number of a value by its path. */
function numbersOf(value: unknown, path = ""): Map<string, number> {
  const found = new Map<string, number>();
  if (typeof value === "number") found.set(path, value);
  else if (typeof value === "object" && value !== null) {
    for (const [key, part] of Object.entries(value)) {
      numbersOf(part, `${path}.${key}`).forEach((number, at) =>
        found.set(at, number)
      );
    }
  }
  return found;
}

function judged(
  { steps }: Pick<PowerFit, "steps">,
  heldOut: string,
): PowerFit["steps"][number] {
  const found = steps.find((it) => it.pack === H200 && it.heldOut === heldOut);
  assert.ok(found !== undefined, heldOut);
  return found;
}

Deno.test({
  name:
    "a fit on the tables finds the committed parameters and the committed errors",
  ignore: SHARED === undefined,
  async fn() {
    await using data = await imported();
    const { store } = data;
    const identities = await measuredPacks(store);
    assert.deepEqual(
      identities.map((it) => `${it.system} ${it.backend} ${it.version}`),
      POWER_FIT_ERROR.packs,
    );
    const { model, ...error } = await fitPower({
      module: await loadModule(),
      packs: await Promise.all(identities.map((it) => store.readPack(it))),
      models: store,
      signal: AbortSignal.timeout(600_000),
    });
    const parts: readonly [PowerModel | object, PowerModel | object][] = [
      [model, POWER_MODEL],
      [error, POWER_FIT_ERROR],
    ];
    for (const [found, committed] of parts) {
      const wanted = numbersOf(committed);
      for (const [path, value] of numbersOf(found)) {
        const known = wanted.get(path) ?? NaN;
        assert.ok(
          Math.abs(value - known) <= 1e-3 * Math.max(Math.abs(known), 1e-2),
          `${path}: ${value}, committed ${known}`,
        );
      }
    }
  },
});

Deno.test("a fifth of the H200's shapes unknown: steps within 5 % in the median, 12 % at p90", () => {
  const { all } = judged(POWER_FIT_ERROR, "shapes");
  assert.ok(all.median <= 0.05, `${all.median}`);
  assert.ok(all.p90 <= 0.12, `${all.p90}`);
  assert.ok(all.steps > 1000);
});

Deno.test("the H200 unknown altogether, fitted on B200: steps within 12 % in the median", () => {
  const { all, fittedOn } = judged(POWER_FIT_ERROR, "all");
  assert.equal(fittedOn, "b200_sxm vllm 0.22.0");
  assert.ok(all.median <= 0.12, `${all.median}`);
});

Deno.test("a borrowed draw carries what two measured backends differ by", () => {
  const [pair] = POWER_FIT_ERROR.disagreement;
  assert.ok(pair !== undefined);
  for (const [family, { interval }] of Object.entries(pair.families)) {
    const borrowed = numbersOf(POWER_MODEL.borrowed);
    assert.ok((borrowed.get(`.${family}.low`) ?? 2) <= interval.low + 1e-3);
    assert.ok((borrowed.get(`.${family}.high`) ?? 0) >= interval.high - 1e-3);
  }
});

Deno.test({
  name:
    "h200 vllm 0.24.0, whose tables have next to no power, borrows it from 0.22.0",
  ignore: SHARED === undefined,
  async fn() {
    await using data = await imported();
    const open = (backendVersion: string) =>
      data.opener.open({
        model: "Qwen/Qwen3-32B",
        system: "h200_sxm",
        backend: "vllm",
        backendVersion,
        layout: { tp: 2, pp: 1, dp: 1, moeTp: 1, moeEp: 1, cp: 1 },
        databaseMode: "SILICON",
      });
    const [newer, older] = await Promise.all([open("0.24.0"), open("0.22.0")]);
    const query = { batchSize: 8, isl: 4000, osl: 500 };
    const found = newer.staticRun(query);
    const measured = older.staticRun(query);
    for (const phase of ["context", "generation"] as const) {
      assert.equal(found[phase].powerSource, "borrowed");
      assert.equal(found[phase].energyWms, 0);
      assert.equal(measured[phase].powerSource, "measured");
      // Other latencies, the same kernels.
      const ratio = found[phase].powerWatts / measured[phase].powerWatts;
      assert.ok(ratio > 0.9 && ratio < 1.1, `${phase}: ${ratio}`);
    }
  },
});
