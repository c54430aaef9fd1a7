/** Replicas that start up and are not needed any more (P36). @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import {
  decide,
  type Decision,
  initialState,
  type PerSide,
  type PlannerState,
  type Side,
  type SideInventory,
} from "../../../../../planner/core/mod.ts";
import {
  configOf,
  engine,
  modelOf,
  settled,
  signals,
  tick,
  window,
} from "../../stand_in.ts";

const LOAD_MS = 5000;

interface World {
  readonly mode?: string;
  readonly yaml?: string;
}

/** A planner in upstream's target `throughput` that is ticked by hand. */
function planner({ mode = "decode", yaml = "" }: World = {}) {
  const config = {
    ...configOf(`mode: ${mode}\nload_adjustment_interval_seconds: 5\n${yaml}`),
    scaling: { target: "throughput" as const },
  };
  const facts = { requestsPerSecond: 1, drawWatts: 200 };
  const model = modelOf({ prefill: facts, decode: facts, agg: facts });
  let state: PlannerState = initialState(config.optimizer.initialCoefficients);
  return {
    tick(
      atMs: number,
      inventory: PerSide<SideInventory>,
      shares: PerSide<number>,
    ): Decision {
      const engines = (["prefill", "decode", "agg"] as const).flatMap((side) =>
        shares[side] === undefined ? [] : Array.from(
          { length: inventory[side]?.readyReplicas ?? 0 },
          (_, index) =>
            engine({
              side,
              workerId: `${side}-${index}`,
              queuedPrefillTokens: side === "prefill"
                ? (shares[side] ?? 0) * 4096
                : 0,
              scheduledDecodeKvTokens: side === "prefill"
                ? 0
                : (shares[side] ?? 0) * 100_000,
            }),
        )
      );
      const next = decide(
        state,
        tick(config, window(1, { live: signals({ engines }) }), {
          nowMs: atMs,
          due: { throughput: false, load: true },
          inventory,
          model,
        }),
      );
      state = next.state;
      return next.decision;
    },
  };
}

function starting(ready: number, pending: number): SideInventory {
  return {
    ...settled(ready),
    targetReplicas: ready + pending,
    startingReplicas: pending,
  };
}

function replicasOf(decision: Decision, side: Side): number | undefined {
  return decision.targets.find((target) => target.side === side)?.replicas;
}

for (const ready of [1, 3]) {
  for (const mode of ["decode", "agg"] as const) {
    Deno.test(`cancel: little load on ${ready} ${mode} with one pending → ${Math.max(1, ready - 1)}, after one load interval`, () => {
      const { tick } = planner({ mode });
      const inventory = { [mode]: starting(ready, 1) };
      const first = tick(0, inventory, { [mode]: 0.05 });
      deepStrictEqual([first.decided, first.load?.decision], [
        [],
        "scaling_in_progress",
      ]);
      const second = tick(LOAD_MS, inventory, { [mode]: 0.05 });
      strictEqual(replicasOf(second, mode), Math.max(1, ready - 1));
      deepStrictEqual(second.decided, [mode]);
      ok(second.reasons.some(({ kind }) => kind === "startup_cancelled"));
    });
  }
}

Deno.test("cancel: the other side of the deployment is not proposed", () => {
  const { tick } = planner({ mode: "disagg" });
  const inventory = { prefill: settled(1), decode: starting(1, 1) };
  tick(0, inventory, { prefill: 0, decode: 0.05 });
  const decision = tick(LOAD_MS, inventory, { prefill: 0, decode: 0.05 });
  deepStrictEqual(decision.decided, ["decode"]);
  strictEqual(replicasOf(decision, "decode"), 1);
  strictEqual(replicasOf(decision, "prefill"), 1);
});

Deno.test("cancel: hold and up never cancel", () => {
  for (const share of [0.7, 0.95, 1.2]) {
    const { tick } = planner();
    const inventory = { decode: starting(2, 1) };
    for (const atMs of [0, 5000, 10_000]) {
      deepStrictEqual(tick(atMs, inventory, { decode: share }).decided, []);
    }
  }
});

Deno.test("cancel: without pending replicas, or with a drain, nothing is cancelled", () => {
  for (
    const found of [
      { ...starting(2, 1), startingReplicas: 0 },
      { ...starting(2, 1), rollout: "rolling" as const },
      { ...starting(2, 1), rollout: "failed" as const },
      { ...starting(2, 1), rollout: "unknown" as const },
      { ...starting(2, 1), readyReplicas: undefined },
      { ...starting(2, 1), targetReplicas: 1 },
    ]
  ) {
    const { tick } = planner();
    tick(0, { decode: found }, { decode: 0.05 });
    const decision = tick(LOAD_MS, { decode: found }, { decode: 0.05 });
    deepStrictEqual(decision.decided, [], JSON.stringify(found));
  }
});

Deno.test("cancel: without metrics of that side nothing is cancelled", () => {
  const { tick } = planner();
  tick(0, { decode: starting(2, 1) }, {});
  const decision = tick(LOAD_MS, { decode: starting(2, 1) }, {});
  deepStrictEqual([decision.decided, decision.load?.decision], [
    [],
    "no_fpm_data",
  ]);
});

