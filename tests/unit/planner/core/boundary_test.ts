/** The border to the fleet: rollouts, rebalances in two steps, watts over GPUs, nothing over a budget (P43–P52). @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import {
  decide,
  type Decision,
  initialState,
  type PerSide,
  type PlannerState,
  type SideInventory,
} from "../../../../planner/core/mod.ts";
import {
  configOf,
  inventoryOf,
  modelOf,
  settled,
  tick,
  window,
} from "../stand_in.ts";

type Pair = readonly [prefill: number, decode: number];

interface World {
  readonly yaml?: string;
  readonly budget: number;
  readonly watts?: Pair;
}

/**
 * A fleet whose caps are configured, ticked by hand. The needs of a tick are given; both sides are proposed by throughput
 * scaling, or none when no cadence is due.
 */
function planner({ yaml = "", budget, watts = [700, 1200] }: World) {
  // A replica of 2 GPUs, so that watts per replica may pass those of one GPU.
  const configWith = (budgetWatts: number) =>
    configOf(`
max_gpu_budget: -1
enable_power_awareness: true
power_agent_safe_default_watts: 490
prefill_engine_gpu_power_limit: ${watts[0] / 2}
decode_engine_gpu_power_limit: ${watts[1] / 2}
total_gpu_power_limit: ${budgetWatts}
${yaml}`);
  let config = configWith(budget);
  let state: PlannerState = initialState(config.optimizer.initialCoefficients);
  let nowMs = 0;
  return {
    setBudget(budgetWatts: number) {
      config = configWith(budgetWatts);
    },
    tick(
      inventory: PerSide<SideInventory>,
      needs: Pair | undefined,
    ): Decision {
      nowMs += 5000;
      const [prefill, decode] = needs ?? [1, 1];
      const next = decide(
        state,
        tick(config, window(100), {
          nowMs,
          due: { throughput: needs !== undefined, load: false },
          inventory,
          model: modelOf({
            prefill: {
              requestsPerSecond: 110 / prefill * (1 + 1e-9),
              drawWatts: 350,
              gpus: 2,
            },
            decode: {
              requestsPerSecond: 110 / decode * (1 + 1e-9),
              drawWatts: 300,
              gpus: 2,
            },
          }),
        }),
      );
      state = next.state;
      return next.decision;
    },
  };
}

const replicas = ({ targets }: Decision) =>
  targets.map(({ replicas }) => replicas);
const kinds = ({ reasons }: Decision) => reasons.map(({ kind }) => kind);

function rolling(replicas: number, target = replicas): SideInventory {
  return {
    ...settled(replicas),
    targetReplicas: target,
    rollout: "rolling",
  };
}

Deno.test("watts: within the budget a proposal passes, and nothing is raised", () => {
  const room = planner({ budget: 100_000 });
  deepStrictEqual(replicas(room.tick(inventoryOf([5, 5]), [1, 1])), [1, 1]);
  deepStrictEqual(
    replicas(planner({ budget: 7600 }).tick(inventoryOf([4, 4]), [4, 4])),
    [4, 4],
  );
});

Deno.test("watts: a swap shrinks first, and its other leg follows when that is done, on whatever tick", () => {
  const subject = planner({ budget: 5000, watts: [1000, 1000] });
  const first = subject.tick(inventoryOf([1, 4]), [4, 1]);
  deepStrictEqual(replicas(first), [1, 1]);
  const staged = first.reasons.find(({ kind }) => kind === "rebalance_staged");
  ok(staged?.kind === "rebalance_staged");
  deepStrictEqual([staged.grows, staged.wanted, staged.peakWatts], [
    "prefill",
    4,
    8000,
  ]);
  // Decode still drains: prefill waits.
  const draining = {
    prefill: settled(1),
    decode: { ...settled(4), targetReplicas: 1 },
  };
  deepStrictEqual(replicas(subject.tick(draining, undefined)), [1, 1]);
  const second = subject.tick(inventoryOf([1, 1]), undefined);
  deepStrictEqual([replicas(second), second.decided], [[4, 1], ["prefill"]]);
  // Nothing else asks for it on this tick, so it has to say why.
  deepStrictEqual(
    second.reasons.filter(({ kind }) => kind === "waiting_step"),
    [
      { kind: "waiting_step", side: "prefill", from: 1, to: 4, wanted: 4 },
    ],
  );
  ok(!kinds(first).includes("waiting_step"));
  deepStrictEqual(subject.tick(inventoryOf([4, 1]), undefined).decided, []);
});

