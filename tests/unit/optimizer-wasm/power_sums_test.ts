/** Power of a phase (R53): where its watts come from, their interval, and the sums that caps are searched with. @module */

import assert from "node:assert/strict";
import {
  type EngineCase,
  type EngineEstimator,
  EstimatorOpener,
  loadModule,
  type PhaseAnswer,
  POWER,
} from "../../../optimizer-wasm/mod.ts";
import {
  gridViews,
  type Pack,
  sitesViews,
} from "../../../optimizer-wasm/data/pack/mod.ts";
import { holdOut } from "../../../optimizer-wasm/power_fit/mod.ts";
import { WattkeeperError } from "../../../service/mod.ts";
import { Random } from "../../peer/random.ts";
import {
  randomPack,
  SMALL_DENSE,
  SMALL_EXPERTS,
} from "../../reference/random_pack.ts";
import { builtinCase, builtinOpener } from "./builtin_opener.ts";

const module = await loadModule();

function openerOf(pack: Pack, donors: readonly Pack[] = []): EstimatorOpener {
  return new EstimatorOpener(module, {
    modelNames: () => ["dense", "experts"],
    readModelConfig: (name) =>
      Promise.resolve({
        config: name === "dense" ? SMALL_DENSE : SMALL_EXPERTS,
      }),
    systemNames: () => [pack.directory.system.name],
    readPack: () => Promise.resolve(pack),
    readPowerDonors: () => Promise.resolve(donors),
  });
}

function caseOf(pack: Pack, model: string): EngineCase {
  return {
    model,
    system: pack.directory.system.name,
    backend: "vllm",
    layout: { tp: 1, pp: 1, dp: 1, moeTp: 1, moeEp: 1, cp: 1 },
    databaseMode: "SILICON",
  };
}

/** A made-up pack in which every row has power: what none was drawn for gets some that depends on its place. */
async function poweredPack(random: Random): Promise<Pack> {
  for (;;) {
    const pack = await randomPack(random);
    if (pack.directory.slices.every((it) => it.poweredLeaves > 0)) {
      return filled(pack);
    }
  }
}

function filled({ directory, payload }: Pack): Pack {
  const slices = directory.slices.map((slice) => {
    const views = slice.table === "gemm"
      ? sitesViews(payload, slice.offset)
      : gridViews(payload, slice.offset);
    views.powerWatts?.forEach((watts, leaf, all) => {
      if (watts === 0) all[leaf] = 250 + (leaf * 37) % 300;
    });
    return { ...slice, poweredLeaves: slice.leaves };
  });
  return { directory: { ...directory, slices }, payload };
}

const QUESTIONS = [1, 3, 16, 100].flatMap((batchSize) =>
  [7, 128, 1000, 9000].map((tokens) => ({ batchSize, tokens }))
);

/** What an estimator answers; undefined for refusals, which made-up tables have. */
function tried<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof WattkeeperError) return undefined;
    throw error;
  }
}

function prefillOf(
  estimator: EngineEstimator,
  query: { readonly batchSize: number; readonly isl: number },
): PhaseAnswer | undefined {
  return tried(() => estimator.prefill(query));
}

function answers(estimator: EngineEstimator) {
  return QUESTIONS.flatMap(({ batchSize, tokens }) => [
    tried(() => estimator.prefill({ batchSize, isl: tokens })),
    tried(() => estimator.decodeStep({ batchSize, kvLength: tokens })),
    tried(() =>
      estimator.staticRun({ batchSize, isl: tokens, osl: 50 }).generation
    ),
  ]);
}

async function eachPack(
  check: (pack: Pack, model: string) => Promise<void>,
  packs = 12,
): Promise<void> {
  for (let seed = 1; seed <= packs; seed++) {
    const pack = await poweredPack(new Random(seed));
    for (const model of ["dense", "experts"]) await check(pack, model);
  }
}