Deno.test("cancel: fast ticks do not shorten the interval", () => {
  const { tick } = planner();
  const inventory = { decode: starting(2, 1) };
  for (const atMs of [0, 1000, 2000, 3000, 4000]) {
    deepStrictEqual(tick(atMs, inventory, { decode: 0.05 }).decided, []);
  }
  deepStrictEqual(tick(5000, inventory, { decode: 0.05 }).decided, ["decode"]);
});

Deno.test("cancel: an up signal, and a replica that became ready, begin the interval anew", () => {
  const up = planner();
  up.tick(0, { decode: starting(2, 1) }, { decode: 0.05 });
  up.tick(4000, { decode: starting(2, 1) }, { decode: 1.2 });
  deepStrictEqual(
    up.tick(5000, { decode: starting(2, 1) }, { decode: 0.05 }).decided,
    [],
  );
  deepStrictEqual(
    up.tick(10_000, { decode: starting(2, 1) }, { decode: 0.05 }).decided,
    ["decode"],
  );
  const ready = planner();
  ready.tick(0, { decode: starting(2, 2) }, { decode: 0.05 });
  deepStrictEqual(
    ready.tick(5000, { decode: starting(3, 1) }, { decode: 0.05 }).decided,
    [],
  );
});

Deno.test("cancel: a clock that goes back begins the interval anew", () => {
  const { tick } = planner();
  const inventory = { decode: starting(2, 1) };
  tick(1_000_000, inventory, { decode: 0.05 });
  deepStrictEqual(tick(0, inventory, { decode: 0.05 }).decided, []);
  deepStrictEqual(tick(LOAD_MS, inventory, { decode: 0.05 }).decided, [
    "decode",
  ]);
});

Deno.test("cancel: where the survivors could not carry the load, only the pending one goes", () => {
  const { tick } = planner();
  const inventory = { decode: starting(2, 1) };
  tick(0, inventory, { decode: 0.55 });
  strictEqual(
    replicasOf(tick(LOAD_MS, inventory, { decode: 0.55 }), "decode"),
    2,
  );
  const later = tick(2 * LOAD_MS, { decode: settled(2) }, { decode: 0.55 });
  deepStrictEqual(later.decided, []);
});

Deno.test("cancel: the floor of the side holds", () => {
  const three = planner({ yaml: "min_endpoint: 2" });
  three.tick(0, { decode: starting(3, 1) }, { decode: 0.01 });
  strictEqual(
    replicasOf(
      three.tick(LOAD_MS, { decode: starting(3, 1) }, { decode: 0.01 }),
      "decode",
    ),
    2,
  );
  const one = planner({ yaml: "min_endpoint: 2" });
  one.tick(0, { decode: starting(1, 1) }, { decode: 0.01 });
  deepStrictEqual(
    one.tick(LOAD_MS, { decode: starting(1, 1) }, { decode: 0.01 }).decided,
    [],
  );
});

Deno.test("cancel: a floor of GPUs forbids it, a ceiling does not", () => {
  const at = (yaml: string) => {
    const { tick } = planner({ yaml });
    const inventory = { decode: starting(2, 1) };
    tick(0, inventory, { decode: 0.05 });
    return replicasOf(tick(LOAD_MS, inventory, { decode: 0.05 }), "decode");
  };
  strictEqual(at("min_gpu_budget: 3"), 3);
  strictEqual(at("max_gpu_budget: 3"), 1);
});

Deno.test("cancel: an up signal under a full ceiling is never turned into a cancellation", () => {
  const { tick } = planner({ yaml: "max_gpu_budget: 3" });
  const inventory = { decode: starting(2, 1) };
  for (const atMs of [0, LOAD_MS]) {
    const decision = tick(atMs, inventory, { decode: 1.2 });
    strictEqual(replicasOf(decision, "decode"), 3);
  }
});

Deno.test("cancel: throughput scaling cancels on a need that is really lower", () => {
  const config = configOf("mode: decode\nmax_gpu_budget: 4");
  const at = (needed: number) =>
    decide(
      initialState(config.optimizer.initialCoefficients),
      tick(config, window(needed / 1.1), {
        inventory: { decode: starting(2, 2) },
        model: modelOf({ decode: { requestsPerSecond: 1, drawWatts: 200 } }),
      }),
    ).decision.targets[0]?.replicas;
  strictEqual(at(1), 1);
  strictEqual(at(9), 4);
});

const CUT = `
enable_power_awareness: true
power_agent_safe_default_watts: 200
`;

Deno.test("cancel: pending replicas of the other side are charged: 800 W allow it", () => {
  const at = (budget: number) => {
    const { tick } = planner({
      mode: "disagg",
      yaml: `${CUT}total_gpu_power_limit: ${budget}`,
    });
    const inventory = { prefill: starting(1, 2), decode: starting(1, 1) };
    tick(0, inventory, { prefill: 0.5, decode: 0.05 });
    return tick(LOAD_MS, inventory, { prefill: 0.5, decode: 0.05 });
  };
  const allowed = at(800);
  deepStrictEqual(allowed.targets.map(({ replicas }) => replicas), [3, 1]);
  strictEqual(allowed.projectedWatts, 800);
  // 500 W cannot hold what starts up: the watts win over what is on its way.
  ok((at(500).projectedWatts ?? Infinity) <= 500);
});
