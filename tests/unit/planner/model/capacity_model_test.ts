/** The capacity port over the real search and the built-in model. @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import {
  EstimatorOpener,
  type FleetMode,
  loadModule,
  openFleetSearch,
} from "../../../../optimizer-wasm/mod.ts";
import type {
  CapacityQuestion,
  FleetQuestion,
  OperatingPoint,
} from "../../../../planner/core/mod.ts";
import { capacityModel } from "../../../../planner/model/mod.ts";

const NEUTRAL = {
  powerPrefill: 1,
  powerDecode: 1,
  powerAgg: 1,
  ttft: 1,
  itl: 1,
};

const PIN = { tp: 2, pp: 1, dp: 1, moeTp: 1, moeEp: 1, cp: 1 };

/** Nothing imported: the built-in model answers. */
const opener = new EstimatorOpener(await loadModule(), {
  modelNames: () => [],
  readModelConfig: () => Promise.reject(new Error("nothing is imported")),
  systemNames: () => [],
  readPack: () => Promise.reject(new Error("nothing is imported")),
});

async function modelOf(mode: Exclude<FleetMode, "best">, system = "h200_sxm") {
  return capacityModel({
    search: await openFleetSearch(opener, {
      model: "Qwen/Qwen3-32B",
      system,
      backend: "vllm",
      databaseMode: "ROOFLINE",
      mode,
      pins: { prefill: PIN, decode: PIN, agg: PIN },
    }),
    usualIslTokens: 3000,
    usualOslTokens: 150,
  });
}

const model = await modelOf("disagg");

function question(change: Partial<CapacityQuestion> = {}): CapacityQuestion {
  return {
    side: "decode",
    islTokens: 3000,
    oslTokens: 150,
    ttftMs: 1000,
    itlMs: 30,
    coefficients: NEUTRAL,
    caps: { kind: "own_draw" },
    ...change,
  };
}

function fleetQuestion(change: Partial<FleetQuestion> = {}): FleetQuestion {
  const { side: _, caps: __, ...shape } = question();
  return {
    ...shape,
    mode: "disagg",
    demandRequestsPerSecond: undefined,
    budgetWatts: undefined,
    maxGpus: 32,
    floors: { prefill: 1, decode: 1 },
    ceilings: {},
    caps: { kind: "own_draw" },
    objective: "throughput",
    maxThetaPrefill: undefined,
    maxThetaDecode: undefined,
    ...change,
  };
}

function points(change: Partial<CapacityQuestion>): readonly OperatingPoint[] {
  const answer = model.answer(question(change));
  strictEqual(answer.kind, "points", JSON.stringify(answer));
  return answer.kind === "points" ? answer.points : [];
}

function fleet(change: Partial<FleetQuestion> = {}) {
  const answer = model.searchFleet(fleetQuestion(change));
  if (answer.kind !== "fleet") throw new Error(JSON.stringify(answer));
  return answer.best;
}

Deno.test("a replica of two GPUs is known before any question", () => {
  deepStrictEqual(model.gpusPerReplica, { prefill: 2, decode: 2 });
  deepStrictEqual(model.gpu, { minWatts: 200, maxWatts: 700, tdpWatts: 700 });
});

Deno.test("at its own draw a side has one point, within the targets", () => {
  for (const side of ["prefill", "decode"] as const) {
    const [point, ...rest] = points({ side });
    strictEqual(rest.length, 0);
    ok((point?.ttftMs ?? 0) <= 1000);
    ok((point?.itlMs ?? 0) <= 30);
    ok((point?.capWatts ?? 0) >= (point?.predictedWatts ?? Infinity));
  }
});

Deno.test("a ladder falls in caps and in rates, and never below 0.7 of the own draw", () => {
  const ladder = points({ side: "prefill", caps: { kind: "ladder" } });
  ok(ladder.length > 5);
  for (const [index, point] of ladder.entries()) {
    const before = ladder[index - 1];
    if (!before) continue;
    ok((point.capWatts ?? 0) < (before.capWatts ?? 0));
    ok(point.requestsPerSecond < before.requestsPerSecond);
  }
  const [highest] = ladder;
  ok((ladder.at(-1)?.capWatts ?? 0) >= 0.7 * (highest?.capWatts ?? Infinity));
});

