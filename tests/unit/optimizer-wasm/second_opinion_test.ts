/** The WebAssembly engine and the slow reference agree on made-up tables. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type EngineCase,
  type EngineEstimator,
  EstimatorOpener,
  loadModule,
} from "../../../optimizer-wasm/mod.ts";
import type { Pack } from "../../../optimizer-wasm/data/pack/mod.ts";
import { WattkeeperError } from "../../../service/mod.ts";
import { decodeStep, prefill } from "../../reference/compose.ts";
import { packTables } from "../../reference/pack_tables.ts";
import {
  randomPack,
  SMALL_DENSE,
  SMALL_EXPERTS,
} from "../../reference/random_pack.ts";
import {
  ReferenceEngine,
  type ReferenceSource,
} from "../../reference/reference_engine.ts";
import { Refusal } from "../../reference/refusal.ts";
import {
  Comparison,
  describe,
  judge,
  relativeError,
} from "../../peer/comparison.ts";
import { randomAsk } from "../../peer/queries.ts";
import { Random } from "../../peer/random.ts";
import { askProduct } from "../../integration/engine/ask_product.ts";
import { askReference } from "../../reference/reference_engine.ts";

const MODELS = { dense: SMALL_DENSE, experts: SMALL_EXPERTS };
const MOST_ERROR = 1e-9;
const module = await loadModule();

function openerOf(pack: Pack): EstimatorOpener {
  return new EstimatorOpener(module, {
    modelNames: () => Object.keys(MODELS),
    readModelConfig: (name) =>
      Promise.resolve({
        config: name === "dense" ? SMALL_DENSE : SMALL_EXPERTS,
      }),
    systemNames: () => [pack.directory.system.name],
    readPack: () => Promise.resolve(pack),
  });
}

const layouts = fc.constantFrom(
  ...[
    [1, 1, 1, 1],
    [2, 1, 1, 2],
    [2, 1, 2, 1],
    [1, 2, 1, 2],
    [4, 1, 2, 2],
    [2, 2, 1, 4],
    [1, 4, 4, 1],
    [8, 1, 1, 8],
    // Beyond a node: experts over all-to-all kernels.
    [4, 4, 1, 16],
    [16, 1, 1, 16],
    [16, 1, 2, 8],
  ],
);

const engineCases = fc.record({
  model: fc.constantFrom("dense", "experts"),
  backend: fc.constantFrom("vllm", "trtllm", "sglang"),
  databaseMode: fc.constantFrom(
    "SILICON",
    "SILICON",
    "HYBRID",
    "EMPIRICAL",
    "SOL",
  ),
  layout: fc.tuple(layouts, fc.constantFrom(1, 1, 1, 2)).map((
    [[tp = 1, dp = 1, moeTp = 1, moeEp = 1], pp],
  ) => ({
    ...{ tp, pp, dp, moeTp, moeEp, cp: 1 },
  })),
  quant: fc.record({
    gemm: fc.constantFrom(
      "bfloat16",
      "fp8",
      "fp8_static",
      "fp8_block",
      "int8_wo",
    ),
    moe: fc.constantFrom("bfloat16", "fp8", "int4_wo"),
    kv: fc.constantFrom("bfloat16", "fp8"),
  }),
  transferPolicy: fc.constantFrom(
    "off",
    "conservative",
    "balanced",
    "aggressive",
  ),
  nextn: fc.constantFrom(0, 0, 0, 2),
});

type DrawnCase = typeof engineCases extends fc.Arbitrary<infer Drawn> ? Drawn
  : never;

function inPack(pack: Pack, drawn: DrawnCase): EngineCase {
  const { system, version } = pack.directory.identity;
  return { ...drawn, system, backendVersion: version };
}

Deno.test("the engine answers whole runs as the reference does", async () => {
  const comparison = new Comparison();
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.array(engineCases, { minLength: 4, maxLength: 10 }),
      async (seed, drawnCases) => {
        const random = new Random(seed);
        const pack = await randomPack(random);
        const opener = openerOf(pack);
        const tables = packTables(pack);
        for (const drawn of drawnCases) {
          const question = {
            engine: inPack(pack, drawn),
            ask: randomAsk(random),
          };
          const source = {
            tables,
            config: MODELS[drawn.model === "dense" ? "dense" : "experts"],
          };
          const expected = askReference(question.engine, question.ask, source);
          const judged = judge(
            question,
            expected,
            await askProduct(opener, question),
          );
          comparison.add(judged);
          assert.ok(judged.error <= MOST_ERROR, describe(judged));
        }
      },
    ),
    { numRuns: 40 },
  );
  assert.ok(
    comparison.answered.length > comparison.judged.length / 4,
    "hardly a question had an answer",
  );
});

/** Latency and energy of every operator of a phase, or the code of a refusal. */
type Breakdown = ReadonlyMap<string, readonly [number, number]> | string;

