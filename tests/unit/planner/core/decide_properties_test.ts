/** What holds for every input of a decision, however broken. @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import type { PlannerConfig } from "../../../../planner/config/mod.ts";
import {
  type CapacityModel,
  decide,
  type Decision,
  decisionRecord,
  explain,
  explainRecord,
  initialState,
  LOAD_DECISIONS,
  type PlannerState,
  THROUGHPUT_DECISIONS,
} from "../../../../planner/core/mod.ts";
import { configOf, modelOf, OPTIMIZER, tick } from "../stand_in.ts";

const number = fc.oneof(
  fc.double(),
  fc.constantFrom(undefined, 0, -1, NaN, Infinity, -Infinity, 1e12, 1e300),
  fc.double({ min: 0, max: 100_000, noNaN: true }),
);
const load = number.map((value) => value ?? 0);
const engines = fc.array(
  fc.record({
    side: fc.constantFrom("prefill", "decode", "agg"),
    workerId: fc.constantFrom("a", "b", "c"),
    dpRank: fc.constantFrom(0, 1),
    scheduledPrefillTokens: load,
    queuedPrefillTokens: load,
    scheduledDecodeKvTokens: load,
    queuedDecodeKvTokens: load,
    scheduledRequests: load,
    queuedRequests: load,
    wallTimeMs: load,
    contextLengthTokens: number,
    kvCapacityTokens: number,
    maxBatchedTokens: number,
  }),
  { maxLength: 6 },
);
const perSide = fc.record({ prefill: load, decode: load, agg: load });
const live = fc.record({
  ttftMs: number,
  itlMs: number,
  requestDurationMs: number,
  tokensPerSecond: number,
  kvHitRate: number,
  acceptLength: number,
  drawWatts: perSide,
  effectiveCapWatts: perSide,
  powerCappedShare: perSide,
  totalDrawWatts: number,
  prefillActive: fc.boolean(),
  decodeActive: fc.boolean(),
  engines: fc.option(engines, { nil: undefined }),
});
const count = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.constantFrom(undefined, NaN, -3, 1.5, 1e12),
);
const found = fc.record({
  targetReplicas: count,
  readyReplicas: count,
  startingReplicas: fc.integer({ min: 0, max: 3 }),
  rollout: fc.constantFrom("settled", "rolling", "failed", "unknown"),
  gpusPerReplica: fc.constantFrom(undefined, 1, 2, 4, 0, NaN),
  authoredCapWatts: fc.constantFrom(undefined, 300, 50, 5000, NaN),
});
const moment = fc.record({
  nowMs: fc.oneof(
    fc.integer({ min: 0, max: 1e7 }),
    fc.constantFrom(NaN, -1e15, 1e15, Infinity),
  ),
  due: fc.record({ throughput: fc.boolean(), load: fc.boolean() }),
  observation: fc.record({
    atMs: fc.integer({ min: 0, max: 1e12 }),
    windowSeconds: fc.oneof(
      fc.constantFrom(60, 180, 0, NaN),
      fc.double({ min: 1, max: 1e4, noNaN: true }),
    ),
    requests: number,
    islTokens: number,
    oslTokens: number,
    live,
  }),
  inventory: fc.option(
    fc.record({ prefill: found, decode: found, agg: found }),
    { nil: undefined },
  ),
  /** A budget that changes at run time. */
  budgetWatts: fc.integer({ min: 1, max: 60_000 }),
  search: fc.constantFrom("real", "real", "throws", "infeasible", "over"),
  answer: fc.constantFrom("real", "real", "real", "throws"),
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
  target: fc.constantFrom("sla", "throughput", "latency"),
  loadScaling: fc.boolean(),
  maxReplicaChange: fc.constantFrom(undefined, 1, 8),
  admission: fc.constantFrom("off", "inherit", "autoset"),
  floor: fc.integer({ min: 0, max: 3 }),
  // Floors fit the GPUs, as the configuration demands.
  maxGpus: fc.constantFrom(48, 64, 200, -1),
  minGpus: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  sides: fc.record({ prefill: side, decode: side, agg: side }),
  moments: fc.array(moment, { minLength: 1, maxLength: 6 }),
});
type World = typeof world extends fc.Arbitrary<infer Value> ? Value : never;