Deno.test("sums cover the whole latency, sources add up, and the draw lies inside its interval", async () => {
  let seen = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const pack = await randomPack(new Random(seed));
    for (const model of ["dense", "experts"]) {
      const estimator = await openerOf(pack).open(caseOf(pack, model))
        .catch(() => undefined);
      if (estimator === undefined) continue;
      const { staticWatts } = estimator.powerCurve;
      for (const answer of answers(estimator)) {
        if (answer === undefined || answer.latencyMs === 0) continue;
        seen++;
        const { sums, powerShares } = answer;
        assert.ok(Math.abs(sums.totalMs / answer.latencyMs - 1) < 1e-9);
        const all = Object.values(powerShares).reduce((a, b) => a + b);
        assert.ok(Math.abs(all - 1) < 1e-9);
        assert.ok(sums.clockMs >= 0 && sums.clockMs <= sums.totalMs);
        assert.ok(sums.clockEnergyWms <= sums.energyWms);
        assert.ok(answer.powerLowWatts <= answer.powerWatts);
        assert.ok(answer.powerWatts <= answer.powerHighWatts);
        assert.ok(answer.powerLowWatts >= staticWatts * (1 - 1e-9));
        assert.ok(
          answer.powerHighWatts <= 1.1 * estimator.system.tdpWatts * (1 + 1e-9),
        );
      }
    }
  }
  assert.ok(seen > 300, `${seen}`);
});

Deno.test("a pack without power borrows that of another version at the same shapes", async () => {
  let seen = 0;
  await eachPack(async (pack, model) => {
    const own = await openerOf(pack).open(caseOf(pack, model))
      .catch(() => undefined);
    const bare = holdOut(pack, "all");
    const borrower = await openerOf(bare, [pack]).open(caseOf(bare, model))
      .catch(() => undefined);
    if (own === undefined || borrower === undefined) return;
    for (const { batchSize, tokens } of QUESTIONS) {
      const query = { batchSize, isl: tokens };
      const wanted = prefillOf(own, query);
      const found = prefillOf(borrower, query);
      if (wanted === undefined || found === undefined) continue;
      assert.equal(found.latencyMs, wanted.latencyMs);
      assert.equal(found.powerShares.measured, 0);
      // Beyond the tables nothing is borrowed.
      if (wanted.beyondTables) continue;
      seen++;
      assert.ok(Math.abs(found.powerWatts / wanted.powerWatts - 1) < 1e-9);
      assert.ok(
        Math.abs(found.powerShares.borrowed - wanted.powerShares.measured) <
          1e-9,
      );
    }
  }, 40);
  assert.ok(seen > 20, `${seen}`);
});

Deno.test("borrowing never changes a measured energy", async () => {
  await eachPack(async (pack, model) => {
    const some = holdOut(pack, "rows");
    const [alone, lent] = await Promise.all(
      [openerOf(some), openerOf(some, [pack])].map((opener) =>
        opener.open(caseOf(some, model)).catch(() => undefined)
      ),
    );
    if (alone === undefined || lent === undefined) return;
    assert.deepEqual(
      answers(lent).map((it) => it?.energyWms),
      answers(alone).map((it) => it?.energyWms),
    );
  });
});

Deno.test("rows without power between measured ones are filled from those, not averaged with nothing", async () => {
  await eachPack(async (pack, model) => {
    const estimator = await openerOf(holdOut(pack, "rows")).open(
      caseOf(pack, model),
    ).catch(() => undefined);
    if (estimator === undefined) return;
    const whole = await openerOf(pack).open(caseOf(pack, model));
    for (const { batchSize, tokens } of QUESTIONS) {
      const query = { batchSize, isl: tokens };
      const wanted = prefillOf(whole, query);
      const found = prefillOf(estimator, query);
      if (wanted === undefined || found === undefined) continue;
      if (wanted.beyondTables) continue;
      // Made-up watts lie between 100 and 700; those of neighbours are no less.
      assert.ok(found.powerWatts > 0.35 * wanted.powerWatts);
      assert.equal(found.powerShares.borrowed, 0);
    }
  });
});