function productBreakdown(
  estimator: EngineEstimator,
  phase: "context" | "generation",
  run: () => unknown,
): Breakdown {
  try {
    run();
  } catch (error) {
    if (!(error instanceof WattkeeperError)) throw error;
    return error.code;
  }
  return new Map(
    estimator.operators(phase).map((
      it,
    ) => [it.name, [it.latencyMs, it.energyWms]]),
  );
}

function referenceBreakdown(run: () => ReturnType<typeof prefill>): Breakdown {
  try {
    return new Map(run().shares.map((it) => [it.name, [it.ms, it.wms]]));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.code;
  }
}

/** The opened reference, or the code with which it does not open. */
function referenceOf(
  engineCase: EngineCase,
  source: ReferenceSource,
): ReferenceEngine | string {
  try {
    return new ReferenceEngine(engineCase, source);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.code;
  }
}

function assertSame(expected: Breakdown, actual: Breakdown): void {
  if (typeof expected === "string" || typeof actual === "string") {
    assert.equal(actual, expected);
    return;
  }
  assert.deepEqual([...actual.keys()], [...expected.keys()]);
  for (const [name, [ms, wms]] of expected) {
    const found: readonly [number, number] = actual.get(name) ?? [NaN, NaN];
    const [foundMs, foundWms] = found;
    assert.ok(
      relativeError(ms, foundMs) <= MOST_ERROR,
      `${name}: expected ${ms} ms, found ${foundMs}`,
    );
    assert.ok(
      relativeError(wms, foundWms) <= MOST_ERROR,
      `${name}: expected ${wms} W·ms, found ${foundWms}`,
    );
  }
}

Deno.test("the engine answers every operator as the reference does", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      engineCases,
      fc.record({
        batch: fc.integer({ min: 1, max: 600 }),
        isl: fc.integer({ min: 1, max: 70_000 }),
      }),
      async (seed, drawn, { batch, isl }) => {
        const pack = await randomPack(new Random(seed));
        const engineCase = inPack(pack, drawn);
        const tables = packTables(pack);
        const config = MODELS[drawn.model === "dense" ? "dense" : "experts"];
        const estimator = await openerOf(pack).open(engineCase)
          .catch((error: unknown) => {
            assert.ok(error instanceof WattkeeperError);
            return error.code;
          });
        const reference = referenceOf(engineCase, { tables, config });
        if (typeof estimator === "string" || typeof reference === "string") {
          assert.equal(estimator, reference);
          return;
        }
        const { running } = reference;
        assertSame(
          referenceBreakdown(() => prefill(running, { batch, isl, prefix: 0 })),
          productBreakdown(
            estimator,
            "context",
            () => estimator.prefill({ batchSize: batch, isl }),
          ),
        );
        const requests = batch * (drawn.nextn + 1);
        assertSame(
          referenceBreakdown(() => decodeStep(running, requests, isl)),
          productBreakdown(
            estimator,
            "generation",
            () => estimator.decodeStep({ batchSize: batch, kvLength: isl }),
          ),
        );
      },
    ),
    { numRuns: 60 },
  );
});
