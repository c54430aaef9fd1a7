/** Load scaling to the latency targets: estimates, consolidation, samples. @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import {
  decide,
  type EngineLoad,
  initialState,
  type PlannerState,
  type Side,
} from "../../../../../planner/core/mod.ts";
import {
  fitStepTime,
  type LoadSample,
  prefillTimeMs,
  slaSignal,
  uncachedShare,
  withSamples,
} from "../../../../../planner/core/load/mod.ts";
import { scalingOf } from "../../../../../planner/core/mod.ts";
import {
  configOf,
  engine,
  modelOf,
  settled,
  signals,
  tick,
  window,
} from "../../stand_in.ts";

/** Steps that take 11 ms and 0.01 ms a KV token, 1 ms and 0.02 ms a prefill token. */
const SAMPLES: Readonly<Record<Side, readonly LoadSample[]>> = {
  prefill: [500, 1000, 2000, 4000, 8000].map((prefillTokens) => ({
    prefillTokens,
    kvTokens: 0,
    wallTimeMs: 1 + 0.02 * prefillTokens,
  })),
  decode: [1000, 2000, 8000, 16_000, 30_000].map((kvTokens) => ({
    prefillTokens: 0,
    kvTokens,
    wallTimeMs: 11 + 0.01 * kvTokens,
  })),
  agg: [[0, 1000], [1000, 1000], [2000, 8000], [500, 16_000], [4000, 2000]]
    .map(([prefillTokens = 0, kvTokens = 0]) => ({
      prefillTokens,
      kvTokens,
      wallTimeMs: 5 + 0.02 * prefillTokens + 0.002 * kvTokens,
    })),
};

interface Case {
  readonly mode: Side;
  readonly engines: readonly Partial<EngineLoad>[];
  readonly ttftMs?: number;
  readonly itlMs?: number;
  readonly islTokens?: number;
  readonly samples?: readonly LoadSample[];
  readonly yaml?: string;
}

function run(
  { mode, engines, ttftMs = 500, itlMs = 50, islTokens = 1000, samples, yaml }:
    Case,
) {
  const config = configOf(`
mode: ${mode}
max_gpu_budget: 64
ttft_ms: ${ttftMs}
itl_ms: ${itlMs}
enable_load_scaling: true
enable_throughput_scaling: false
${yaml ?? ""}`);
  const state: PlannerState = {
    ...initialState(config.optimizer.initialCoefficients),
    load: { samples: { [mode]: samples ?? SAMPLES[mode] }, down: {} },
  };
  const facts = { requestsPerSecond: 1, drawWatts: 300 };
  const { decision } = decide(
    state,
    tick(
      config,
      window(1, {
        islTokens,
        live: signals({
          engines: engines.map((load, index) =>
            // A heartbeat adds no sample.
            engine({
              side: mode,
              workerId: `w${index}`,
              wallTimeMs: 0,
              ...load,
            })
          ),
        }),
      }),
      {
        due: { throughput: false, load: true },
        model: modelOf({ prefill: facts, decode: facts, agg: facts }),
        inventory: { [mode]: settled(engines.length) },
      },
    ),
  );
  return {
    replicas: decision.targets[0]?.replicas,
    load: decision.load,
  };
}

const kv = (scheduledDecodeKvTokens: number, count: number) =>
  Array.from({ length: count }, () => ({ scheduledDecodeKvTokens }));
const queue = (queuedPrefillTokens: number, count: number) =>
  Array.from({ length: count }, () => ({ queuedPrefillTokens }));

