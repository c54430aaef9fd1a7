/** The power budget over partial proposals, row by row. @module */

import { deepStrictEqual, ok } from "node:assert";
import fc from "fast-check";
import { gpusOf } from "../../../../planner/core/gpu_budget.ts";
import {
  clampProposal,
  type PowerProposal,
} from "../../../../planner/core/power_proposal.ts";

type Some = number | undefined;
type Pair = readonly [prefill: Some, decode: Some];

function some([prefill, decode]: Pair) {
  return {
    ...(prefill === undefined ? {} : { prefill }),
    ...(decode === undefined ? {} : { decode }),
  };
}

function proposal(
  current: Pair,
  proposed: Pair,
  { watts, budget, floors = [1, 1] }: {
    readonly watts: readonly [number, number];
    readonly budget: number;
    readonly floors?: readonly [number, number];
  },
): PowerProposal {
  return {
    ready: some(current),
    target: some(current),
    proposed: some(proposed),
    replicaWatts: some(watts),
    floors: some(floors),
    budgetWatts: budget,
    floorsRaised: (current[0] ?? 0) < floors[0] && current[0] !== undefined,
  };
}

const W = [700, 1200] as const;
const EVEN = [1000, 1000] as const;
const NONE = undefined;

const ROWS: readonly [
  name: string,
  current: Pair,
  proposed: Pair,
  watts: readonly [number, number],
  budget: number,
  result: Pair,
  outcome: ReturnType<typeof clampProposal>["kind"],
][] = [
  ["room for all", [2, 2], [2, 2], W, 100_000, [2, 2], "kept"],
  ["never raised", [5, 5], [1, 1], W, 100_000, [1, 1], "kept"],
  ["one side proposed", [2, 2], [4, NONE], W, 5000, [3, NONE], "clamped"],
  [
    "the other side holds the watts",
    [1, 5],
    [4, NONE],
    W,
    5500,
    [1, NONE],
    "suppressed",
  ],
  [
    "an unknown count is none",
    [NONE, 5],
    [4, NONE],
    W,
    5500,
    [0, NONE],
    "suppressed",
  ],
  ["nothing proposed", [10, 10], [NONE, NONE], W, 100, [NONE, NONE], "kept"],
  ["an opposing swap", [1, 4], [4, 1], EVEN, 5000, [1, 1], "staged"],
  [
    "a swap from an unknown count",
    [NONE, 4],
    [4, 1],
    EVEN,
    5000,
    [0, 1],
    "staged",
  ],
  [
    "both up never takes from the other",
    [4, 1],
    [5, 5],
    EVEN,
    5000,
    [4, 1],
    "clamped",
  ],
  ["a full budget", [1, 22], [9, 22], [4, 1], 26, [1, 22], "clamped"],
  [
    "prefill proposed of (5,2)",
    [2, 2],
    [5, NONE],
    W,
    5000,
    [3, NONE],
    "clamped",
  ],
  [
    "decode proposed of (2,5)",
    [2, 2],
    [NONE, 5],
    W,
    5000,
    [NONE, 3],
    "clamped",
  ],
  ["a step down of a fleet over its budget", [4, 4], [2, NONE], W, 5000, [
    2,
    NONE,
  ], "suppressed"],
  ["second tick of the swap", [1, 1], [4, NONE], EVEN, 5000, [4, NONE], "kept"],
  ["stable, with room", [2, 2], [4, NONE], W, 6000, [4, NONE], "kept"],
  ["down while the other stays", [4, 2], [2, NONE], W, 5000, [2, NONE], "kept"],
  [
    "an unknown current, explicit",
    [NONE, 5],
    [4, NONE],
    W,
    5500,
    [0, NONE],
    "suppressed",
  ],
];

for (const [name, current, proposed, watts, budget, result, outcome] of ROWS) {
  Deno.test(`watts, ${name}: (${current}) → (${proposed}) in ${budget} W`, () => {
    const found = clampProposal(
      proposal(current, proposed, { watts, budget }),
    );
    deepStrictEqual([found.replicas, found.kind], [some(result), outcome]);
  });
}

