/** Both kinds of scaling together: bounds from throughput, steps from load (P13, P27, P34). @module */

import { deepStrictEqual, strictEqual } from "node:assert";
import {
  decide,
  type EngineLoad,
  initialState,
  type PlannerState,
} from "../../../../planner/core/mod.ts";
import {
  configOf,
  engine,
  inventoryOf,
  modelOf,
  signals,
  tick,
  window,
} from "../stand_in.ts";

type Pair = readonly [prefill: number, decode: number];

/** Engines whose cache and queue make each side go up (1), down (−1) or stay (0). */
function engines(counts: Pair, steps: Pair): EngineLoad[] {
  const load = (step: number) => step > 0 ? 1.2 : step < 0 ? 0.01 : 0.7;
  return (["prefill", "decode"] as const).flatMap((side, index) =>
    Array.from({ length: counts[index] ?? 0 }, (_, worker) => {
      const share = load(steps[index] ?? 0);
      return engine({
        side,
        workerId: `${side}-${worker}`,
        queuedPrefillTokens: side === "prefill" ? share * 500 : 0,
        scheduledDecodeKvTokens: side === "decode" ? share * 1000 : 0,
        contextLengthTokens: 500,
        kvCapacityTokens: 1000,
      });
    })
  );
}

/** A load tick under bounds; the load signals are upstream's thresholds, the bounds are given. */
function run(
  { yaml = "", current, bounds, steps }: {
    readonly yaml?: string;
    readonly current: Pair;
    readonly bounds: Pair;
    readonly steps: Pair;
  },
) {
  const config = {
    ...configOf(
      `max_gpu_budget: 64\nenable_load_scaling: true\nload_adjustment_interval_seconds: 5\n${yaml}`,
    ),
    scaling: { target: "throughput" as const },
  };
  const state: PlannerState = {
    ...initialState(config.optimizer.initialCoefficients),
    lowerBounds: { prefill: bounds[0], decode: bounds[1] },
  };
  return decide(
    state,
    tick(
      config,
      window(1, { live: signals({ engines: engines(current, steps) }) }),
      {
        due: { throughput: false, load: true },
        inventory: inventoryOf(current),
        model: modelOf({
          prefill: { requestsPerSecond: 1, drawWatts: 300 },
          decode: { requestsPerSecond: 1, drawWatts: 300 },
        }),
      },
    ),
  ).decision;
}

const replicas = (decision: ReturnType<typeof run>) =>
  decision.targets.map(({ replicas }) => replicas);

Deno.test("mixed: bounds (16,48), load (23,39) from (24,40) at 64/64 → (23,41)", () => {
  const decision = run({
    yaml: "min_gpu_budget: 64",
    current: [24, 40],
    bounds: [16, 48],
    steps: [-1, -1],
  });
  deepStrictEqual(replicas(decision), [23, 41]);
});

Deno.test("mixed: bounds (19,28), load (26,35) from (27,36) at 64/64 → hold", () => {
  const decision = run({
    yaml: "min_gpu_budget: 64",
    current: [27, 36],
    bounds: [19, 28],
    steps: [-1, -1],
  });
  deepStrictEqual(replicas(decision), [27, 36]);
  strictEqual(decision.load?.decision, "gpu_budget_guard_hold");
});

Deno.test("mixed: a step down ends at the bound and says so", () => {
  const decision = run({ current: [2, 2], bounds: [2, 1], steps: [-1, -1] });
  deepStrictEqual(replicas(decision), [2, 1]);
  strictEqual(decision.load?.decision, "scale_down_capped_by_throughput");
});

Deno.test("mixed: what is below its bound comes up on the load tick, even without load data", () => {
  const decision = run({ current: [1, 2], bounds: [3, 2], steps: [0, 0] });
  deepStrictEqual(replicas(decision), [3, 2]);
  deepStrictEqual(decision.decided, ["prefill"]);
});

Deno.test("mixed: an up on one side says more than a down on the other", () => {
  const decision = run({ current: [2, 2], bounds: [1, 1], steps: [1, -1] });
  deepStrictEqual(replicas(decision), [3, 1]);
  strictEqual(decision.load?.decision, "scale_up");
});