Deno.test("no observation, no fleet, no search and no clock ever make a decision over a budget", () => {
  fc.assert(
    fc.property(world, (given) => {
      let state: PlannerState | undefined;
      for (const moment of given.moments) {
        const config = configFor(given, moment.budgetWatts);
        state ??= initialState(config.optimizer.initialCoefficients);
        const model = broken(modelOf(given.sides), moment);
        const next = decide(state, {
          ...moment,
          observation: moment.observation,
          inventory: moment.inventory,
          config,
          model,
        });
        state = JSON.parse(JSON.stringify(next.state));
        checkBudgets(next.decision, config);
        checkWords(next.decision, config);
        if (!moment.inventory && given.minGpus === undefined) {
          checkNotMoreThanAsked(next.decision, config);
        }
        for (const value of Object.values(next.state.coefficients)) {
          ok(value >= 0.5 && value <= 2, String(value));
        }
      }
    }),
    { numRuns: 300 },
  );
});

function configFor(given: World, budgetWatts: number): PlannerConfig {
  const config = configOf(`
mode: ${given.mode}
max_gpu_budget: ${given.maxGpus}
min_endpoint: ${given.floor}
power_clamp: ${given.clamp}
picker_objective: ${given.objective}
power_cap_owner: ${given.owner}
enable_load_scaling: ${given.loadScaling}
admission_mode: ${given.admission}
total_gpu_power_limit: ${budgetWatts}
${given.minGpus === undefined ? "" : `min_gpu_budget: ${given.minGpus}`}
${
    given.optimizer
      ? OPTIMIZER
      : "enable_power_awareness: true\npower_agent_safe_default_watts: 490"
  }
`);
  return {
    ...config,
    scaling: {
      target: given.target,
      maxReplicaChange: given.maxReplicaChange,
      draftTokens: 3,
    },
  };
}

function broken(
  model: CapacityModel,
  { search, answer }: { readonly search: string; readonly answer: string },
): CapacityModel {
  return {
    ...model,
    answer(question) {
      if (answer === "throws") throw new Error("no table");
      return model.answer(question);
    },
    searchFleet(question) {
      switch (search) {
        case "throws":
          throw new Error("out of memory");
        case "infeasible":
          return {
            kind: "infeasible",
            constraint: "itl_ms",
            message: "none",
            needed: 2,
            available: 1,
            unit: "ms",
          };
        case "over":
          return model.searchFleet({
            ...question,
            budgetWatts: (question.budgetWatts ?? 0) * 3,
          });
        default:
          return model.searchFleet(question);
      }
    },
  };
}

function checkBudgets(decision: Decision, config: PlannerConfig): void {
  let [watts, gpus] = [0, 0];
  for (const target of decision.targets) {
    ok(Number.isSafeInteger(target.replicas) && target.replicas >= 0);
    ok(target.capWatts !== undefined);
    ok(
      target.capWatts >= 200 && target.capWatts <= 700,
      `${target.capWatts} W`,
    );
    gpus += target.replicas * target.gpusPerReplica;
    watts += target.replicas * target.gpusPerReplica * target.capWatts;
  }
  strictEqual(decision.projectedWatts, watts);
  strictEqual(decision.gpus, gpus);
  ok(watts <= (config.power?.budgetWatts ?? 0), `${watts} W`);
  ok(gpus <= (config.maxGpus ?? Infinity), `${gpus} GPUs`);
}

