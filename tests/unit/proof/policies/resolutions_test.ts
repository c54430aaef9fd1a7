/** The two resolutions tell the same story, and the tables of the request-level engines what the model says. @module */

import assert from "node:assert/strict";
import { estimatorTruth, type OpenedModel } from "../../../../planner/mod.ts";
import { openBuiltIn, usualDeployment } from "../../../../proof/mod.ts";
import {
  DecodeTable,
  type Engines,
  FIXED_LENGTHS,
  FluidEngines,
  PassTable,
  PoissonStream,
  type Replica,
  RequestEngines,
  seededRandom,
  SlowdownTables,
} from "../../../../simulator/mod.ts";

const config = usualDeployment();
const opened: OpenedModel = await openBuiltIn(config);
const truth = estimatorTruth(opened.estimators, 110);

function near(found: number, wanted: number, share: number, what: string) {
  assert(
    Math.abs(found - wanted) <= share * Math.abs(wanted),
    `${what}: ${found} is not within ${share * 100} % of ${wanted}`,
  );
}

function fleet(prefills: number, decodes: number, capWatts: number) {
  const side = (of: "prefill" | "decode", count: number): Replica[] =>
    Array.from({ length: count }, (_, i) => ({
      name: `${of}-${i}`,
      side: of,
      limitWatts: capWatts,
      serving: true,
    }));
  return [...side("prefill", prefills), ...side("decode", decodes)];
}

/** Means over half an hour at one load, after five minutes. */
function steady(engines: Engines, replicas: readonly Replica[]) {
  const arrivals = { requestsPerSecond: 12, islTokens: 3_000, oslTokens: 250 };
  let [tokens, ttft, firsts, itl, joules, completed] = [0, 0, 0, 0, 0, 0];
  for (let second = 0; second < 2_100; second++) {
    const step = engines.step(1, arrivals, replicas);
    if (second < 300) continue;
    const first = step.firstTokens ?? step.prefilledTokens / 3_000;
    tokens += step.decodedTokens;
    completed += step.completed;
    firsts += first;
    ttft += (step.ttftMs ?? 0) * first;
    itl += (step.itlMs ?? 0) * step.decodedTokens;
    for (const { drawWatts } of step.replicas) joules += drawWatts;
  }
  return {
    tokensPerSecond: tokens / 1_800,
    requestsPerSecond: completed / 1_800,
    ttftMs: ttft / firsts,
    itlMs: itl / tokens,
    watts: joules / 1_800,
  };
}

// docs/simulate.md states these tolerances.
for (const capWatts of [700, 450]) {
  Deno.test(`loop and request agree at ${capWatts} W: throughput 2 %, ITL 3 %, draw 3 %, TTFT 12 %`, () => {
    const replicas = fleet(6, 2, capWatts);
    const loop = steady(new FluidEngines(truth), replicas);
    const request = steady(
      new RequestEngines({
        // A fluid knows no hand-over.
        truth: { ...truth, handOverMs: () => 0 },
        stream: new PoissonStream(seededRandom(2), FIXED_LENGTHS),
        targets: { ttftMs: 1_000, itlMs: 30 },
      }),
      replicas,
    );
    near(request.tokensPerSecond, loop.tokensPerSecond, 0.02, "tokens/s");
    near(request.requestsPerSecond, loop.requestsPerSecond, 0.02, "requests/s");
    near(request.itlMs, loop.itlMs, 0.03, "ITL");
    near(request.watts, loop.watts, 0.03, "draw");
    near(request.ttftMs, loop.ttftMs, 0.12, "TTFT");
  });
}

Deno.test("decode steps: the model's at the places that are asked, within 0.2 % between them", () => {
  const table = new DecodeTable(truth);
  const engine = opened.estimators.decode!;
  for (const batch of [1, 7, 64, 200]) {
    for (const tokens of [128, 1_280, 3_968, 12_800]) {
      table.ask(batch, tokens);
      const exact = engine.decodeStep({ batchSize: batch, kvLength: tokens });
      assert.equal(table.milliseconds, exact.latencyMs);
      assert.equal(table.watts, exact.powerWatts);
    }
    for (const tokens of [200, 1_000, 3_333, 9_999]) {
      table.ask(batch, tokens);
      const exact = engine.decodeStep({ batchSize: batch, kvLength: tokens });
      near(table.milliseconds, exact.latencyMs, 0.002, `${batch}×${tokens}`);
      near(table.watts, exact.powerWatts, 0.01, `${batch}×${tokens} watts`);
    }
  }
});

Deno.test("prefill passes: one prompt as the model says, chunks and several prompts within 6 %", () => {
  const table = new PassTable(truth, 8_192);
  const engine = opened.estimators.prefill!;
  for (const tokens of [64, 1_024, 2_048, 8_192]) {
    table.ask(tokens, tokens * tokens / 2);
    const { latencyMs, powerWatts } = engine.prefill({
      batchSize: 1,
      isl: tokens,
    });
    near(table.milliseconds, latencyMs, 1e-9, `${tokens}`);
    near(table.watts, powerWatts, 1e-9, `${tokens} watts`);
  }
  for (const [count, each] of [[2, 3_000], [4, 2_048], [8, 1_000]] as const) {
    table.ask(count * each, count * each * each / 2);
    const { latencyMs } = engine.prefill({ batchSize: count, isl: each });
    near(table.milliseconds, latencyMs, 0.06, `${count} of ${each}`);
  }
  for (const [cached, more] of [[8_192, 8_192], [16_384, 4_096]] as const) {
    table.ask(more, more * (cached + more / 2));
    const { latencyMs } = engine.prefill({
      batchSize: 1,
      isl: cached + more,
      prefix: cached,
    });
    near(table.milliseconds, latencyMs, 0.06, `${more} behind ${cached}`);
  }
});

Deno.test("slowdown under a limit: exactly none where it does not bind, within one clock step elsewhere", () => {
  const tables = new SlowdownTables(truth);
  const table = tables.of(450, "prefill");
  for (const wanted of [300, 449.5, 450]) {
    assert.equal(tables.ask(table, 450, wanted, "prefill"), 1);
  }
  for (const wanted of [500, 583.4, 640.9, 699.7]) {
    near(
      tables.ask(table, 450, wanted, "prefill"),
      truth.slowdown(450, wanted, "prefill"),
      0.012,
      `${wanted} W`,
    );
  }
});