const ROWS: readonly [
  name: string,
  given: Case,
  to: number,
  decision: string,
][] = [
  [
    "prefill: a queue of 10,000 against 5 ms",
    { mode: "prefill", engines: queue(10_000, 1), ttftMs: 5 },
    2,
    "scale_up",
  ],
  [
    "decode: 30,000 running and 20,000 waiting against 5 ms",
    {
      mode: "decode",
      engines: [{
        scheduledDecodeKvTokens: 30_000,
        queuedDecodeKvTokens: 20_000,
      }],
      itlMs: 5,
    },
    2,
    "scale_up",
  ],
  [
    "decode: 2 × 1500 KV",
    { mode: "decode", engines: kv(1500, 2), itlMs: 100 },
    1,
    "scale_down",
  ],
  [
    "decode: 2 × 8000 KV, 171 ms on one",
    { mode: "decode", engines: kv(8000, 2), itlMs: 100 },
    2,
    "scale_down_refused_consolidation",
  ],
  [
    "decode: 2 × 60,000 KV of 100,000, whatever the target",
    { mode: "decode", engines: kv(60_000, 2), itlMs: 100_000 },
    2,
    "scale_down_refused_consolidation",
  ],
  [
    "decode: without a capacity the target alone decides",
    {
      mode: "decode",
      engines: kv(60_000, 2).map((load) => ({
        ...load,
        kvCapacityTokens: undefined,
      })),
      itlMs: 100_000,
    },
    1,
    "scale_down",
  ],
  [
    "prefill: 2 with 30,000 queued",
    { mode: "prefill", engines: queue(30_000, 2), ttftMs: 1000 },
    2,
    "scale_down_refused_consolidation",
  ],
  [
    "prefill: 2 with empty queues",
    { mode: "prefill", engines: queue(0, 2) },
    1,
    "scale_down",
  ],
  [
    "prefill: 10 with 2000 queued, only the queue grows",
    { mode: "prefill", engines: queue(2000, 10), ttftMs: 100 },
    9,
    "scale_down",
  ],
  [
    "prefill: 21 ms of its own and 20 of the queue within 50",
    { mode: "prefill", engines: queue(500, 2), ttftMs: 50 },
    1,
    "scale_down",
  ],
  [
    "prefill: its own time above the target on one of two",
    {
      mode: "prefill",
      engines: [{ queuedPrefillTokens: 0 }, { queuedPrefillTokens: 0 }],
      ttftMs: 21,
    },
    2,
    "scale_down_refused_consolidation",
  ],
  [
    "one worker stays, and nothing is divided by none",
    { mode: "decode", engines: kv(10, 1) },
    1,
    "no_change",
  ],
  [
    "agg: prefill refuses, and decode does not overrule it",
    {
      mode: "agg",
      engines: Array.from({ length: 2 }, () => ({
        queuedPrefillTokens: 15_000,
        scheduledDecodeKvTokens: 500,
      })),
      ttftMs: 400,
      itlMs: 100,
    },
    2,
    "scale_down_refused_consolidation",
  ],
  [
    "agg: waiting decode tokens count",
    {
      mode: "agg",
      engines: Array.from({ length: 2 }, () => ({
        scheduledDecodeKvTokens: 5000,
        queuedDecodeKvTokens: 25_000,
      })),
      itlMs: 100,
    },
    2,
    "scale_down_refused_consolidation",
  ],
  [
    "agg: both sides safe",
    {
      mode: "agg",
      engines: kv(1000, 2),
      itlMs: 100,
    },
    1,
    "scale_down",
  ],
  [
    "too few samples",
    {
      mode: "decode",
      engines: kv(1500, 2),
      samples: SAMPLES.decode.slice(0, 4),
    },
    2,
    "insufficient_data",
  ],
];

for (const [name, given, to, decision] of ROWS) {
  Deno.test(`latency targets, ${name}: ${given.engines.length} → ${to}`, () => {
    const found = run(given);
    deepStrictEqual([found.replicas, found.load?.decision], [to, decision]);
  });
}

Deno.test("latency targets: the estimates are published", () => {
  const found = run({
    mode: "prefill",
    engines: queue(10_000, 1),
    ttftMs: 5,
  });
  // 11,000 tokens in two steps: 2 × 1 ms and 11,000 × 0.02 ms.
  ok(Math.abs((found.load?.estimatedTtftMs ?? 0) - 222) < 1e-6);
});