Deno.test("watts: a raised floor takes from the other side, in two steps, and waits for a rollout", () => {
  const subject = planner({
    budget: 1750,
    watts: [700, 700],
    yaml: "prefill_min_endpoint: 1\ndecode_min_endpoint: 0",
  });
  // Two prefill replicas are needed, and the budget holds two of anything.
  deepStrictEqual(replicas(subject.tick(inventoryOf([0, 2]), [1, 2])), [0, 1]);
  deepStrictEqual(
    replicas(
      subject.tick({ prefill: settled(0), decode: rolling(1) }, undefined),
    ),
    [0, 1],
  );
  deepStrictEqual(replicas(subject.tick(inventoryOf([0, 1]), undefined)), [
    1,
    1,
  ]);
});

Deno.test("rollout: no side grows while one rolls out; it is said once a rollout, and again in the next", () => {
  const subject = planner({ budget: 100_000 });
  const both = { prefill: rolling(2), decode: settled(2) };
  const began = (decision: Decision) =>
    decision.reasons.flatMap((reason) =>
      reason.kind === "rollout_hold" ? [reason.began] : []
    );
  const first = subject.tick(both, [4, 2]);
  deepStrictEqual([replicas(first), began(first)], [[2, 2], [true]]);
  ok(!first.decided.includes("prefill"));
  deepStrictEqual(began(subject.tick(both, [4, 2])), [false]);
  const settledAgain = subject.tick(inventoryOf([2, 2]), undefined);
  deepStrictEqual(replicas(settledAgain), [4, 2]);
  ok(kinds(settledAgain).includes("waiting_step"));
  deepStrictEqual(began(subject.tick(both, [5, 2])), [true]);
});

Deno.test("rollout: steps down pass, and steps up of the other side wait too", () => {
  const subject = planner({ budget: 100_000 });
  const found = { prefill: rolling(4), decode: settled(2) };
  const decision = subject.tick(found, [2, 5]);
  deepStrictEqual(replicas(decision), [2, 2]);
  deepStrictEqual(decision.decided, ["prefill"]);
});

Deno.test("rollout: the side that nobody proposed is not written", () => {
  const subject = planner({ budget: 100_000 });
  const decision = subject.tick({
    prefill: rolling(2, 3),
    decode: rolling(3),
  }, undefined);
  deepStrictEqual(decision.decided, []);
  // It repeats what the scaler is set to, not what serves.
  deepStrictEqual(replicas(decision), [3, 3]);
});

Deno.test("rollout: a target equal to what serves in passing is written", () => {
  const subject = planner({ budget: 100_000 });
  const decision = subject.tick(
    { prefill: rolling(2, 4), decode: settled(3) },
    [2, 3],
  );
  ok(decision.decided.includes("prefill"));
  strictEqual(replicas(decision)[0], 2);
});

Deno.test("rollout: unknown is not settled, and an unknown count of what serves is charged as none", () => {
  const subject = planner({ budget: 5500 });
  const unknown = subject.tick({
    prefill: { ...settled(2), rollout: "unknown" },
    decode: settled(2),
  }, [3, 2]);
  deepStrictEqual(replicas(unknown), [2, 2]);
});

