/** Events of a file as faults of the world: nothing that is written is left out. @module */

import assert from "node:assert/strict";
import { resolveEvents } from "../../../../proof/scenarios/run/resolve_events.ts";
import { AllowedBudget } from "../../../../proof/scenarios/run/allowed_budget.ts";
import type { Scenario } from "../../../../proof/scenarios/schema/mod.ts";
import { ActiveFaults, FaultPlayer } from "../../../../simulator/mod.ts";

const CONTEXT = {
  tickMs: 60_000,
  nodes: ["node-1", "node-2"],
  bias: {
    power_bias_prefill: 1,
    power_bias_decode: 1,
    ttft_bias: 1,
    itl_bias: 1,
    capacity_bias: 1,
  },
  minWatts: 200,
  maxWatts: 700,
  usualNode: "node-2",
};

const resolve = (events: readonly unknown[], change = {}) =>
  resolveEvents(events as Scenario["events"], { ...CONTEXT, ...change });

/** The bias of decode watts at a tick. */
function decodeBias(events: readonly unknown[], tick: number, change = {}) {
  const active = new ActiveFaults();
  const { faults } = resolve(events, change);
  new FaultPlayer(faults, active, []).playUntil(tick * 60_000);
  return active.bias("power_decode", tick * 60_000);
}

const signal = "power_bias_decode";

Deno.test("a step stays until the next one, and takes the place of the file's bias", () => {
  const events = [
    { type: "bias_step", at_tick: 5, signal, value: 0.7 },
    { type: "bias_step", at_tick: 8, signal, value: 1 },
  ];
  const change = { bias: { ...CONTEXT.bias, power_bias_decode: 1.2 } };
  assert.deepEqual(
    [4, 5, 7, 8, 50].map((tick) => decodeBias(events, tick, change)),
    [1.2, 0.7, 0.7, 1, 1],
  );
});

Deno.test("a ramp is applied, linear, and its end stays", () => {
  const events = [{
    type: "bias_ramp",
    start_tick: 10,
    end_tick: 20,
    signal,
    from: 1,
    to: 1.4,
  }];
  assert.deepEqual(
    [9, 15, 20, 90].map((tick) =>
      Math.round(1000 * decodeBias(events, tick)) / 1000
    ),
    [1, 1.2, 1.4, 1.4],
  );
});

Deno.test("a sine is applied", () => {
  const events = [{
    type: "bias_sine",
    at_tick: 0,
    signal,
    amplitude: 0.2,
    period_ticks: 4,
    offset: 0,
  }];
  assert.deepEqual(
    [0, 1, 2, 3].map((tick) =>
      Math.round(100 * decodeBias(events, tick)) / 100
    ),
    [1, 1.2, 1, 0.8],
  );
});

const BECOMES: readonly (readonly [object, object])[] = [
  [
    {
      type: "prom_outage",
      at_tick: 3,
      duration_ticks: 2,
      signals: ["power_d"],
    },
    {
      kind: "prometheus_down",
      atMs: 180_000,
      durationMs: 120_000,
      signals: ["power_decode"],
    },
  ],
  [
    { type: "prom_stale", at_tick: 1, duration_ticks: 1, lag_ticks: 5 },
    {
      kind: "prometheus_stale",
      atMs: 60_000,
      durationMs: 60_000,
      lagMs: 300_000,
    },
  ],
  [
    { type: "budget_change", at_tick: 2, new_total_w: 2000 },
    { kind: "budget", atMs: 120_000, watts: 2000 },
  ],
  [
    { type: "aic_failure", at_tick: 2, mode: "raises", n_consecutive: 3 },
    { kind: "model_raises", atMs: 120_000, durationMs: 180_000 },
  ],
  [
    { type: "mdc_unavailable", at_tick: 1, duration_ticks: 2 },
    { kind: "batched_tokens_unknown", atMs: 60_000, durationMs: 120_000 },
  ],
  [
    {
      type: "frontend_post_fault",
      at_tick: 0,
      duration_ticks: 1,
      failing_fraction: 0.5,
    },
    { kind: "frontend_refuses", atMs: 0, durationMs: 60_000, share: 0.5 },
  ],
  [
    {
      type: "actuation_fault",
      at_tick: 0,
      duration_ticks: 1,
      mode: "daemonset_absent",
    },
    { kind: "agent_down", atMs: 0, durationMs: 60_000, node: "node-2" },
  ],
];

for (const [event, fault] of BECOMES) {
  Deno.test(`${"type" in event ? event.type : ""} becomes a fault of the world`, () => {
    assert.deepEqual(resolve([event]).faults, [fault]);
  });
}

Deno.test("clamps and refusals become faults of every node and every write", () => {
  const kinds = (mode: string) =>
    resolve([{ type: "actuation_fault", at_tick: 0, duration_ticks: 1, mode }])
      .faults.map(({ kind }) => kind);
  assert.deepEqual(kinds("nvml_low"), ["nvml_clamps", "nvml_clamps"]);
  assert.deepEqual(kinds("rbac_denied"), ["forbidden", "forbidden"]);
});

Deno.test("a node that comes back ends the loss before it", () => {
  const { nodesDown } = resolve([
    { type: "node_down", at_tick: 5, n_decode_lost: 2, n_prefill_lost: 0 },
    { type: "node_up", at_tick: 9, n_decode_restored: 2 },
  ]);
  assert.equal(nodesDown[0]?.durationMs, 240_000);
});

Deno.test("the budget that limits are held against falls with compliance only, and rises at once", () => {
  const allowed = new AllowedBudget(4000);
  const seen = (budgetInForceWatts: number, compliant: boolean) => {
    allowed.seen({ budgetInForceWatts, compliant });
    return allowed.watts;
  };
  assert.deepEqual(
    [seen(2000, false), seen(2000, true), seen(3000, false)],
    [4000, 2000, 3000],
  );
});
