/** The decision as a whole: from an observation to targets with reasons. @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import {
  type CapacityModel,
  decide,
  type Decision,
  initialState,
  type Observation,
  type PlannerState,
} from "../../../../planner/core/mod.ts";
import type { PlannerConfig } from "../../../../planner/config/mod.ts";
import { configOf, modelOf, OPTIMIZER, tick, window } from "../stand_in.ts";

const MODEL = modelOf({
  prefill: { requestsPerSecond: 2, drawWatts: 600 },
  decode: { requestsPerSecond: 4, drawWatts: 300 },
});

function decideOnce(
  config: PlannerConfig,
  observation: Observation,
  model: CapacityModel = MODEL,
): Decision {
  return decide(start(config), tick(config, observation, { model })).decision;
}

function start(config: PlannerConfig): PlannerState {
  return initialState(config.optimizer.initialCoefficients);
}

function replicas({ targets }: Decision): number[] {
  return targets.map(({ replicas }) => replicas);
}

function kinds({ reasons }: Decision): string[] {
  return reasons.map(({ kind }) => kind);
}

Deno.test("without power awareness: demand and headroom over capacity, no cap", () => {
  const config = configOf("max_gpu_budget: 64");
  // 10 requests/s × 1.1 headroom = 11: 6 × 2 and 3 × 4.
  const decision = decideOnce(config, window(10));
  deepStrictEqual(replicas(decision), [6, 3]);
  strictEqual(decision.projectedWatts, undefined);
  ok(decision.targets.every(({ capWatts }) => capWatts === undefined));
  deepStrictEqual(kinds(decision), []);
});

Deno.test("the GPU budget reduces both sides and says by how many GPUs", () => {
  const config = configOf("max_gpu_budget: 6");
  const decision = decideOnce(config, window(10));
  deepStrictEqual(replicas(decision), [4, 2]);
  deepStrictEqual(decision.proposed, { prefill: 6, decode: 3 });
  const reason = decision.reasons[0];
  ok(reason?.kind === "gpu_budget");
  strictEqual(reason.overGpus, 3);
  ok(kinds(decision).includes("demand_not_met"));
});

Deno.test("with watts to spare the caps are the own draw and nothing is lowered", () => {
  const config = configOf(
    `max_gpu_budget: 64\ntotal_gpu_power_limit: 5000${OPTIMIZER}`,
  );
  const decision = decideOnce(config, window(10));
  deepStrictEqual(replicas(decision), [6, 3]);
  deepStrictEqual(decision.targets.map(({ capWatts }) => capWatts), [600, 300]);
  strictEqual(decision.projectedWatts, 4500);
  deepStrictEqual(kinds(decision), ["optimized"]);
});

Deno.test("where watts bind, lower caps and more replicas serve all of the demand", () => {
  const config = configOf(
    `max_gpu_budget: 64\ntotal_gpu_power_limit: 4000${OPTIMIZER}`,
  );
  const decision = decideOnce(config, window(10));
  ok((decision.projectedWatts ?? Infinity) <= 4000);
  ok((decision.capacityRequestsPerSecond ?? 0) >= 11);
  const reason = decision.reasons.find(({ kind }) => kind === "power_budget");
  ok(reason?.kind === "power_budget");
  deepStrictEqual([reason.method, reason.askedWatts, reason.overWatts], [
    "exact",
    4500,
    500,
  ]);
  ok(kinds(decision).includes("cap_lowered"));
});

Deno.test("power_clamp: compatible keeps the caps and shrinks by R12", () => {
  const config = configOf(
    `max_gpu_budget: 64\npower_clamp: compatible\ntotal_gpu_power_limit: 4000${OPTIMIZER}`,
  );
  const decision = decideOnce(config, window(10));
  // s = 4000/4500: prefill min(⌊3700/600⌋, ⌊5.33⌋) = 5, decode min(3, ⌊1000/300⌋) = 3.
  deepStrictEqual(replicas(decision), [5, 3]);
  deepStrictEqual(decision.targets.map(({ capWatts }) => capWatts), [600, 300]);
});

Deno.test("the exact choice serves at least what the compatible clamp serves", () => {
  for (const budget of [1500, 2000, 2700, 3300, 4000, 4400]) {
    const text =
      `max_gpu_budget: 64\ntotal_gpu_power_limit: ${budget}${OPTIMIZER}`;
    const exact = decideOnce(configOf(text), window(10));
    const compatible = decideOnce(
      configOf(`power_clamp: compatible\n${text}`),
      window(10),
    );
    ok(
      (exact.servedTokensPerSecond ?? 0) >=
        (compatible.servedTokensPerSecond ?? 0),
      String(budget),
    );
  }
});

Deno.test("with the optimizer off the configured caps hold, else the safe default", () => {
  const config = configOf(`
max_gpu_budget: 64
enable_power_awareness: true
total_gpu_power_limit: 100000
power_agent_safe_default_watts: 490
prefill_engine_gpu_power_limit: 600
`);
  const decision = decideOnce(config, window(10));
  deepStrictEqual(decision.targets.map(({ capWatts }) => capWatts), [600, 490]);
});

Deno.test("a configured cap outside the SKU's range is charged at what the agent will set", () => {
  const config = configOf(`
max_gpu_budget: 64
enable_power_awareness: true
total_gpu_power_limit: 100000
power_agent_safe_default_watts: 490
prefill_engine_gpu_power_limit: 50
decode_engine_gpu_power_limit: 9000
`);
  const decision = decideOnce(config, window(1));
  deepStrictEqual(decision.targets.map(({ capWatts }) => capWatts), [200, 700]);
});

Deno.test("a deployment that owns its caps keeps them, and the optimizer chooses replicas only", () => {
  const config = configOf(
    `max_gpu_budget: 64\npower_cap_owner: deployment\nprefill_engine_gpu_power_limit: 600\ndecode_engine_gpu_power_limit: 400\ntotal_gpu_power_limit: 3000${OPTIMIZER}`,
  );
  const decision = decideOnce(config, window(10));
  deepStrictEqual(decision.targets.map(({ capWatts }) => capWatts), [600, 400]);
  ok((decision.projectedWatts ?? Infinity) <= 3000);
});

Deno.test("no traffic: every side goes to its floor", () => {
  const config = configOf("max_gpu_budget: 64\nmin_endpoint: 2");
  const decision = decideOnce(config, window(0));
  deepStrictEqual(replicas(decision), [2, 2]);
  deepStrictEqual(kinds(decision), ["idle"]);
});

Deno.test("scale to zero is possible where the floor is 0", () => {
  const config = configOf("max_gpu_budget: 64\nmin_endpoint: 0");
  deepStrictEqual(replicas(decideOnce(config, window(0))), [0, 0]);
});

Deno.test("unknown traffic is not zero traffic: the last targets stay", () => {
  const config = configOf("max_gpu_budget: 64");
  const first = decide(
    start(config),
    tick(config, window(10), { model: MODEL }),
  );
  for (const requests of [undefined, NaN, -5, Infinity]) {
    const next = decide(
      first.state,
      tick(config, window(0, { requests }), { model: MODEL }),
    );
    deepStrictEqual(replicas(next.decision), [6, 3], String(requests));
    ok(kinds(next.decision).includes("no_traffic_data"));
    strictEqual(next.decision.predicted, undefined);
  }
});

Deno.test("a broken length is named and the last one is used", () => {
  const config = configOf("max_gpu_budget: 64");
  const first = decide(
    start(config),
    tick(config, window(10, { islTokens: 5000 }), { model: MODEL }),
  );
  const { decision } = decide(
    first.state,
    tick(config, window(10, { islTokens: NaN, oslTokens: -1 }), {
      model: MODEL,
    }),
  );
  strictEqual(decision.predicted?.islTokens, 5000);
  deepStrictEqual(
    kinds(decision).filter((kind) => kind === "observation_rejected").length,
    2,
  );
});

Deno.test("unknown traffic under a lower budget: held targets shrink to the watts", () => {
  const text = `max_gpu_budget: 64${OPTIMIZER}`;
  const wide = configOf(`${text}\ntotal_gpu_power_limit: 10000`);
  const cut = configOf(`${text}\ntotal_gpu_power_limit: 2000`);
  const first = decide(start(wide), tick(wide, window(10), { model: MODEL }));
  const { decision } = decide(
    first.state,
    tick(cut, window(0, { requests: undefined }), { model: MODEL }),
  );
  ok((decision.projectedWatts ?? Infinity) <= 2000);
});

Deno.test("a side that cannot meet its target stays, with the milliseconds that are missing", () => {
  const config = configOf("max_gpu_budget: 64");
  const model = modelOf({
    prefill: {
      requestsPerSecond: 2,
      drawWatts: 600,
      answer: {
        kind: "infeasible",
        constraint: "ttft_ms",
        message: "TTFT 1002 ms, target 200 ms.",
        needed: 1002,
        available: 200,
        unit: "ms",
      },
    },
    decode: { requestsPerSecond: 4, drawWatts: 300 },
  });
  const decision = decideOnce(config, window(10), model);
  deepStrictEqual(replicas(decision), [1, 3]);
  const [reason] = decision.reasons;
  ok(reason?.kind === "infeasible");
  deepStrictEqual([reason.side, reason.needed, reason.available], [
    "prefill",
    1002,
    200,
  ]);
});

Deno.test("a held side is charged first and only the other one shrinks", () => {
  const model = modelOf({
    prefill: {
      requestsPerSecond: 2,
      drawWatts: 600,
      answer: { kind: "no_answer", code: "not_measured", message: "none" },
    },
    decode: { requestsPerSecond: 4, drawWatts: 300 },
  });
  const config = configOf(
    `max_gpu_budget: 64\ntotal_gpu_power_limit: 3200${OPTIMIZER}`,
  );
  const state: PlannerState = {
    ...start(config),
    last: { prefill: { replicas: 4, capWatts: 600 } },
  };
  const { decision } = decide(state, tick(config, window(20), { model }));
  // 4 × 600 W stay; 800 W are left for decode at 300 W.
  deepStrictEqual(replicas(decision), [4, 2]);
});

const BELOW = (budget: number, policy = "shed", owner = "planner") =>
  configOf(
    `max_gpu_budget: 64\nmin_endpoint: 2\nbudget_below_floor: ${policy}\npower_cap_owner: ${owner}\ntotal_gpu_power_limit: ${budget}${OPTIMIZER}`,
  );

Deno.test("below the floor: caps go down first, as far as needed, and the floor stays", () => {
  // Floors (2,2) need 1260 W at 0.7 × the draws and 800 W at the SKU's minimum.
  const decision = decideOnce(BELOW(1100), window(10));
  deepStrictEqual(replicas(decision), [2, 2]);
  deepStrictEqual(decision.targets.map(({ capWatts }) => capWatts), [275, 275]);
  ok(kinds(decision).includes("below_floor"));
});

Deno.test("below the floor: shed goes under the floor, down to nothing", () => {
  deepStrictEqual(replicas(decideOnce(BELOW(799), window(10))), [1, 2]);
  deepStrictEqual(replicas(decideOnce(BELOW(399), window(10))), [0, 0]);
});

Deno.test("below the floor: hold_floor keeps the floor and declares the excess", () => {
  const decision = decideOnce(BELOW(700, "hold_floor"), window(10));
  deepStrictEqual(replicas(decision), [2, 2]);
  strictEqual(decision.projectedWatts, 800);
  const reason = decision.reasons.find(({ kind }) => kind === "over_budget");
  ok(reason?.kind === "over_budget");
  strictEqual(reason.overBudgetWatts, 100);
});

Deno.test("R12 at the level of a decision: (4,4) at 250 W the deployment's own", () => {
  const model = modelOf({
    prefill: { requestsPerSecond: 1, drawWatts: 250 },
    decode: { requestsPerSecond: 1, drawWatts: 250 },
  });
  const at = (budget: number) =>
    replicas(decideOnce(
      configOf(
        `max_gpu_budget: 64\nenable_power_awareness: true\npower_cap_owner: deployment\npower_agent_safe_default_watts: 250\ntotal_gpu_power_limit: ${budget}`,
      ),
      window(3.5),
      model,
    ));
  deepStrictEqual([at(2000), at(1500), at(1499), at(500), at(400)], [
    [4, 4],
    [3, 3],
    [2, 3],
    [1, 1],
    [0, 0],
  ]);
});

Deno.test("the watts win over the lower bound of GPUs, and it is said", () => {
  const model = modelOf({ decode: { requestsPerSecond: 4, drawWatts: 400 } });
  const config = configOf(
    "mode: decode\nmin_gpu_budget: 8\nmax_gpu_budget: 64\nenable_power_awareness: true\npower_agent_safe_default_watts: 400\ntotal_gpu_power_limit: 1200",
  );
  const decision = decideOnce(config, window(5), model);
  deepStrictEqual(decision.proposed, { decode: 2 });
  deepStrictEqual(replicas(decision), [3]);
  ok(kinds(decision).includes("gpu_floor_yields"));
});

Deno.test("one kind of worker: aggregated replicas take the decode pick and the GPU budget", () => {
  const config = configOf(
    `mode: agg\nmax_gpu_budget: 8\ntotal_gpu_power_limit: 3000${OPTIMIZER}`,
  );
  const model = modelOf({
    agg: { requestsPerSecond: 1, drawWatts: 500, gpus: 2 },
  });
  const decision = decideOnce(config, window(10), model);
  ok(decision.gpus <= 8);
  ok((decision.projectedWatts ?? Infinity) <= 3000);
  ok(decision.ttftMs !== undefined && decision.itlMs !== undefined);
});

Deno.test("R11: a prediction that is not physical is replaced and named", () => {
  const config = configOf(
    `max_gpu_budget: 64\ntotal_gpu_power_limit: 90000${OPTIMIZER}`,
  );
  const model = modelOf({
    prefill: { requestsPerSecond: 2, drawWatts: 400 },
    decode: { requestsPerSecond: 4, drawWatts: 1275 },
  });
  const decision = decideOnce(config, window(1), model);
  const reason = decision.reasons.find(({ kind }) =>
    kind === "prediction_replaced"
  );
  ok(reason?.kind === "prediction_replaced");
  deepStrictEqual([reason.side, reason.predictedWatts, reason.usedWatts], [
    "decode",
    1275,
    700,
  ]);
});

Deno.test("efficiency prefers tokens per watt even where watts are free", () => {
  const text = `max_gpu_budget: 64\ntotal_gpu_power_limit: 90000${OPTIMIZER}`;
  const perWatt = ({ servedTokensPerSecond, projectedWatts }: Decision) =>
    (servedTokensPerSecond ?? 0) / (projectedWatts ?? 1);
  const efficient = decideOnce(
    configOf(`picker_objective: efficiency\n${text}`),
    window(10),
  );
  ok(perWatt(efficient) > perWatt(decideOnce(configOf(text), window(10))));
});

Deno.test("decide() is pure: the same input has the same output, and nothing is changed", () => {
  const config = configOf(
    `max_gpu_budget: 64\ntotal_gpu_power_limit: 4000${OPTIMIZER}`,
  );
  const state = Object.freeze(start(config));
  const input = Object.freeze(tick(config, window(10), { model: MODEL }));
  deepStrictEqual(decide(state, input), decide(state, input));
});

Deno.test("the state counts decisions and survives JSON", () => {
  const config = configOf("max_gpu_budget: 64");
  const first = decide(
    start(config),
    tick(config, window(10), { model: MODEL }),
  );
  const reread: PlannerState = JSON.parse(JSON.stringify(first.state));
  const next = decide(reread, tick(config, window(5), { model: MODEL }));
  strictEqual(next.decision.sequence, 2);
  deepStrictEqual(next.decision.previous, { prefill: 6, decode: 3 });
});
