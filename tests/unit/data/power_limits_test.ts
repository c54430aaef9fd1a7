/** Tables measured at several power limits (R17): each limit is kept, and what a cap costs is read between them. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import { openStore } from "../../../optimizer-wasm/data/store/mod.ts";
import { EstimatorOpener, loadModule } from "../../../optimizer-wasm/mod.ts";
import { answerCase } from "../../../optimizer-wasm/estimate/mod.ts";
import { phaseAtLimits } from "../../../optimizer-wasm/power_limits.ts";
import { Random } from "../../peer/random.ts";
import { randomPack, SMALL_DENSE } from "../../reference/random_pack.ts";
import {
  gemmRow,
  parquet,
  smallSource,
  temporaryFolder,
  writeSource,
} from "./aic_source.ts";
import { runImport, snapshot } from "./store_snapshot.ts";

const GEMM = "systems/data/h200_sxm/gemm/vllm/0.22.0/gemm_perf.parquet";
const IDENTITY = { system: "h200_sxm", backend: "vllm", version: "0.22.0" };

const at = (latency: number, power: number, limit: number) => ({
  ...gemmRow([1, 64, 64], latency),
  power,
  power_limit: limit,
});

Deno.test("an import keeps the rows of every limit, and forgets those that a later one has not", async () => {
  await using folder = await temporaryFolder();
  const source = `${folder.path}/aic`;
  const directory = `${folder.path}/store`;
  await writeSource(source, {
    ...smallSource(),
    [GEMM]: parquet([at(3, 350, 400), at(2, 600, 700), at(2.4, 480, 500)]),
  });
  await runImport({ source, store: directory, allVersions: true });
  const store = await openStore(directory);
  assert.deepEqual(store.limitsOf(IDENTITY), [400, 500]);
  // One version, whatever it was measured at.
  assert.equal(
    store.listIdentities().filter((it) =>
      it.backend === "vllm" && it.version === "0.22.0"
    ).length,
    1,
  );
  const { directory: head } = await store.readLimitPack(IDENTITY, 400);
  assert.equal(head.limitWatts, 400);
  const gemm = head.slices.find(({ table }) => table === "gemm");
  assert.equal(gemm?.leaves, 1);
  // Kernels measured at no limit say nothing about this one; communication holds at any.
  const names = new Set(head.slices.map(({ table }) => table));
  names.delete("custom_allreduce");
  names.delete("nccl");
  assert.deepEqual([...names], ["gemm"]);

  await writeSource(source, {
    ...smallSource(),
    [GEMM]: parquet([at(2, 600, 700)]),
  });
  await runImport({ source, store: directory, allVersions: true });
  assert.deepEqual((await openStore(directory)).limitsOf(IDENTITY), []);
  const files = Object.keys(await snapshot(directory));
  assert.deepEqual(files.filter((file) => file.includes("@")), []);
});

const phase = fc.record({
  milliseconds: fc.double({ min: 0.01, max: 1e4, noNaN: true }),
  watts: fc.double({ min: 100, max: 1000, noNaN: true }),
});
const limits = fc.uniqueArray(
  fc.record({
    limitWatts: fc.integer({ min: 100, max: 1000 }),
    milliseconds: fc.double({ min: 0.01, max: 1e4, noNaN: true }),
    watts: fc.double({ min: 50, max: 1000, noNaN: true }),
  }),
  { selector: ({ limitWatts }) => limitWatts, maxLength: 4 },
);

Deno.test("a phase between limits: uncapped at its own draw, as measured at a limit, never faster at a lower cap", () => {
  fc.assert(
    fc.property(
      phase,
      limits,
      fc.integer({ min: 90, max: 1100 }),
      (own, limits, cap) => {
        const found = phaseAtLimits(own, limits, cap);
        const lowest = Math.min(
          ...limits.map(({ limitWatts }) => limitWatts),
        );
        if (found === undefined) {
          assert(cap < own.watts && !(cap >= lowest));
          return;
        }
        assert(
          found.slowdown >= 1 && found.watts <= own.watts + 1e-9 ||
            found.watts <= cap,
        );
        if (cap >= own.watts) assert.equal(found.slowdown, 1);
        else assert(found.watts <= cap);
        const lower = phaseAtLimits(own, limits, cap - 1);
        if (lower) assert(lower.slowdown >= found.slowdown - 1e-9);
      },
    ),
  );
  const own = { milliseconds: 10, watts: 600 };
  const measured = [
    { limitWatts: 500, milliseconds: 12, watts: 490 },
    { limitWatts: 400, milliseconds: 16, watts: 395 },
    { limitWatts: 700, milliseconds: 11, watts: 600 },
  ];
  assert.deepEqual(phaseAtLimits(own, measured, 500), {
    slowdown: 1.2,
    watts: 490,
  });
  assert.equal(phaseAtLimits(own, measured, 450)?.slowdown, 1.4);
  assert.equal(phaseAtLimits(own, measured, 550)?.slowdown, 1.1);
  assert.equal(phaseAtLimits(own, measured, 399), undefined);
});

Deno.test("an estimate under a cap takes the time from the limits, and says so", async () => {
  const { opener, question } = await answeredAtBoth();
  const free = await answerCase(opener, question);
  const capped = await answerCase(opener, { ...question, cap_watts: 330 });
  assert.match(capped.power_curve ?? "", /^measured at 320 W$/);
  assert.equal(capped.context_cap_error, 0);
  assert((capped.capped_ttft_ms ?? 0) >= free.ttft_ms);
  const below = await answerCase(opener, { ...question, cap_watts: 310 });
  assert.match(below.power_curve ?? "", /vmin/);
});

/** Made-up tables at two limits that both answer a question. */
async function answeredAtBoth() {
  const module = await loadModule();
  for (let seed = 1; seed < 200; seed++) {
    const random = new Random(seed);
    const pack = await randomPack(random);
    const slower = await randomPack(random, pack);
    const { system } = pack.directory.identity;
    const openerOf = (own: typeof pack, limits: readonly number[]) =>
      new EstimatorOpener(module, {
        modelNames: () => ["dense"],
        readModelConfig: () => Promise.resolve({ config: SMALL_DENSE }),
        systemNames: () => [system],
        readPack: () => Promise.resolve(own),
        limitsOf: () => limits,
        readLimitPack: () => Promise.resolve(slower),
      });
    const question = {
      ...{ id: 1, model: "dense", system, backend: "vllm" },
      ...{ batch_size: 4, isl: 512, osl: 64 },
    };
    try {
      await answerCase(openerOf(pack, []), question);
      await answerCase(openerOf(slower, []), question);
      return { opener: openerOf(pack, [320]), question };
    } catch {
      // These tables miss a shape.
    }
  }
  throw new Error("No made-up tables answer.");
}
