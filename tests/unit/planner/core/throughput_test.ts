/** Throughput scaling at the level of a decision: the limit of change, floors, the band of GPUs, lower bounds. @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { decide, initialState } from "../../../../planner/core/mod.ts";
import type { ScalingConfig } from "../../../../planner/config/mod.ts";
import {
  configOf,
  inventoryOf,
  modelOf,
  settled,
  signals,
  tick,
  window,
} from "../stand_in.ts";

type Pair = readonly [prefill: number, decode: number];

interface Case {
  readonly yaml?: string;
  readonly scaling?: Partial<ScalingConfig>;
  /** Replicas that demand alone needs. */
  readonly raw: Pair;
  readonly current: Pair;
}

/** One throughput tick of a fleet where each side's needs are as given: demand 1.1 a replica of capacity 1.1 ÷ raw. */
function run({ yaml = "", scaling = {}, raw, current }: Case) {
  const config = {
    ...configOf(`max_gpu_budget: 64\n${yaml}`),
    scaling: { maxReplicaChange: 8, ...scaling },
  };
  // 100 requests/s with the headroom are 110; a hair more per replica keeps the quotient at `raw`.
  const capacity = (replicas: number) => 110 / replicas * (1 + 1e-9);
  const model = modelOf({
    prefill: { requestsPerSecond: capacity(raw[0]), drawWatts: 500 },
    decode: { requestsPerSecond: capacity(raw[1]), drawWatts: 300 },
  });
  const inventory = {
    prefill: settled(current[0]),
    decode: settled(current[1]),
  };
  const { state, decision } = decide(
    initialState(config.optimizer.initialCoefficients),
    tick(config, window(100), { model, inventory }),
  );
  return {
    state,
    decision,
    replicas: decision.targets.map(({ replicas }) => replicas),
    again: () =>
      decide(
        state,
        tick(config, window(100), { model, inventory, nowMs: 120_000 }),
      )
        .decision,
  };
}

const BAND = "min_gpu_budget: 64";
const BOTH =
  "enable_load_scaling: true\nthroughput_adjustment_interval_seconds: 60";

const ROWS: readonly [
  name: string,
  given: Case,
  result: Pair,
  decision: string,
][] = [
  [
    "(24,40) needs (32,48)",
    { yaml: BAND, raw: [32, 48], current: [24, 40] },
    [24, 40],
    "gpu_budget_guard_hold",
  ],
  [
    "(28,36) needs (27,36) at the floor",
    { yaml: BAND, raw: [27, 36], current: [28, 36] },
    [28, 36],
    "gpu_budget_guard_hold",
  ],
  [
    "(24,36) needs (40,36) without a floor of GPUs",
    { raw: [40, 36], current: [24, 36] },
    [28, 36],
    "scale",
  ],
  [
    "(20,20) needs (1,20)",
    { raw: [1, 20], current: [20, 20] },
    [12, 20],
    "scale",
  ],
  [
    "(24,40) needs (8,180)",
    { yaml: BAND, raw: [8, 180], current: [24, 40] },
    [16, 48],
    "scale",
  ],
  [
    "(24,40) needs (8,180), at most 3 a decision",
    {
      yaml: BAND,
      scaling: { maxReplicaChange: 3 },
      raw: [8, 180],
      current: [24, 40],
    },
    [21, 43],
    "scale",
  ],
  [
    "(21,34) with floors 30 and 34",
    {
      yaml: `${BAND}\nprefill_min_endpoint: 30\ndecode_min_endpoint: 34`,
      raw: [30, 34],
      current: [21, 34],
    },
    [30, 34],
    "scale",
  ],
  [
    "(1,1) with a prefill floor of 30",
    { yaml: "prefill_min_endpoint: 30", raw: [1, 1], current: [1, 1] },
    [30, 1],
    "scale",
  ],
  [
    "(24,40) with floors 30 and 8 takes donors",
    {
      yaml: `${BAND}\nprefill_min_endpoint: 30\ndecode_min_endpoint: 8`,
      raw: [24, 40],
      current: [24, 40],
    },
    [30, 34],
    "gpu_budget_reconcile",
  ],
];

for (const [name, given, result, decision] of ROWS) {
  Deno.test(`throughput: ${name} → (${result})`, () => {
    const found = run(given);
    deepStrictEqual(found.replicas, result);
    strictEqual(found.decision.throughput, decision);
  });
}

Deno.test("throughput: with load scaling on it sets lower bounds and moves nothing, every time the same", () => {
  for (
    const [scaling, bounds] of [
      [{}, { prefill: 16, decode: 48 }],
      [{ maxReplicaChange: 3 }, { prefill: 21, decode: 43 }],
    ] as const
  ) {
    const found = run({
      yaml: `${BAND}\n${BOTH}`,
      scaling,
      raw: [8, 180],
      current: [24, 40],
    });
    deepStrictEqual(found.decision.lowerBounds, bounds);
    deepStrictEqual(found.replicas, [24, 40]);
    deepStrictEqual(found.decision.decided, []);
    strictEqual(found.decision.throughput, "set_lower_bound");
    deepStrictEqual(found.again().lowerBounds, bounds);
  }
});

