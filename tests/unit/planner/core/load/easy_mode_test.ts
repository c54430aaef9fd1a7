/** Load scaling by upstream's easy modes, case by case. @module */

import { deepStrictEqual, strictEqual } from "node:assert";
import type { ScalingConfig } from "../../../../../planner/config/mod.ts";
import {
  decide,
  type EngineLoad,
  initialState,
  type PerSide,
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

interface Case {
  readonly mode?: string;
  readonly target: ScalingConfig["target"];
  readonly scaling?: Partial<ScalingConfig>;
  readonly yaml?: string;
  readonly engines: readonly EngineLoad[];
  readonly inventory: PerSide<SideInventory>;
  readonly gpus?: number;
}

function run(
  { mode = "disagg", target, scaling, yaml = "", engines, inventory, gpus = 1 }:
    Case,
) {
  const config = {
    ...configOf(`mode: ${mode}\nmax_gpu_budget: 64\n${yaml}`),
    scaling: { target, ...scaling },
  };
  const facts = { requestsPerSecond: 1, drawWatts: 300, gpus };
  const { decision } = decide(
    initialState(config.optimizer.initialCoefficients),
    tick(config, window(1, { live: signals({ engines }) }), {
      due: { throughput: false, load: true },
      model: modelOf({ prefill: facts, decode: facts, agg: facts }),
      inventory,
    }),
  );
  return {
    replicas: decision.targets.map(({ replicas }) => replicas),
    decision: decision.load?.decision,
    decided: decision.decided,
  };
}

/** One engine a worker, each with such a load. */
function loads(
  side: Side,
  ...values: readonly Partial<EngineLoad>[]
): EngineLoad[] {
  return values.map((load, index) =>
    engine({ side, workerId: `${side}-${index}`, ...load })
  );
}

const queued = (...tokens: number[]) =>
  loads(
    "prefill",
    ...tokens.map((queuedPrefillTokens) => ({ queuedPrefillTokens })),
  );
const cached = (...shares: number[]) =>
  loads(
    "decode",
    ...shares.map((share) => ({ scheduledDecodeKvTokens: share * 100_000 })),
  );
const aggregated = (...shares: number[]) =>
  loads(
    "agg",
    ...shares.map((share) => ({ scheduledDecodeKvTokens: share * 100_000 })),
  );

const ROWS: readonly [
  name: string,
  mode: "prefill" | "decode" | "agg",
  target: ScalingConfig["target"],
  engines: readonly EngineLoad[],
  from: number,
  to: number,
  decision: string,
][] = [
  [
    "a queue of one context",
    "prefill",
    "throughput",
    queued(4096),
    1,
    2,
    "scale_up",
  ],
  [
    "a queue of half a context",
    "prefill",
    "throughput",
    queued(2048),
    1,
    1,
    "no_change",
  ],
  [
    "a queue of a twentieth on both",
    "prefill",
    "throughput",
    queued(200, 200),
    2,
    1,
    "scale_down",
  ],
  [
    "one worker without a queue",
    "prefill",
    "throughput",
    queued(0),
    1,
    1,
    "no_change",
  ],
  [
    "latency: a queue just over a tenth",
    "prefill",
    "latency",
    queued(410),
    1,
    2,
    "scale_up",
  ],
  [
    "latency: no queue at all",
    "prefill",
    "latency",
    queued(0, 0),
    2,
    1,
    "scale_down",
  ],
  [
    "latency: any queued token",
    "prefill",
    "latency",
    queued(1, 0),
    2,
    2,
    "no_change",
  ],
  [
    "80 % running and 30 % waiting",
    "decode",
    "throughput",
    loads("decode", {
      scheduledDecodeKvTokens: 80_000,
      queuedDecodeKvTokens: 30_000,
    }),
    1,
    2,
    "scale_up",
  ],
  [
    "40 % on both",
    "decode",
    "throughput",
    cached(0.4, 0.4),
    2,
    1,
    "scale_down",
  ],
  ["70 %", "decode", "throughput", cached(0.7, 0.7), 2, 2, "no_change"],
  ["latency: 45 %", "decode", "latency", cached(0.45), 1, 2, "scale_up"],
  [
    "latency: 5 % on both",
    "decode",
    "latency",
    cached(0.05, 0.05),
    2,
    1,
    "scale_down",
  ],
  [
    "one hot engine of two",
    "decode",
    "throughput",
    cached(1.1, 0.1),
    2,
    3,
    "scale_up",
  ],
  [
    "one low, one medium",
    "decode",
    "throughput",
    cached(0.1, 0.7),
    2,
    2,
    "no_change",
  ],
  [
    "three low",
    "decode",
    "throughput",
    cached(0.2, 0.2, 0.2),
    3,
    2,
    "scale_down",
  ],
  [
    "55 % on both: one could not carry it",
    "decode",
    "throughput",
    cached(0.55, 0.55),
    2,
    2,
    "scale_down_refused_consolidation",
  ],
  ["aggregated, 110 %", "agg", "throughput", aggregated(1.1), 1, 2, "scale_up"],
  [
    "aggregated, queued prefill counts",
    "agg",
    "throughput",
    loads("agg", {
      queuedPrefillTokens: 20_000,
      scheduledDecodeKvTokens: 90_000,
    }),
    1,
    2,
    "scale_up",
  ],
  [
    "aggregated, 30 % on both",
    "agg",
    "throughput",
    aggregated(0.3, 0.3),
    2,
    1,
    "scale_down",
  ],
  [
    "no context length",
    "prefill",
    "throughput",
    loads("prefill", { contextLengthTokens: undefined }),
    1,
    1,
    "insufficient_data",
  ],
  [
    "no KV capacity",
    "decode",
    "throughput",
    loads("decode", { kvCapacityTokens: undefined }),
    1,
    1,
    "insufficient_data",
  ],
];

for (const [name, mode, target, engines, from, to, decision] of ROWS) {
  Deno.test(`easy mode, ${name}: ${from} → ${to}`, () => {
    const found = run({
      mode,
      target,
      engines,
      inventory: { [mode]: settled(from) },
    });
    deepStrictEqual([found.replicas, found.decision], [[to], decision]);
  });
}

Deno.test("easy mode, target load: the configured thresholds hold", () => {
  const scaling = {
    prefillQueueTokens: { up: 1000, down: 100 },
    decodeKvShare: { up: 0.8, down: 0.3 },
  };
  const at = (queue: number, share: number) =>
    run({
      target: "load",
      scaling,
      engines: [...queued(queue, queue), ...cached(share, share)],
      inventory: { prefill: settled(2), decode: settled(2) },
    }).replicas;
  deepStrictEqual(at(1000, 0.5), [3, 2]);
  deepStrictEqual(at(100, 0.3), [1, 1]);
  deepStrictEqual(at(500, 0.8), [2, 3]);
});

Deno.test("easy mode: each side goes up alone", () => {
  const at = (queue: number, share: number) =>
    run({
      target: "throughput",
      engines: [...queued(queue), ...cached(share)],
      inventory: { prefill: settled(1), decode: settled(1) },
    });
  const prefill = at(5000, 0.7);
  deepStrictEqual([prefill.replicas, prefill.decided], [[2, 1], ["prefill"]]);
  deepStrictEqual(at(1000, 1.2).replicas, [1, 2]);
});

Deno.test("easy mode: a floor of 2 is kept", () => {
  deepStrictEqual(
    run({
      mode: "decode",
      target: "throughput",
      yaml: "min_endpoint: 2",
      engines: cached(0.1, 0.1),
      inventory: { decode: settled(2) },
    }).replicas,
    [2],
  );
});

Deno.test("easy mode: a full GPU budget never asks for a second engine", () => {
  const found = run({
    mode: "decode",
    target: "throughput",
    engines: cached(1.5),
    inventory: { decode: settled(1) },
    gpus: 64,
  });
  deepStrictEqual([found.replicas, found.decision], [
    [1],
    "gpu_budget_guard_hold",
  ]);
});

const AT_TWO = { prefill: settled(2), decode: settled(2) };

Deno.test("load: skips in this order, with its reason", () => {
  const calm = [...queued(0, 0), ...cached(0.1, 0.1)];
  const at = (change: Partial<Case>) =>
    run({
      target: "throughput",
      engines: calm,
      inventory: AT_TWO,
      ...change,
    }).decision;
  strictEqual(at({}), "scale_down");
  strictEqual(
    at({
      inventory: { ...AT_TWO, decode: { ...settled(2), readyReplicas: 1 } },
    }),
    "scaling_in_progress",
  );
  strictEqual(
    at({
      inventory: { ...AT_TWO, prefill: { ...settled(2), rollout: "rolling" } },
    }),
    "scaling_in_progress",
  );
  strictEqual(
    at({ inventory: { prefill: settled(2) } }),
    "scaling_in_progress",
  );
  strictEqual(at({ engines: queued(0, 0) }), "no_fpm_data");
  strictEqual(
    at({ inventory: { ...AT_TWO, decode: settled(3) } }),
    "worker_count_mismatch",
  );
  strictEqual(
    at({
      engines: [
        ...calm,
        engine({ side: "decode", workerId: "decode-0", dpRank: 1 }),
      ],
    }),
    "worker_count_mismatch",
  );
});

Deno.test("load: switched off it says so, and easy modes switch it on alone", () => {
  const off = configOf("max_gpu_budget: 64");
  const decide1 = (scaling: Partial<ScalingConfig>) =>
    decide(
      initialState(off.optimizer.initialCoefficients),
      tick({ ...off, scaling }, window(10), {
        due: { throughput: true, load: true },
        model: modelOf({
          prefill: { requestsPerSecond: 1, drawWatts: 300 },
          decode: { requestsPerSecond: 1, drawWatts: 300 },
        }),
        inventory: AT_TWO,
      }),
    ).decision;
  const sla = decide1({ target: "sla" });
  deepStrictEqual([sla.throughput, sla.load?.decision], ["scale", "disabled"]);
  for (const target of ["throughput", "latency"] as const) {
    const easy = decide1({ target });
    deepStrictEqual([easy.throughput, easy.load?.decision], [
      "disabled",
      "no_fpm_data",
    ]);
  }
});