Deno.test("samples: wall time 0 is a heartbeat, and the fullest bucket gives way", () => {
  const scaling = {
    ...scalingOf(configOf("")),
    maxSamples: 6,
    sampleBuckets: 4,
  };
  const of = (tokens: number, wallTimeMs = 1) =>
    engine({
      side: "decode",
      scheduledDecodeKvTokens: tokens,
      wallTimeMs,
    });
  const add = (samples: readonly LoadSample[], load: EngineLoad) =>
    withSamples(samples, [load], { side: "decode", scaling });
  strictEqual(add([], of(1000, 0)).length, 0);
  let samples: readonly LoadSample[] = [];
  for (const tokens of [100, 110, 120, 9000, 130, 140]) {
    samples = add(samples, of(tokens));
  }
  samples = add(samples, of(5000));
  deepStrictEqual(
    samples.map(({ kvTokens }) => kvTokens),
    [110, 120, 9000, 130, 140, 5000],
  );
});

Deno.test("samples: never more than their maximum, whatever comes, in one dimension and in two", () => {
  const value = fc.oneof(
    fc.integer({ min: 0, max: 100_000 }),
    fc.constantFrom(NaN, -1, Infinity),
  );
  fc.assert(
    fc.property(
      fc.constantFrom<Side>("prefill", "decode", "agg"),
      fc.array(fc.tuple(value, value, value), { maxLength: 200 }),
      fc.constantFrom(6, 8, 20),
      (side, steps, maxSamples) => {
        const scaling = { ...scalingOf(configOf("")), maxSamples };
        const samples = withSamples(
          [],
          steps.map(([prefill, kvTokens, wallTimeMs]) =>
            engine({
              side,
              scheduledPrefillTokens: prefill,
              scheduledDecodeKvTokens: kvTokens,
              wallTimeMs,
            })
          ),
          { side, scaling },
        );
        ok(samples.length <= maxSamples);
        const fit = fitStepTime(samples, side, 5);
        if (!fit) return;
        for (const part of Object.values(fit)) ok(part >= 0);
      },
    ),
  );
});

Deno.test("samples: a slope that is not positive is no fit", () => {
  const falling = SAMPLES.decode.map((sample) => ({
    ...sample,
    wallTimeMs: 1000 - sample.kvTokens * 0.01,
  }));
  strictEqual(fitStepTime(falling, "decode", 5), undefined);
  const level = SAMPLES.decode.map((sample) => ({ ...sample, kvTokens: 7 }));
  strictEqual(fitStepTime(level, "decode", 5), undefined);
});

Deno.test("cache hits: none is none, half is about half, more than 0.95 is 0.95", () => {
  const step = { baseMs: 0, perPrefillTokenMs: 0.02, perKvTokenMs: 0 };
  const at = (rate: number | undefined) =>
    prefillTimeMs(10_000 * uncachedShare(rate), step, {
      batchedTokens: 8192,
      kvTokens: 0,
    });
  strictEqual(at(undefined), at(0));
  strictEqual(at(-1), at(0));
  strictEqual(at(NaN), at(0));
  ok(Math.abs(at(0.5) - at(0) / 2) < 1e-9);
  strictEqual(at(2), at(0.95));
});

Deno.test("agg: where prefill tells nothing, decode decides alone", () => {
  const scaling = scalingOf(configOf(""));
  const flat = SAMPLES.decode.map((sample) => ({
    ...sample,
    prefillTokens: 100,
  }));
  const signal = slaSignal(
    [engine({ side: "agg" }), engine({ side: "agg", workerId: "w1" })],
    "agg",
    {
      samples: flat,
      scaling,
      ttftMs: 1,
      itlMs: 100,
      islTokens: 1000,
      kvHitRate: undefined,
      acceptLength: 1,
      workers: 2,
    },
  );
  strictEqual(signal.signal, "down");
  strictEqual(signal.ttftMs, undefined);
});