/** Replicas are at most what demand needs at the cap that was chosen, what was asked for, or the floor. */
function checkNotMoreThanAsked(
  { targets, proposed, predicted, throughput }: Decision,
  config: PlannerConfig,
): void {
  if (!predicted || throughput !== "scale") return;
  for (const { side, replicas, point } of targets) {
    const needed: number = point && point.requestsPerSecond > 0
      ? Math.ceil(predicted.requestsPerSecond * 1.1 / point.requestsPerSecond)
      : 0;
    ok(
      replicas <= Math.max(proposed[side] ?? 0, needed, config.floors[side]),
      `${side}: ${replicas}`,
    );
  }
}

/** Every outcome is a word of its list, every line can be read, and every record survives JSON. */
function checkWords(decision: Decision, config: PlannerConfig): void {
  const { throughput, load } = decision;
  ok(throughput === undefined || THROUGHPUT_DECISIONS.includes(throughput));
  ok(load === undefined || LOAD_DECISIONS.includes(load.decision));
  const record = JSON.parse(JSON.stringify(decisionRecord(decision)));
  strictEqual(JSON.stringify(record).includes("undefined"), false);
  const text = explain(decision, config);
  strictEqual(explainRecord(record), text);
  for (const line of text.split("\n")) ok(line.length <= 110, line);
}

Deno.test("the same input makes the same decision, and the state is not touched", () => {
  fc.assert(
    fc.property(world, (given) => {
      const [moment] = given.moments;
      if (!moment) return;
      const config = configFor(given, moment.budgetWatts);
      const input = { ...moment, config, model: modelOf(given.sides) };
      const state = initialState(config.optimizer.initialCoefficients);
      const before = structuredClone(state);
      deepStrictEqual(decide(state, input), decide(state, input));
      deepStrictEqual(state, before);
    }),
  );
});

Deno.test("a settled fleet that sees the same again is left alone", () => {
  fc.assert(
    fc.property(world, fc.double({ min: 0.1, max: 40, noNaN: true }), (
      given,
      rate,
    ) => {
      const [moment] = given.moments;
      const config = {
        ...configFor(given, moment?.budgetWatts ?? 1),
        scaling: {},
        loadScaling: false,
      };
      const model = modelOf(given.sides);
      const observation = {
        atMs: 0,
        windowSeconds: 60,
        requests: rate * 60,
        islTokens: 3000,
        oslTokens: 150,
      };
      let state = initialState(config.optimizer.initialCoefficients);
      let targets: Decision["targets"] = [];
      for (let count = 0; count < 3; count++) {
        const next = decide(
          state,
          tick(config, observation, { model, nowMs: count * 60_000 }),
        );
        if (count === 2) {
          deepStrictEqual(
            next.decision.targets.map(({ replicas, capWatts }) => [
              replicas,
              capWatts,
            ]),
            targets.map(({ replicas, capWatts }) => [replicas, capWatts]),
          );
        }
        ({ state } = next);
        ({ targets } = next.decision);
      }
    }),
  );
});

Deno.test("the state stays bounded over a thousand windows of anything", () => {
  const config = {
    ...configOf(
      `max_gpu_budget: 64\nenable_load_scaling: true\nload_adjustment_interval_seconds: 5\ntotal_gpu_power_limit: 9000${OPTIMIZER}`,
    ),
  };
  const model = modelOf({
    prefill: { requestsPerSecond: 2, drawWatts: 400 },
    decode: { requestsPerSecond: 4, drawWatts: 300 },
  });
  let state = initialState(config.optimizer.initialCoefficients);
  const sizes: number[] = [];
  const moments = fc.sample(moment, { numRuns: 1000, seed: 7 });
  moments.forEach((given, index) => {
    state = decide(state, {
      ...given,
      nowMs: index * 5000,
      config,
      model,
    }).state;
    sizes.push(JSON.stringify({ ...state, history: undefined }).length);
  });
  ok(Math.max(...sizes.slice(500)) < 2 * Math.max(...sizes.slice(100, 500)));
  ok(state.history.requestsPerSecond.length <= 2048);
});