Deno.test("a mixed step of one whole prompt draws what a prefill pass draws", async () => {
  await eachPack(async (pack, model) => {
    const estimator = await openerOf(pack).open(caseOf(pack, model))
      .catch(() => undefined);
    if (estimator === undefined) return;
    const { program } = estimator;
    for (const isl of [7, 128, 1000]) {
      if (program.prefill(1, isl, 0) !== 0) continue;
      program.powerSums("context", 1, isl, 0, 1);
      const wanted = [...program.output.slice(0, 11)];
      assert.equal(program.mixedPowerSums(isl, 0, isl, 100, 0, 0), 0);
      program.output.slice(0, 11).forEach((value, slot) =>
        assert.ok(Math.abs(value - wanted[slot]!) <= 1e-9 * wanted[slot]!)
      );
    }
  });
});

Deno.test("a step of decode requests alone draws what a decode step at the middle length draws", async () => {
  await eachPack(async (pack, model) => {
    const estimator = await openerOf(pack).open(caseOf(pack, model))
      .catch(() => undefined);
    if (estimator === undefined) return;
    const { program } = estimator;
    if (program.generationPowerSums(8, 500, 100, 0) !== 0) return;
    const found = [...program.output.slice(0, 11)];
    assert.equal(program.decode(8, 551), 0);
    program.powerSums("generation", 8, 551, 0, 1);
    program.output.slice(0, 11).forEach((value, slot) =>
      assert.ok(Math.abs(value - found[slot]!) <= 1e-9 * value)
    );
  });
});

Deno.test("blocks of latent attention and of experts side by side count their time once", async () => {
  const opener = await builtinOpener();
  for (const mode of ["ROOFLINE"] as const) {
    const estimator = await opener.open(builtinCase("deepseek-ai/DeepSeek-V3", {
      system: "h200_sxm",
      layout: { tp: 8, moeEp: 8 },
      mode,
    }));
    for (const answer of answers(estimator)) {
      if (answer === undefined) continue;
      assert.ok(
        Math.abs(answer.sums.totalMs / answer.latencyMs - 1) < 1e-9,
      );
      assert.ok(answer.powerWatts > estimator.powerCurve.staticWatts);
    }
  }
});

Deno.test("a long prefill hangs on the clock, a decode step of one request on the memory", async () => {
  const estimator = await (await builtinOpener()).open(
    builtinCase("Qwen/Qwen3-32B", { system: "h200_sxm" }),
  );
  const prefill = estimator.prefill({ batchSize: 1, isl: 8000 }).sums;
  const decode = estimator.decodeStep({ batchSize: 1, kvLength: 8000 }).sums;
  assert.ok(prefill.clockMs / prefill.totalMs > 0.7);
  assert.ok(decode.clockMs / decode.totalMs < 0.3);
});

Deno.test("communication has no clock-bound time", async () => {
  const opener = await builtinOpener();
  const shares = await Promise.all([1, 8].map(async (tp) => {
    const estimator = await opener.open(
      builtinCase("Qwen/Qwen3-32B", { system: "h200_sxm", layout: { tp } }),
    );
    const { sums } = estimator.prefill({ batchSize: 1, isl: 8000 });
    return sums.clockMs / sums.totalMs;
  }));
  assert.ok(shares[1]! < shares[0]!);
});

Deno.test("an aggregated service draws between its two steps", async () => {
  const estimator = await (await builtinOpener()).open(
    builtinCase("Qwen/Qwen3-32B", { system: "h200_sxm", layout: { tp: 2 } }),
  );
  const query = { batchSize: 16, contextTokens: 2000, isl: 2000, osl: 300 };
  const found = estimator.agg(query);
  const { program } = estimator;
  const watts = () =>
    program.output[POWER.energyWms]! / program.output[POWER.totalMs]!;
  program.mixedPowerSums(2000, 15, 2000, 300, 0, 0);
  const mixed = watts();
  program.generationPowerSums(16, 2000, 300, 0);
  const decode = watts();
  assert.ok(found.powerWatts > Math.min(mixed, decode));
  assert.ok(found.powerWatts < Math.max(mixed, decode));
  assert.ok(found.powerLowWatts < found.powerWatts);
  assert.ok(found.powerHighWatts > found.powerWatts);
});
