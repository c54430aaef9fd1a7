/** The GPU budget case by case: clamps, directional steps, the guard. @module */

import { deepStrictEqual, ok } from "node:assert";
import fc from "fast-check";
import { directionalFit } from "../../../../planner/core/directional_fit.ts";
import { type GpuBudget, gpusOf } from "../../../../planner/core/gpu_budget.ts";
import { guardGpus } from "../../../../planner/core/gpu_guard.ts";

type Pair = readonly [prefill: number, decode: number];

interface Band {
  readonly min?: number;
  readonly max?: number;
  readonly widths?: Pair;
  readonly floors?: Pair;
}

function budgetOf({ min, max, widths = [1, 1], floors = [1, 1] }: Band) {
  return {
    minGpus: min,
    maxGpus: max,
    gpusPerReplica: { prefill: widths[0], decode: widths[1] },
    floors: { prefill: floors[0], decode: floors[1] },
  } satisfies GpuBudget;
}

const pairOf = ([prefill, decode]: Pair) => ({ prefill, decode });

const AT_64: Band = { min: 64, max: 64 };

const GUARD: readonly [
  name: string,
  band: Band,
  from: Pair,
  proposed: Pair,
  result: Pair,
  outcome: "kept" | "fitted" | "hold" | "reconcile",
][] = [
  ["both up at the ceiling", AT_64, [24, 40], [32, 48], [24, 40], "hold"],
  [
    "a swap that is partly paid for",
    AT_64,
    [24, 40],
    [23, 48],
    [23, 41],
    "fitted",
  ],
  [
    "a swap of different widths",
    { min: 48, max: 48, widths: [2, 1] },
    [16, 16],
    [15, 24],
    [15, 18],
    "fitted",
  ],
  [
    "what is free is shared",
    { max: 64 },
    [24, 36],
    [32, 44],
    [26, 38],
    "fitted",
  ],
  ["down at the floor", AT_64, [28, 36], [27, 36], [28, 36], "hold"],
  ["down at the floor, within the tolerance", AT_64, [27, 36], [26, 35], [
    27,
    36,
  ], "hold"],
  ["a swap, decode grows", AT_64, [27, 37], [26, 38], [26, 38], "kept"],
  ["a swap, prefill grows", AT_64, [27, 37], [28, 36], [28, 36], "kept"],
  ["no donor for one", AT_64, [28, 36], [28, 37], [28, 36], "hold"],
  ["no donor for two", AT_64, [28, 36], [29, 37], [28, 36], "hold"],
  ["a swap too wide", { min: 4, max: 4, widths: [1, 2] }, [2, 1], [1, 2], [
    2,
    1,
  ], "hold"],
  [
    "a swap does not lose a leg",
    { min: 5, max: 6, widths: [1, 3] },
    [2, 1],
    [1, 2],
    [2, 1],
    "hold",
  ],
  [
    "above the floor",
    { min: 64, max: 80 },
    [35, 35],
    [34, 35],
    [34, 35],
    "kept",
  ],
  ["a ceiling alone, full", { max: 4 }, [3, 1], [3, 2], [3, 1], "hold"],
  ["a ceiling alone, both up", { max: 5 }, [4, 1], [5, 2], [4, 1], "hold"],
  [
    "the tolerance is not a licence to go down",
    { min: 5, max: 5, widths: [2, 2], floors: [0, 0] },
    [1, 1],
    [0, 1],
    [1, 1],
    "hold",
  ],
  [
    "the tolerance lets a swap pass",
    { min: 5, max: 5, widths: [2, 2], floors: [0, 0] },
    [1, 1],
    [0, 2],
    [0, 2],
    "kept",
  ],
  [
    "a clamp does not invert",
    { min: 6, max: 10 },
    [4, 3],
    [1, 3],
    [4, 3],
    "hold",
  ],
  [
    "a count that cannot be reached in whole replicas",
    { min: 7, max: 7, widths: [1, 2] },
    [1, 2],
    [2, 1],
    [1, 2],
    "hold",
  ],
  ["below the floor", { min: 4, max: 6 }, [1, 1], [0, 1], [2, 2], "reconcile"],
];

for (const [name, band, from, proposed, result, outcome] of GUARD) {
  Deno.test(`guard, ${name}: (${from}) → (${proposed}) is (${result})`, () => {
    const guarded = guardGpus(pairOf(from), pairOf(proposed), budgetOf(band));
    deepStrictEqual(guarded, { replicas: pairOf(result), outcome });
  });
}

