/** Metrics: honest names, nothing unknown as zero, old names beside them when asked. @module */

import assert from "node:assert/strict";
import type { Observation, Transition } from "../../../../planner/core/mod.ts";
import {
  LEGACY_METRICS,
  METRIC_PREFIX,
  METRICS,
  PlannerMetrics,
} from "../../../../planner/serve/mod.ts";
import { configOf, window } from "../stand_in.ts";
import { CONFIG, settledTransition, type World, world } from "../loop/world.ts";

function metricsOf(
  w: World,
  options: { legacyNames?: boolean; modelName?: string } = {},
): PlannerMetrics {
  const metrics = new PlannerMetrics({
    legacyNames: options.legacyNames ?? false,
    modelName: options.modelName,
    streamReaders: () => 0,
    streamDropped: () => 0,
    startedAtSeconds: 0,
  });
  metrics.settings(w.settings.current());
  w.loop.listen(metrics.listener);
  return metrics;
}

/** Value of a series, or undefined. */
async function value(
  metrics: PlannerMetrics,
  series: string,
): Promise<number | undefined> {
  const { text } = await metrics.exposition();
  const line = text.split("\n").find((entry) =>
    entry.startsWith(`${METRIC_PREFIX}${series} `)
  );
  return line === undefined ? undefined : Number(line.split(" ").at(-1));
}

async function after(
  milliseconds: number,
  options: Parameters<typeof world>[0] = {},
  prepare: (w: World) => void = () => {},
): Promise<{ w: World; metrics: PlannerMetrics }> {
  const w = world(options);
  const metrics = metricsOf(w);
  prepare(w);
  w.start();
  await w.clock.run(milliseconds);
  await w.stop();
  return { w, metrics };
}

const LIVE = {
  ttftMs: 180,
  itlMs: 22,
  requestDurationMs: 4_000,
  tokensPerSecond: 300,
  kvHitRate: undefined,
  acceptLength: undefined,
  drawWatts: {},
  totalDrawWatts: 900,
  prefillActive: true,
  decodeActive: true,
  engines: undefined,
};