Deno.test("throughput: bounds of a hold are what is there", () => {
  const { decision } = run({
    yaml: `${BAND}\n${BOTH}`,
    raw: [32, 48],
    current: [24, 40],
  });
  deepStrictEqual(decision.lowerBounds, { prefill: 24, decode: 40 });
});

Deno.test("throughput: a model that is not ready holds its side, and floors still apply", () => {
  const config = configOf("max_gpu_budget: 64\ndecode_min_endpoint: 3");
  const answer = {
    kind: "no_answer",
    code: "not_measured",
    message: "none",
  } as const;
  const { decision } = decide(
    initialState(config.optimizer.initialCoefficients),
    tick(config, window(100), {
      model: modelOf({
        prefill: { requestsPerSecond: 1, drawWatts: 500, answer },
        decode: { requestsPerSecond: 1, drawWatts: 300, answer },
      }),
      inventory: { prefill: settled(1), decode: settled(1) },
    }),
  );
  deepStrictEqual(decision.targets.map(({ replicas }) => replicas), [1, 3]);
  strictEqual(decision.throughput, "model_not_ready");
});

for (
  const [current, raw, result] of [[10, 100, 18], [64, 180, 64], [
    63,
    62,
    63,
  ]] as const
) {
  Deno.test(`throughput: one side, ${current} needs ${raw} → ${result}`, () => {
    const band = current === 10 ? "" : BAND;
    const config = {
      ...configOf(`mode: agg\nmax_gpu_budget: 64\n${band}`),
      scaling: { maxReplicaChange: 8 },
    };
    const { decision } = decide(
      initialState(config.optimizer.initialCoefficients),
      tick(config, window(100), {
        model: modelOf({
          agg: {
            requestsPerSecond: 110 / raw * (1 + 1e-9),
            drawWatts: 500,
          },
        }),
        inventory: { agg: settled(current) },
      }),
    );
    deepStrictEqual(decision.targets.map(({ replicas }) => replicas), [result]);
  });
}

Deno.test("throughput: a replica with side cars costs its side cars: 8 GPUs hold 2 of 4 and 1 of 5", () => {
  const config = configOf("mode: decode\nmax_gpu_budget: 8");
  const at = (gpusPerReplica: number | undefined) =>
    decide(
      initialState(config.optimizer.initialCoefficients),
      tick(config, window(100), {
        model: modelOf({
          decode: { requestsPerSecond: 110 / 3, drawWatts: 300, gpus: 4 },
        }),
        inventory: { decode: { ...settled(1), gpusPerReplica } },
      }),
    ).decision.targets[0]?.replicas;
  deepStrictEqual([at(undefined), at(4), at(5)], [2, 2, 1]);
});

Deno.test("throughput: cache hits reach the capacity question and never need more prefill", () => {
  const config = configOf("max_gpu_budget: 64");
  const asked: number[] = [];
  const base = modelOf({
    prefill: { requestsPerSecond: 10, drawWatts: 500 },
    decode: { requestsPerSecond: 10, drawWatts: 300 },
  });
  const model: typeof base = {
    ...base,
    answer(question) {
      if (question.side === "prefill") asked.push(question.islTokens);
      return base.answer(question);
    },
  };
  let state = initialState(config.optimizer.initialCoefficients);
  for (const kvHitRate of [0.8, undefined, NaN]) {
    const observation = window(10, { live: signals({ kvHitRate }) });
    state = decide(state, tick(config, observation, { model })).state;
    // 3000 tokens, a fifth of them not in the cache; an unknown rate leaves the last one.
    ok(Math.abs((asked.at(-1) ?? 0) - 600) < 1e-6, String(asked.at(-1)));
  }
});

Deno.test("throughput: accepted drafts are believed up to the configured number and one", () => {
  const at = (draftTokens: number, acceptLengths: (number | undefined)[]) => {
    const config = {
      ...configOf("max_gpu_budget: 64"),
      scaling: { draftTokens },
    };
    let state = initialState(config.optimizer.initialCoefficients);
    for (const acceptLength of acceptLengths) {
      state = decide(
        state,
        tick(config, window(1, { live: signals({ acceptLength }) }), {
          model: modelOf({
            prefill: { requestsPerSecond: 10, drawWatts: 500 },
            decode: { requestsPerSecond: 10, drawWatts: 300 },
          }),
        }),
      ).state;
    }
    return state.signals.acceptLength;
  };
  strictEqual(at(2, [4.5]), 3);
  strictEqual(at(0, [4.5]), 1);
  strictEqual(at(4, [2.5, undefined]), 2.5);
});

Deno.test("throughput: without a due traffic cadence nothing enters the history", () => {
  const config = configOf(
    "enable_throughput_scaling: false\nenable_load_scaling: true",
  );
  const { state, decision } = decide(
    initialState(config.optimizer.initialCoefficients),
    tick(config, window(100), {
      due: { throughput: false, load: true },
      inventory: inventoryOf([1, 1]),
    }),
  );
  deepStrictEqual(state.history.requestsPerSecond, []);
  strictEqual(decision.throughput, undefined);
  strictEqual(decision.predicted, undefined);
});