const SINGLE: readonly [
  from: number,
  proposed: number,
  min: number | undefined,
  result: number,
  outcome: string,
][] = [
  [64, 63, 64, 64, "hold"],
  [63, 62, 64, 63, "hold"],
  [64, 180, 64, 64, "hold"],
  [70, 69, undefined, 64, "reconcile"],
  [60, 70, undefined, 64, "fitted"],
];
for (const [from, proposed, min, result, outcome] of SINGLE) {
  Deno.test(`guard, one side: ${from} → ${proposed} within ${min ?? "-"}/64 is ${result}`, () => {
    deepStrictEqual(
      guardGpus({ agg: from }, { agg: proposed }, {
        minGpus: min,
        maxGpus: 64,
        gpusPerReplica: { agg: 1 },
        floors: { agg: 1 },
      }),
      { replicas: { agg: result }, outcome },
    );
  });
}

Deno.test("floors above what is there take donors: (24,40) with floors 30 and 8 is (30,34)", () => {
  const budget = budgetOf({ ...AT_64, floors: [30, 8] });
  deepStrictEqual(
    guardGpus(pairOf([24, 40]), pairOf([30, 40]), budget).replicas,
    pairOf([30, 34]),
  );
});

Deno.test("a band without room changes nothing, for the caller to report", () => {
  deepStrictEqual(
    guardGpus(pairOf([2, 2]), pairOf([3, 3]), budgetOf({ min: 100, max: 4 })),
    { replicas: pairOf([3, 3]), outcome: "kept" },
  );
});

Deno.test("a step stays between the current and the proposed, within the band, and opposing legs go together", () => {
  const widths = fc.constantFrom<Pair>([1, 1], [1, 2], [2, 3]);
  const count = fc.integer({ min: 1, max: 4 });
  const step = fc.integer({ min: -2, max: 2 });
  fc.assert(
    fc.property(
      widths,
      fc.tuple(count, count),
      fc.tuple(step, step),
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: 0, max: 12 }),
      (widths, from, steps, least, room) => {
        const cost = pairOf(widths);
        const current = pairOf(from);
        const proposed = pairOf([
          Math.max(0, from[0] + steps[0]),
          Math.max(0, from[1] + steps[1]),
        ]);
        const most = least + room;
        const fitted = directionalFit(current, proposed, { cost, most, least });
        const possible = enumerated(current, proposed).filter((step) =>
          gpusOf(step, cost) <= most && gpusOf(step, cost) >= least
        );
        if (!fitted) {
          deepStrictEqual(possible, []);
          return;
        }
        ok(
          possible.some((step) =>
            step.prefill === fitted.prefill && step.decode === fitted.decode
          ),
          JSON.stringify(fitted),
        );
        const distance = (step: { prefill?: number; decode?: number }) =>
          Math.abs(proposed.prefill - (step.prefill ?? 0)) +
          Math.abs(proposed.decode - (step.decode ?? 0));
        ok(possible.every((step) => distance(fitted) <= distance(step)));
      },
    ),
    { numRuns: 2000 },
  );
});

/** Every allowed step, by brute force. */
function enumerated(
  current: { prefill: number; decode: number },
  proposed: { prefill: number; decode: number },
) {
  const between = (from: number, to: number) =>
    Array.from(
      { length: Math.abs(to - from) + 1 },
      (_, index) => Math.min(from, to) + index,
    );
  const opposing = (proposed.prefill - current.prefill) *
      (proposed.decode - current.decode) < 0;
  return between(current.prefill, proposed.prefill).flatMap((prefill) =>
    between(current.decode, proposed.decode).map((decode) => ({
      prefill,
      decode,
    }))
  ).filter(({ prefill, decode }) => {
    const moved = [prefill !== current.prefill, decode !== current.decode];
    return opposing ? moved.every(Boolean) : moved.some(Boolean);
  });
}

Deno.test("the guard is never over the ceiling, and settles at once", () => {
  const count = fc.integer({ min: 0, max: 100 });
  fc.assert(
    fc.property(
      fc.tuple(count, count),
      fc.tuple(count, count),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 40, max: 120 }),
      fc.constantFrom<Pair>([1, 1], [2, 1], [4, 8]),
      (from, proposed, min, max, widths) => {
        const budget = budgetOf({ min, max, widths, floors: [0, 0] });
        const { replicas, outcome } = guardGpus(
          pairOf(from),
          pairOf(proposed),
          budget,
        );
        ok(gpusOf(replicas, budget.gpusPerReplica) <= max);
        if (outcome === "hold") deepStrictEqual(replicas, pairOf(from));
        const again = guardGpus(replicas, replicas, budget);
        deepStrictEqual(again.replicas, replicas);
      },
    ),
  );
});