Deno.test("without caps no cap is named", () => {
  strictEqual(points({ caps: { kind: "none" } })[0]?.capWatts, undefined);
});

Deno.test("a given cap is kept within the SKU's range", () => {
  const capOf = (capWatts: number) =>
    points({ caps: { kind: "fixed", capWatts } })[0]?.capWatts;
  strictEqual(capOf(450), 450);
  strictEqual(capOf(5000), 700);
});

Deno.test("coefficients above 1 slow the side down, those below change nothing (R14)", () => {
  const rate = (itl: number) =>
    points({ coefficients: { ...NEUTRAL, itl } })[0]?.requestsPerSecond ?? 0;
  ok(rate(1.2) < rate(1));
  strictEqual(rate(0.6), rate(1));
});

Deno.test("the power coefficient raises the cap and not the prediction (R10)", () => {
  const at = (powerDecode: number) =>
    points({ coefficients: { ...NEUTRAL, powerDecode } })[0];
  ok((at(1.1)?.capWatts ?? 0) > (at(1)?.capWatts ?? Infinity));
  strictEqual(at(1.1)?.predictedWatts, at(1)?.predictedWatts);
});

Deno.test("a target that nothing meets is named with what would", () => {
  const answer = model.answer(question({ itlMs: 0.5 }));
  strictEqual(answer.kind, "infeasible");
  if (answer.kind !== "infeasible") return;
  strictEqual(answer.constraint, "itl_ms");
  const met = model.answer(question({ itlMs: answer.needed * (1 + 1e-9) }));
  strictEqual(met.kind, "points");
});

Deno.test("a question that makes no sense is no answer, and no exception (R19)", () => {
  const answer = model.answer(question({ ttftMs: NaN }));
  strictEqual(answer.kind, "no_answer");
  strictEqual(
    model.searchFleet(fleetQuestion({ demandRequestsPerSecond: NaN })).kind,
    "no_answer",
  );
});

Deno.test("equal questions have equal answers, whatever was asked in between", () => {
  const first = model.answer(question());
  const fleetFirst = fleet();
  model.answer(question({ islTokens: 700, side: "prefill" }));
  fleet({ islTokens: 100, budgetWatts: 6000, caps: { kind: "free" } });
  deepStrictEqual(model.answer(question()), first);
  deepStrictEqual(fleet(), fleetFirst);
});

Deno.test("a fleet fits GPUs, watts, floors and ceilings, whatever they are", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 4, max: 64 }),
      fc.integer({ min: 1000, max: 40_000 }),
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 3, max: 9 }),
      (maxGpus, budgetWatts, floor, ceiling) => {
        const answer = model.searchFleet(fleetQuestion({
          maxGpus,
          budgetWatts,
          caps: { kind: "free" },
          floors: { prefill: floor, decode: floor },
          ceilings: { prefill: ceiling, decode: ceiling },
        }));
        if (answer.kind !== "fleet") {
          strictEqual(answer.kind, "infeasible");
          return;
        }
        const { best } = answer;
        ok(best.gpus <= maxGpus);
        ok(best.watts <= budgetWatts);
        let watts = 0;
        for (const side of ["prefill", "decode"] as const) {
          const chosen = best.sides[side];
          ok(chosen && chosen.replicas >= floor && chosen.replicas <= ceiling);
          watts += (chosen?.replicas ?? 0) * 2 * (chosen?.point.capWatts ?? 0);
        }
        strictEqual(watts, best.watts);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("a demand is served with fewer watts than the most that could be served (R16a)", () => {
  const most = fleet();
  const demand = most.requestsPerSecond / 3;
  const served = fleet({ demandRequestsPerSecond: demand });
  ok(served.requestsPerSecond >= demand);
  ok(served.watts < most.watts);
});

Deno.test("aggregated workers and single sides have models of their own", async () => {
  for (const mode of ["agg", "prefill", "decode"] as const) {
    const single = await modelOf(mode);
    const answer = single.searchFleet(fleetQuestion({
      mode,
      floors: { [mode]: 1 },
    }));
    strictEqual(answer.kind, "fleet", JSON.stringify(answer));
    if (answer.kind !== "fleet") continue;
    deepStrictEqual(Object.keys(answer.best.sides), [mode]);
  }
});
