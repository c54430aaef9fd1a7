/** The search against brute force over the same sets (R16, R16a). @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import {
  evaluate,
  isBetter,
  search,
  type SearchAnswer,
  type SearchProblem,
  type SearchSide,
} from "../../../../planner/core/search.ts";

const point = fc.record({
  capWatts: fc.integer({ min: 50, max: 700 }),
  requestsPerSecond: fc.oneof(
    fc.constant(0),
    fc.double({ min: 1e-3, max: 20, noNaN: true }),
  ),
});
const side: fc.Arbitrary<SearchSide> = fc.record({
  points: fc.array(point, { minLength: 1, maxLength: 3 }),
  gpusPerReplica: fc.constantFrom(1, 2, 4, 8),
  floor: fc.integer({ min: 0, max: 2 }),
});
const problem: fc.Arbitrary<SearchProblem> = fc.record({
  sides: fc.oneof(fc.tuple(side), fc.tuple(side, side)),
  demand: fc.oneof(
    fc.constant(0),
    fc.double({ min: 1e-3, max: 80, noNaN: true }),
  ),
  budgetWatts: fc.integer({ min: 0, max: 9000 }),
  maxGpus: fc.option(fc.integer({ min: 0, max: 24 }), { nil: undefined }),
  objective: fc.constantFrom("throughput", "efficiency"),
});

/** Every choice within the budgets, one after the other. */
function bruteForce(problem: SearchProblem): SearchAnswer | undefined {
  let best: SearchAnswer | undefined;
  const walk = (chosen: SearchAnswer["sides"]) => {
    const next = problem.sides[chosen.length];
    if (!next) {
      const answer = evaluate(problem, chosen);
      if (answer.watts > problem.budgetWatts) return;
      if (problem.maxGpus !== undefined && answer.gpus > problem.maxGpus) {
        return;
      }
      if (!best || isBetter(answer, best, problem.objective)) best = answer;
      return;
    }
    for (const point of next.points) {
      const most = Math.floor(
        problem.budgetWatts / (point.capWatts * next.gpusPerReplica),
      );
      for (let replicas = next.floor; replicas <= most; replicas++) {
        walk([...chosen, { point, replicas }]);
      }
    }
  };
  walk([]);
  return best;
}

Deno.test("search() finds what brute force finds", () => {
  fc.assert(
    fc.property(problem, (problem) => {
      const found = search(problem);
      const truth = bruteForce(problem);
      strictEqual(found === undefined, truth === undefined);
      if (!found || !truth) return;
      // Neither beats the other: what is left to chance are equals.
      strictEqual(isBetter(truth, found, problem.objective), false);
    }),
    { numRuns: 500 },
  );
});

Deno.test("search() is never over a budget", () => {
  fc.assert(
    fc.property(problem, (problem) => {
      const found = search(problem);
      if (!found) return;
      ok(found.watts <= problem.budgetWatts);
      ok(problem.maxGpus === undefined || found.gpus <= problem.maxGpus);
    }),
  );
});

const SIDE = (
  points: SearchSide["points"],
  floor = 1,
): SearchSide => ({ points, gpusPerReplica: 1, floor });

Deno.test("slower GPUs serve more in the same watts", () => {
  const points = [
    { capWatts: 600, requestsPerSecond: 10 },
    { capWatts: 420, requestsPerSecond: 8.7 },
  ];
  const found = search({
    sides: [SIDE(points)],
    demand: 1000,
    budgetWatts: 4200,
    maxGpus: 16,
    objective: "throughput",
  });
  deepStrictEqual(
    found?.sides.map(({ point, replicas }) => [
      point.capWatts,
      replicas,
    ]),
    [[420, 10]],
  );
});

Deno.test("with few GPUs the fast ones are kept", () => {
  const points = [
    { capWatts: 600, requestsPerSecond: 10 },
    { capWatts: 420, requestsPerSecond: 8.7 },
  ];
  const found = search({
    sides: [SIDE(points)],
    demand: 1000,
    budgetWatts: 4200,
    maxGpus: 7,
    objective: "throughput",
  });
  strictEqual(found?.served, 70);
});

Deno.test("prefill and decode are balanced, not one after the other", () => {
  const found = search({
    sides: [
      SIDE([{ capWatts: 500, requestsPerSecond: 5 }]),
      SIDE([{ capWatts: 250, requestsPerSecond: 10 }]),
    ],
    demand: 1000,
    budgetWatts: 5000,
    maxGpus: undefined,
    objective: "throughput",
  });
  deepStrictEqual(found?.sides.map(({ replicas }) => replicas), [8, 4]);
});

Deno.test("what demand does not need is not powered", () => {
  const found = search({
    sides: [SIDE([{ capWatts: 500, requestsPerSecond: 5 }])],
    demand: 11,
    budgetWatts: 50_000,
    maxGpus: undefined,
    objective: "throughput",
  });
  strictEqual(found?.sides[0]?.replicas, 3);
});

Deno.test("floors that do not fit have no answer", () => {
  strictEqual(
    search({
      sides: [SIDE([{ capWatts: 500, requestsPerSecond: 5 }], 3)],
      demand: 1,
      budgetWatts: 1499,
      maxGpus: undefined,
      objective: "throughput",
    }),
    undefined,
  );
});

Deno.test("a budget without end is bounded work", () => {
  const found = search({
    sides: [
      SIDE([{ capWatts: 1, requestsPerSecond: 1e-6 }]),
      SIDE([{ capWatts: 1, requestsPerSecond: 1e-6 }]),
    ],
    demand: 1e9,
    budgetWatts: 1e9,
    maxGpus: undefined,
    objective: "throughput",
  });
  strictEqual(found?.sides[0]?.replicas, 1024);
});
