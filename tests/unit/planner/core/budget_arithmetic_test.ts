/** R10–R12 and the GPU budget (P38, P39): every worked example, then properties. @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import {
  bridgeCap,
  clampPair,
  clampSingle,
} from "../../../../planner/core/mod.ts";
import {
  atLeastGpus,
  type GpuBudget,
  gpusOf,
  withinGpus,
} from "../../../../planner/core/gpu_budget.ts";

const H200 = { minWatts: 200, maxWatts: 700, tdpWatts: 700 };

Deno.test("R10: 480 W × 1.04 → 500, 360 W × 1.18 → 425, together 3700 W", () => {
  const prefill = bridgeCap(480, 1.04, H200).capWatts;
  const decode = bridgeCap(360, 1.18, H200).capWatts;
  deepStrictEqual([prefill, decode], [500, 425]);
  strictEqual(4 * prefill + 4 * decode, 3700);
});

Deno.test("R10: a coefficient below 1 never lowers the cap below the estimate", () => {
  strictEqual(bridgeCap(480, 0.5, H200).capWatts, 480);
  strictEqual(bridgeCap(480, NaN, H200).capWatts, 480);
});

Deno.test("R11: above 1.1 × TDP the cap comes from TDP, exactly 1.1 × passes", () => {
  const over = bridgeCap(1275, 1, H200);
  deepStrictEqual([over.capWatts, over.usedWatts, over.replaced], [
    700,
    700,
    "non_physical",
  ]);
  const exact = bridgeCap(770, 1, H200);
  deepStrictEqual([exact.capWatts, exact.usedWatts, exact.replaced], [
    700,
    770,
    undefined,
  ]);
});

Deno.test("R11: missing or zero watts fall back to TDP", () => {
  for (const watts of [0, -5, NaN]) {
    const { capWatts, replaced } = bridgeCap(watts, 1, H200);
    deepStrictEqual([capWatts, replaced], [700, "missing"]);
  }
});

Deno.test("R11: the cap stays within the SKU's range", () => {
  strictEqual(bridgeCap(90, 1, H200).capWatts, 200);
  strictEqual(bridgeCap(690, 1.5, H200).capWatts, 700);
});

const R12: readonly [
  asked: readonly [number, number],
  gpus: readonly [number, number],
  wattsPerGpu: number,
  budget: number,
  result: readonly [number, number],
][] = [
  [[4, 4], [1, 1], 250, 1500, [3, 3]],
  [[4, 4], [1, 1], 250, 1499, [2, 3]],
  [[2, 4], [8, 1], 300, 4000, [1, 4]],
  [[4, 4], [1, 1], 250, 400, [0, 0]],
  [[4, 4], [1, 1], 250, 500, [1, 1]],
  [[10, 2], [4, 1], 250, 5000, [4, 2]],
];
for (const [asked, gpus, watts, budget, result] of R12) {
  Deno.test(`R12: (${asked}) of ${gpus} GPUs at ${watts} W in ${budget} W → (${result})`, () => {
    const { prefill, decode } = clampPair({
      asked: { prefill: asked[0], decode: asked[1] },
      floors: { prefill: 1, decode: 1 },
      cost: { prefill: gpus[0] * watts, decode: gpus[1] * watts },
      budget,
    });
    deepStrictEqual([prefill, decode], result);
  });
}

Deno.test("R12: a target that fits is kept as it is", () => {
  deepStrictEqual(
    clampPair({
      asked: { prefill: 4, decode: 4 },
      floors: { prefill: 1, decode: 1 },
      cost: { prefill: 250, decode: 250 },
      budget: 2000,
    }),
    { prefill: 4, decode: 4, outcome: "kept" },
  );
});

Deno.test("R12: GPUs then watts is not watts then GPUs", () => {
  const floors = { prefill: 1, decode: 1 };
  const byGpus = { floors, cost: { prefill: 2, decode: 1 }, budget: 6 };
  const byWatts = {
    floors,
    cost: { prefill: 1000, decode: 300 },
    budget: 2500,
  };
  const asked = { prefill: 3, decode: 2 };
  const gpusFirst = clampPair({
    ...byWatts,
    asked: clampPair({ ...byGpus, asked }),
  });
  const wattsFirst = clampPair({
    ...byGpus,
    asked: clampPair({ ...byWatts, asked }),
  });
  deepStrictEqual([gpusFirst.prefill, gpusFirst.decode], [1, 2]);
  deepStrictEqual([wattsFirst.prefill, wattsFirst.decode], [2, 1]);
});

Deno.test("one kind of worker: 6 × 400 W in 1200 W → 3, 6 × 300 W in 900 W → 3", () => {
  strictEqual(clampSingle(6, 1, 400, 1200).replicas, 3);
  strictEqual(clampSingle(6, 1, 300, 900).replicas, 3);
  deepStrictEqual(clampSingle(6, 3, 1, 2), {
    replicas: 0,
    outcome: "below_floor",
  });
});

const count = fc.integer({ min: 0, max: 200 });
const cost = fc.integer({ min: 0, max: 8000 });

Deno.test("R12: never over budget, never more than asked, never below the floor unless nothing fits", () => {
  fc.assert(
    fc.property(
      fc.record({ prefill: count, decode: count }),
      fc.record({ prefill: count, decode: count }),
      fc.record({ prefill: cost, decode: cost }),
      fc.integer({ min: 0, max: 100_000 }),
      (asked, floors, cost, budget) => {
        const { prefill, decode, outcome } = clampPair({
          asked,
          floors,
          cost,
          budget,
        });
        ok(prefill * cost.prefill + decode * cost.decode <= budget);
        ok(prefill <= asked.prefill && decode <= asked.decode);
        ok(Number.isInteger(prefill) && Number.isInteger(decode));
        if (outcome !== "below_floor") {
          ok(prefill >= Math.min(floors.prefill, asked.prefill));
          ok(decode >= Math.min(floors.decode, asked.decode));
        }
      },
    ),
  );
});

Deno.test("R12: clamping a clamped target changes nothing", () => {
  fc.assert(
    fc.property(
      fc.record({ prefill: count, decode: count }),
      fc.record({ prefill: cost, decode: cost }),
      fc.integer({ min: 0, max: 100_000 }),
      (asked, cost, budget) => {
        const floors = { prefill: 1, decode: 1 };
        const { prefill, decode } = clampPair({ asked, floors, cost, budget });
        const again = clampPair({
          asked: { prefill, decode },
          floors,
          cost,
          budget,
        });
        strictEqual(again.outcome, "kept");
      },
    ),
  );
});

function gpuBudget(
  min: number | undefined,
  max: number | undefined,
  { widths = [1, 1], floors = [1, 1] }: {
    readonly widths?: readonly [number, number];
    readonly floors?: readonly [number, number];
  } = {},
): GpuBudget {
  return {
    minGpus: min,
    maxGpus: max,
    gpusPerReplica: { prefill: widths[0], decode: widths[1] },
    floors: { prefill: floors[0], decode: floors[1] },
  };
}

function clamp(prefill: number, decode: number, budget: GpuBudget) {
  return withinGpus(atLeastGpus({ prefill, decode }, budget), budget);
}

Deno.test("GPUs: without bounds nothing changes", () => {
  deepStrictEqual(clamp(3, 9, gpuBudget(undefined, undefined)), {
    prefill: 3,
    decode: 9,
  });
});
Deno.test("GPUs: (10,10) in 5 with floors 2 and 1 → (2,3)", () => {
  deepStrictEqual(clamp(10, 10, gpuBudget(undefined, 5, { floors: [2, 1] })), {
    prefill: 2,
    decode: 3,
  });
});
Deno.test("GPUs: (3,1) at 4/4 is in the band", () => {
  deepStrictEqual(clamp(3, 1, gpuBudget(4, 4)), { prefill: 3, decode: 1 });
});
Deno.test("GPUs: (5,5) in 4 → 4 in all", () => {
  const budget = gpuBudget(undefined, 4);
  strictEqual(gpusOf(clamp(5, 5, budget), budget.gpusPerReplica), 4);
});
Deno.test("GPUs: (1,1) at 4/4 grows to 3 to 5 in all, and so does (0,0)", () => {
  const budget = gpuBudget(4, 4, { floors: [0, 0] });
  for (const from of [1, 0]) {
    const gpus = gpusOf(clamp(from, from, budget), budget.gpusPerReplica);
    ok(gpus >= 3 && gpus <= 5, String(gpus));
  }
});
Deno.test("GPUs: (1,1) of 1 and 2 at 4/10 is within the tolerance", () => {
  deepStrictEqual(clamp(1, 1, gpuBudget(4, 10, { widths: [1, 2] })), {
    prefill: 1,
    decode: 1,
  });
});
Deno.test("GPUs: (1,1) of 2 and 2 at 5/5 → 4 in all, and again", () => {
  const budget = gpuBudget(5, 5, { widths: [2, 2] });
  const once = clamp(1, 1, budget);
  strictEqual(gpusOf(once, budget.gpusPerReplica), 4);
  deepStrictEqual(clamp(once.prefill ?? 0, once.decode ?? 0, budget), once);
});
Deno.test("GPUs: floors that do not fit leave nothing", () => {
  for (const max of [1, 3]) {
    deepStrictEqual(
      clamp(5, 5, gpuBudget(undefined, max, { widths: [2, 2] })),
      { prefill: 0, decode: 0 },
    );
  }
});
Deno.test("GPUs: a lower bound above the upper changes nothing", () => {
  deepStrictEqual(atLeastGpus({ prefill: 2, decode: 2 }, gpuBudget(100, 4)), {
    prefill: 2,
    decode: 2,
  });
});
Deno.test("GPUs: never over the ceiling", () => {
  fc.assert(
    fc.property(
      count,
      count,
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 16 }),
      (prefill, decode, min, max, width) => {
        const budget = gpuBudget(min, max, { widths: [width, 1] });
        const result = clamp(prefill, decode, budget);
        ok(gpusOf(result, budget.gpusPerReplica) <= max);
      },
    ),
  );
});