Deno.test("without power awareness a rollout holds nothing here", () => {
  const config = configOf("max_gpu_budget: 64");
  const { decision } = decide(
    initialState(config.optimizer.initialCoefficients),
    tick(config, window(10), {
      inventory: { prefill: rolling(1), decode: rolling(1) },
      model: modelOf({
        prefill: { requestsPerSecond: 2, drawWatts: 400 },
        decode: { requestsPerSecond: 4, drawWatts: 300 },
      }),
    }),
  );
  deepStrictEqual(replicas(decision), [6, 3]);
});

for (
  const [mode, asked, capWatts, budget, result] of [
    ["prefill", 6, 400, 1200, 3],
    ["decode", 6, 300, 900, 3],
  ] as const
) {
  Deno.test(`watts: ${mode} alone, ${asked} of ${capWatts} W in ${budget} W → ${result}`, () => {
    const config = configOf(`
mode: ${mode}
max_gpu_budget: 64
enable_power_awareness: true
power_agent_safe_default_watts: ${capWatts}
total_gpu_power_limit: ${budget}`);
    const { decision } = decide(
      initialState(config.optimizer.initialCoefficients),
      tick(config, window(100), {
        inventory: { [mode]: settled(1) },
        model: modelOf({
          [mode]: {
            requestsPerSecond: 110 / asked * (1 + 1e-9),
            drawWatts: 300,
          },
        }),
      }),
    );
    deepStrictEqual(replicas(decision), [result]);
  });
}

Deno.test("watts win over the floor of GPUs: 2 decode, 8 GPUs to keep, 1200 W at 400 W → 3", () => {
  const config = configOf(`
mode: decode
max_gpu_budget: -1
min_gpu_budget: 8
enable_power_awareness: true
power_agent_safe_default_watts: 400
total_gpu_power_limit: 1200`);
  const { decision } = decide(
    initialState(config.optimizer.initialCoefficients),
    tick(config, window(1), {
      inventory: { decode: settled(2) },
      model: modelOf({ decode: { requestsPerSecond: 1, drawWatts: 300 } }),
    }),
  );
  deepStrictEqual(replicas(decision), [3]);
  ok(kinds(decision).includes("gpu_reconcile"));
  ok(kinds(decision).includes("power_budget"));
  ok(kinds(decision).includes("gpu_floor_yields"));
});

Deno.test("ours: a fleet that is over its budget shrinks although nothing was proposed", () => {
  const subject = planner({ budget: 100_000 });
  subject.tick(inventoryOf([4, 4]), [4, 4]);
  subject.setBudget(5000);
  const cut = subject.tick(inventoryOf([4, 4]), undefined);
  ok((cut.projectedWatts ?? Infinity) <= 5000);
  deepStrictEqual(cut.decided, ["prefill", "decode"]);
  const reason = cut.reasons.find(({ kind }) => kind === "power_budget");
  ok(reason?.kind === "power_budget");
  strictEqual(reason.overWatts, 7600 - 5000);
});

Deno.test("ours: a budget below the floors lowers caps before replicas, and writes both", () => {
  const subject = planner({ budget: 100_000 });
  subject.tick(inventoryOf([2, 2]), [2, 2]);
  subject.setBudget(1000);
  const cut = subject.tick(inventoryOf([2, 2]), undefined);
  deepStrictEqual(replicas(cut), [1, 1]);
  deepStrictEqual(cut.targets.map(({ capWatts }) => capWatts), [250, 250]);
});

Deno.test("a lower ceiling of GPUs is kept on any tick", () => {
  const config = configOf("max_gpu_budget: 4");
  const { decision } = decide(
    initialState(config.optimizer.initialCoefficients),
    tick(config, window(1), {
      due: { throughput: false, load: false },
      inventory: inventoryOf([3, 3]),
      model: modelOf({
        prefill: { requestsPerSecond: 1, drawWatts: 300 },
        decode: { requestsPerSecond: 1, drawWatts: 300 },
      }),
    }),
  );
  strictEqual(decision.gpus, 4);
});