Deno.test("names have the prefix, units and the suffix of their type", () => {
  for (const { name, type, help, labels } of Object.values(METRICS)) {
    assert.match(name, /^[a-z][a-z0-9_]*[a-z0-9]$/);
    assert.equal(type === "counter", name.endsWith("_total"), name);
    assert(help.endsWith("."), name);
    assert(!labels.some((label) => label === "model_name"), name);
  }
  const names = Object.values(METRICS).map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

Deno.test("docs/metrics.md lists every metric and every old name", async () => {
  const page = await Deno.readTextFile(
    new URL("../../../../docs/metrics.md", import.meta.url),
  );
  const missing = [...Object.values(METRICS), ...LEGACY_METRICS]
    .map(({ name }) => name).filter((name) => !page.includes(`\`${name}\``));
  assert.deepEqual(missing, []);
  const known = new Set(
    [...Object.values(METRICS), ...LEGACY_METRICS].map(({ name }) => name),
  );
  const rows = Array.from(page.matchAll(/^\| `([a-z_]+)` +\|/gm), ([, n]) => n);
  assert(rows.length > 0);
  assert.deepEqual(rows.filter((name) => !known.has(name ?? "")), []);
});

Deno.test("before anything happened no gauge says 0 for what is unknown", async () => {
  const metrics = metricsOf(world());
  for (
    const name of [
      "num_prefill_replicas",
      "observed_requests_per_second",
      "predicted_requests_per_second",
      "power_charged_watts",
      "over_budget_watts",
    ]
  ) assert.equal(await value(metrics, name), undefined, name);
  assert.equal(await value(metrics, "sla_target_ttft_ms"), 500);
  assert.equal(await value(metrics, "power_budget_total_watts"), 12_000);
});

Deno.test("replicas, traffic, prediction and projection of a decision", async () => {
  const { w, metrics } = await after(2_000);
  const { targets } = w.loop.last!.decision;
  assert.equal(
    await value(metrics, 'target_replicas{side="prefill"}'),
    targets[0]?.replicas,
  );
  assert.equal(
    await value(metrics, "num_prefill_replicas"),
    targets[0]?.replicas,
  );
  const requests = await value(metrics, "observed_requests_per_second");
  assert.equal(requests, 2);
  assert.equal(await value(metrics, "predicted_requests_per_second"), 2);
  assert.equal(
    await value(metrics, "power_budget_utilization"),
    (await value(metrics, "power_projected_watts"))! / 12_000,
  );
  assert.equal(await value(metrics, 'decisions_total{due="throughput"}'), 1);
});

Deno.test("without power awareness there is no projection", async () => {
  const { metrics } = await after(1_000, {
    config: configOf("max_gpu_budget: 64"),
  });
  assert.equal(await value(metrics, "power_projected_watts"), undefined);
  assert.equal(await value(metrics, "power_budget_total_watts"), undefined);
});

Deno.test("unknown traffic leaves the last prediction and the last observation", async () => {
  const { metrics } = await after(61_000, {}, (w) => {
    const known = w.source.answer;
    w.source.answer = (request, signal) =>
      w.clock.now() === 0
        ? known(request, signal)
        : window(0, { ...request, requests: undefined });
  });
  assert.equal(await value(metrics, "predicted_requests_per_second"), 2);
  assert.equal(await value(metrics, "observed_requests_per_second"), 2);
});

Deno.test("GPU hours: the first look adds nothing, then replicas × GPUs × time", async () => {
  const { metrics } = await after(3_600_000, {
    brain: {
      stage: (ledger) => ({ ledger, transition: settledTransition(12_000) }),
    },
  });
  const hours = await value(metrics, "gpu_hours_total");
  assert(Math.abs(hours! - 2) < 0.001, `${hours}`);
});

Deno.test("energy and joules per token come from draw and tokens of each window", async () => {
  const { metrics } = await after(60_000, {}, (w) => {
    w.source.answer = ({ atMs, windowSeconds }): Observation => ({
      ...window(1, { atMs, windowSeconds }),
      live: LIVE,
    });
  });
  assert.equal(await value(metrics, "energy_joules_total"), 900 * 120);
  assert.equal(await value(metrics, "output_tokens_total"), 300 * 120);
  assert.equal(await value(metrics, "joules_per_token"), 3);
  assert.equal(await value(metrics, "observed_ttft_ms"), 180);
  assert.equal(await value(metrics, "observed_request_duration_seconds"), 4);
});

Deno.test("a cut is measured from the lower budget to the ledger's word", async () => {
  let over = false;
  const transition = (): Transition => ({
    ...settledTransition(12_000),
    chargedWatts: over ? 13_000 : 11_000,
    compliant: !over,
    ...(over
      ? { cut: { fromWatts: 14_000, toWatts: 12_000, sinceMs: 0 } }
      : {}),
  });
  const w = world({
    brain: { stage: (ledger) => ({ ledger, transition: transition() }) },
  });
  const metrics = metricsOf(w);
  w.start();
  await w.clock.run(10_000);
  assert.equal(await value(metrics, "over_budget_watts"), 0);
  assert.equal(await value(metrics, "power_headroom_watts"), 1_000);
  over = true;
  await w.clock.run(7_000);
  assert.equal(await value(metrics, "over_budget_watts"), 1_000);
  assert.equal(await value(metrics, "power_compliant"), 0);
  over = false;
  await w.clock.run(2_000);
  await w.stop();
  assert.equal(
    await value(metrics, "power_time_to_compliance_seconds_count"),
    1,
  );
  const seconds = await value(metrics, "power_time_to_compliance_seconds_sum");
  assert(seconds! >= 6 && seconds! <= 8, `${seconds}`);
});

Deno.test("replicas below the floor for want of watts are counted as shed", async () => {
  const { w, metrics } = await after(61_000, {
    config: configOf(
      CONFIG.replace("12000", "300").replace(
        "max_gpu_budget",
        "prefill_min_endpoint: 2\nmax_gpu_budget",
      ),
    ),
  });
  const shed = w.eventsOf("decided").reduce(
    (sum, { record }) =>
      sum +
      record.decision.targets.reduce((missing, { side, replicas }) =>
        missing + Math.max(0, (side === "prefill" ? 2 : 1) - replicas), 0),
    0,
  );
  assert(shed > 0);
  const counted =
    (await value(metrics, 'shed_replicas_total{side="prefill"}') ?? 0) +
    (await value(metrics, 'shed_replicas_total{side="decode"}') ?? 0);
  assert.equal(counted, shed);
});

Deno.test("alarms stand while they stand and are counted once", async () => {
  let standing = true;
  const w = world({
    brain: {
      stage: (ledger) => ({
        ledger,
        transition: {
          ...settledTransition(12_000),
          alarms: standing
            ? [{
              kind: "agent_silent",
              message: "node-1 is silent",
              nodeName: "node-1",
              podName: undefined,
              gpuUuid: undefined,
              watts: undefined,
            }]
            : [],
        },
      }),
    },
  });
  const metrics = metricsOf(w);
  w.start();
  await w.clock.run(10_000);
  assert.equal(await value(metrics, 'alarms{kind="agent_silent"}'), 1);
  standing = false;
  await w.clock.run(2_000);
  await w.stop();
  assert.equal(await value(metrics, 'alarms{kind="agent_silent"}'), undefined);
  assert.equal(
    await value(metrics, 'alarms_raised_total{kind="agent_silent"}'),
    1,
  );
});

Deno.test("faults and steps have their counters", async () => {
  const { metrics } = await after(61_000, {}, (w) => {
    w.source.answer = () => Promise.reject(new Error("down"));
  });
  assert.equal(await value(metrics, 'fault{part="source"}'), 1);
  assert.equal(await value(metrics, 'faults_raised_total{part="source"}'), 1);
});

Deno.test("a model name labels every series, an empty one too; without one there is none", async () => {
  for (const modelName of ["Qwen/Qwen3-32B", ""]) {
    const metrics = metricsOf(world(), { modelName });
    const { text } = await metrics.exposition();
    const series = text.split("\n").filter((line) =>
      line !== "" && !line.startsWith("#")
    );
    assert(series.length > 5);
    assert(series.every((line) => line.includes(`model_name="${modelName}"`)));
  }
  const { text } = await metricsOf(world()).exposition();
  assert(!text.includes("model_name"));
});

Deno.test("old names carry the values of ours, and only when asked", async () => {
  const w = world();
  const plain = metricsOf(w);
  const legacy = metricsOf(w, { legacyNames: true });
  w.start();
  await w.clock.run(2_000);
  await w.stop();
  assert.equal(
    await value(legacy, "predicted_num_decode_replicas"),
    await value(legacy, 'target_replicas{side="decode"}'),
  );
  assert.equal(
    await value(legacy, "gpu_hours"),
    await value(legacy, "gpu_hours_total"),
  );
  assert.equal(await value(plain, "predicted_num_decode_replicas"), undefined);
  const { text } = await legacy.exposition();
  const families = Array.from(text.matchAll(/^# TYPE (\S+)/gm), ([, n]) => n);
  assert.equal(new Set(families).size, families.length);
});
