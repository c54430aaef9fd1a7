/** What holds for every input of a decision, however broken. @module */

import { ok, strictEqual } from "node:assert";
import fc from "fast-check";
import {
  decide,
  decisionRecord,
  explain,
  initialState,
} from "../../../../planner/core/mod.ts";
import { configOf, modelOf, OPTIMIZER, tick } from "../stand_in.ts";

const number = fc.oneof(
  fc.double(),
  fc.constantFrom(undefined, 0, -1, NaN, Infinity, -Infinity, 1e300),
  fc.double({ min: 0, max: 100_000, noNaN: true }),
);
const observation = fc.record({
  atMs: fc.integer({ min: 0, max: 1e12 }),
  windowSeconds: fc.oneof(
    fc.constantFrom(60, 180, 0, NaN),
    fc.double({ min: 1, max: 1e4, noNaN: true }),
  ),
  requests: number,
  islTokens: number,
  oslTokens: number,
});
const side = fc.record({
  requestsPerSecond: fc.oneof(
    fc.double({ min: 0.01, max: 50, noNaN: true }),
    fc.constant(0),
  ),
  drawWatts: fc.oneof(
    fc.double({ min: 100, max: 700, noNaN: true }),
    fc.constantFrom(0, 5000),
  ),
  gpus: fc.constantFrom(1, 2, 4, 8),
});
const world = fc.record({
  mode: fc.constantFrom("disagg", "agg", "prefill", "decode"),
  optimizer: fc.boolean(),
  clamp: fc.constantFrom("exact", "compatible"),
  objective: fc.constantFrom("throughput", "efficiency"),
  owner: fc.constantFrom("planner", "deployment"),
  floor: fc.integer({ min: 0, max: 3 }),
  // Floors fit the GPUs, as the configuration demands.
  maxGpus: fc.constantFrom(48, 64, 200, -1),
  minGpus: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  budgetWatts: fc.integer({ min: 1, max: 60_000 }),
  sides: fc.record({ prefill: side, decode: side, agg: side }),
  observations: fc.array(observation, { minLength: 1, maxLength: 4 }),
});

Deno.test("no observation and no configuration ever make a decision over a budget", () => {
  fc.assert(
    fc.property(world, (given) => {
      const config = configOf(`
mode: ${given.mode}
max_gpu_budget: ${given.maxGpus}
min_endpoint: ${given.floor}
power_clamp: ${given.clamp}
picker_objective: ${given.objective}
power_cap_owner: ${given.owner}
total_gpu_power_limit: ${given.budgetWatts}
${given.minGpus === undefined ? "" : `min_gpu_budget: ${given.minGpus}`}
${
        given.optimizer
          ? OPTIMIZER
          : "enable_power_awareness: true\npower_agent_safe_default_watts: 490"
      }
`);
      const model = modelOf(given.sides);
      let state = initialState(config.optimizer.initialCoefficients);
      for (const observation of given.observations) {
        const next = decide(state, tick(config, observation, { model }));
        state = next.state;
        const { decision } = next;
        let [watts, gpus] = [0, 0];
        for (const target of decision.targets) {
          ok(Number.isSafeInteger(target.replicas) && target.replicas >= 0);
          ok(target.capWatts !== undefined);
          ok(target.capWatts >= 200 && target.capWatts <= 700);
          gpus += target.replicas * target.gpusPerReplica;
          watts += target.replicas * target.gpusPerReplica * target.capWatts;
        }
        strictEqual(decision.projectedWatts, watts);
        strictEqual(decision.gpus, gpus);
        ok(watts <= given.budgetWatts, `${watts} W`);
        ok(given.maxGpus === -1 || gpus <= given.maxGpus, `${gpus} GPUs`);
        if (given.minGpus === undefined) checkNotMoreThanAsked(decision);
        checkReadable(decision, config);
      }
    }),
    { numRuns: 500 },
  );
});

/** Replicas are at most what demand needs at the cap that was chosen, or what was asked for. */
function checkNotMoreThanAsked(
  { targets, proposed, predicted }: ReturnType<typeof decide>["decision"],
): void {
  for (const { side, replicas, point } of targets) {
    const asked = proposed[side] ?? 0;
    const needed = predicted && point && point.requestsPerSecond > 0
      ? Math.ceil(predicted.requestsPerSecond * 1.1 / point.requestsPerSecond)
      : 0;
    ok(replicas <= Math.max(asked, needed), `${side}: ${replicas}`);
  }
}

function checkReadable(
  decision: ReturnType<typeof decide>["decision"],
  config: Parameters<typeof explain>[1],
): void {
  const text = JSON.stringify(decisionRecord(decision));
  ok(!/undefined|NaN|Infinity/.test(JSON.stringify(JSON.parse(text).targets)));
  for (const line of explain(decision, config).split("\n")) {
    ok(line.length <= 110, line);
  }
}