Deno.test("watts, both up over the budget: as far as it goes, never more than asked", () => {
  const found = clampProposal(
    proposal([2, 2], [3, 3], { watts: W, budget: 5000 }),
  );
  deepStrictEqual(found.kind, "clamped");
  const { prefill = 0, decode = 0 } = found.replicas;
  ok(prefill >= 2 && prefill <= 3 && decode >= 2 && decode <= 3);
  ok(prefill * 700 + decode * 1200 <= 5000);
});

Deno.test("watts: the peak of a swap is what both sides hold at once", () => {
  const found = clampProposal(
    proposal([1, 4], [4, 1], { watts: EVEN, budget: 5000 }),
  );
  ok(found.kind === "staged");
  deepStrictEqual(
    [found.peakWatts, found.grows, found.wanted, found.held, found.shrinks],
    [8000, "prefill", 4, 1, "decode"],
  );
});

Deno.test("watts: a raised floor takes from the other side, in two steps", () => {
  const floors = [2, 1] as const;
  const first = clampProposal(
    proposal([1, 9], [2, 9], { watts: [100, 100], budget: 1000, floors }),
  );
  deepStrictEqual([first.kind, first.replicas], [
    "staged",
    { prefill: 1, decode: 8 },
  ]);
  const second = clampProposal(
    proposal([1, 8], [2, 8], { watts: [100, 100], budget: 1000, floors }),
  );
  deepStrictEqual([second.kind, second.replicas], [
    "kept",
    { prefill: 2, decode: 8 },
  ]);
});

Deno.test("watts: replicas on their way are charged like those that serve", () => {
  const pending = (budgetWatts: number) =>
    clampProposal({
      ready: { prefill: 1, decode: 1 },
      target: { prefill: 3, decode: 2 },
      proposed: { decode: 1 },
      replicaWatts: { prefill: 200, decode: 200 },
      floors: { prefill: 1, decode: 1 },
      budgetWatts,
      floorsRaised: false,
    });
  deepStrictEqual(pending(800).kind, "kept");
  deepStrictEqual(pending(500).kind, "suppressed");
});

Deno.test("watts: (3,10) at 100 and 1 W in 200 W keeps at least one of each", () => {
  const found = clampProposal(
    proposal([NONE, NONE], [3, 10], { watts: [100, 1], budget: 200 }),
  );
  const { prefill = 0, decode = 0 } = found.replicas;
  ok(prefill >= 1 && decode >= 1 && decode <= 10);
  ok(prefill * 100 + decode <= 200);
});

Deno.test("watts: nothing raised, nothing moved that was not proposed, and within the budget when the fleet was", () => {
  const count = fc.integer({ min: 0, max: 30 });
  const maybe = fc.option(count, { nil: undefined });
  fc.assert(
    fc.property(
      fc.tuple(maybe, maybe),
      fc.tuple(maybe, maybe),
      fc.tuple(
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: 1, max: 2000 }),
      ),
      fc.integer({ min: 1, max: 60_000 }),
      (current, proposed, watts, budget) => {
        const given = proposal(current, proposed, {
          watts,
          budget,
          floors: [0, 0],
        });
        const { replicas } = clampProposal(given);
        for (const side of ["prefill", "decode"] as const) {
          const asked = given.proposed[side];
          deepStrictEqual(replicas[side] === undefined, asked === undefined);
          // A swap that does not fit is held as a whole, so that no leg goes alone.
          const now = given.ready[side] ?? 0;
          ok((replicas[side] ?? 0) <= Math.max(asked ?? 0, now));
          ok(Number.isSafeInteger(replicas[side] ?? 0));
        }
        if (gpusOf(some(current), given.replicaWatts) > budget) return;
        const after = { ...some(current), ...replicas };
        ok(gpusOf(after, given.replicaWatts) <= budget);
        const peak = {
          prefill: Math.max(current[0] ?? 0, replicas.prefill ?? 0),
          decode: Math.max(current[1] ?? 0, replicas.decode ?? 0),
        };
        ok(gpusOf(peak, given.replicaWatts) <= budget, JSON.stringify(peak));
      },
    ),
    { numRuns: 2000 },
  );
});
