/** A decode phase is summed without asking its steps: it is what its steps, asked one by one, add up to. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import { EstimatorOpener, loadModule } from "../../../optimizer-wasm/mod.ts";
import { STATUS } from "../../../optimizer-wasm/program/wasm_exports.ts";
import type { Program } from "../../../optimizer-wasm/host.ts";
import { randomPack, SMALL_DENSE } from "../../reference/random_pack.ts";
import { Random } from "../../peer/random.ts";

const module = await loadModule();

interface Phase {
  readonly batch: number;
  readonly isl: number;
  readonly osl: number;
  readonly stride: number;
}

/** Milliseconds of all steps, each asked by itself; undefined when one is refused. */
function stepByStep(program: Program, phase: Phase): number | undefined {
  const { batch, isl, osl, stride } = phase;
  const steps = osl - 1;
  let ms = 0;
  for (let i = 0; i < steps; i += stride) {
    if (program.decode(batch, isl + i + 1) !== STATUS.ok) return undefined;
    ms += (program.output[0] ?? NaN) * Math.min(stride, steps - i);
  }
  return ms;
}

const phases = fc.record({
  batch: fc.integer({ min: 1, max: 64 }),
  isl: fc.integer({ min: 1, max: 3000 }),
  osl: fc.integer({ min: 2, max: 900 }),
  // Around the period of 20 tokens that rounding has: its divisors, its multiples, and what shares nothing with it.
  stride: fc.oneof(
    fc.constantFrom(1, 2, 4, 5, 7, 10, 20, 32, 40),
    fc.integer({ min: 1, max: 120 }),
  ),
});

Deno.test("a decode phase takes what its steps take", async () => {
  let answered = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.constantFrom(1, 2, 4),
      fc.array(phases, { minLength: 20, maxLength: 40 }),
      async (seed, tp, drawn) => {
        const pack = await randomPack(new Random(seed));
        const { system, version, backend } = pack.directory.identity;
        const opener = new EstimatorOpener(module, {
          modelNames: () => ["dense"],
          readModelConfig: () => Promise.resolve({ config: SMALL_DENSE }),
          systemNames: () => [pack.directory.system.name],
          readPack: () => Promise.resolve(pack),
        });
        const { program } = await opener.open({
          model: "dense",
          ...{ system, backend, backendVersion: version },
          databaseMode: "SILICON",
          layout: { tp, pp: 1, dp: 1, moeTp: 1, moeEp: tp, cp: 1 },
        });
        for (const phase of drawn) {
          const expected = stepByStep(program, phase);
          const { batch, isl, osl, stride } = phase;
          const status = program.decodeAll(batch, isl, osl, stride);
          assert.equal(status === STATUS.ok, expected !== undefined);
          if (expected === undefined) continue;
          answered++;
          const ms = program.output[3] ?? NaN;
          assert.ok(
            Math.abs(ms / expected - 1) < 1e-12,
            `${JSON.stringify({ tp, ...phase })}: ${ms} ms, not ${expected} ms`,
          );
        }
      },
    ),
    { numRuns: 25 },
  );
  assert.ok(answered > 100, `only ${answered} phases had an answer`);
});
