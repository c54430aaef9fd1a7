/** The record of a decision, and its explanation from a decision or from what was read back. @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import {
  decide,
  type Decision,
  DECISION_RECORD_VERSION,
  decisionRecord,
  explain,
  explainRecord,
  initialState,
  severityOf,
  type Transition,
} from "../../../../planner/core/mod.ts";
import {
  configOf,
  engine,
  inventoryOf,
  modelOf,
  OPTIMIZER,
  signals,
  tick,
  window,
} from "../stand_in.ts";

const TRANSITION: Transition = {
  steps: [
    {
      kind: "lease",
      epoch: 3,
      budgetWatts: 4000,
      resourceVersion: "7",
    },
    {
      kind: "patch",
      pod: {
        namespace: "ns",
        name: "decode-0",
        uid: "u1",
        resourceVersion: "9",
      },
      grant: {
        podUid: "u1",
        generation: { epoch: 3, sequence: 12 },
        watts: 300,
        boundWatts: 500,
      },
      purpose: "lower",
    },
    { kind: "scale", side: "prefill", replicas: 4, fromReplicas: 2 },
  ],
  waits: [{
    kind: "lower_not_confirmed",
    podName: "decode-0",
    nodeName: "n1",
    gpuUuid: "GPU-1",
    generation: { epoch: 3, sequence: 12 },
    watts: 200,
    sinceMs: 5,
  }],
  alarms: [{
    kind: "agent_silent",
    message: "n2 has been silent for 40 s",
    nodeName: "n2",
    podName: undefined,
    gpuUuid: undefined,
    watts: undefined,
  }],
  charges: [],
  chargedWatts: 3900,
  budgetInForceWatts: 4000,
  compliant: true,
  unreachable: { missingWatts: 150 },
  settled: false,
};

/** A tick that has something of everything. */
function full(): Decision {
  const config = configOf(`
max_gpu_budget: 64
total_gpu_power_limit: 4000
admission_mode: inherit
enable_load_scaling: true
load_adjustment_interval_seconds: 5
advisory: true${OPTIMIZER}`);
  const model = modelOf({
    prefill: { requestsPerSecond: 2, drawWatts: 600 },
    decode: { requestsPerSecond: 4, drawWatts: 300 },
  });
  const input = {
    model,
    inventory: inventoryOf([2, 2]),
    due: { throughput: true, load: true },
  };
  const observation = window(10, {
    live: signals({
      ttftMs: 450,
      itlMs: 33,
      prefillActive: true,
      drawWatts: { prefill: 590 },
      engines: [engine({ side: "prefill" })],
    }),
  });
  const first = decide(
    initialState(config.optimizer.initialCoefficients),
    tick(config, observation, input),
  );
  const second = decide(
    first.state,
    tick(config, observation, { ...input, nowMs: 400_000 }),
  );
  return { ...second.decision, transition: TRANSITION };
}

Deno.test("the record says everything of the decision, in snake_case, with its version", () => {
  const record = decisionRecord(full());
  strictEqual(record["version"], DECISION_RECORD_VERSION);
  for (
    const field of [
      "sequence",
      "at_ms",
      "now_ms",
      "due",
      "paused",
      "advisory",
      "goals",
      "observed",
      "predicted",
      "found",
      "previous_replicas",
      "proposed_replicas",
      "lower_bounds",
      "decided",
      "targets",
      "throughput_decision",
      "load_decision",
      "gpus",
      "projected_watts",
      "budget_watts",
      "headroom_watts",
      "coefficients",
      "optimizer",
      "admission",
      "transition",
      "reasons",
    ]
  ) ok(field in record, field);
  checkNames(record);
});

/** Names of the record are snake_case at every depth. */
function checkNames(value: unknown): void {
  if (Array.isArray(value)) return value.forEach(checkNames);
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    ok(/^[a-z][a-z0-9_]*$/.test(name), name);
    checkNames(inner);
  }
}

Deno.test("a record that was read back explains the same, word for word", () => {
  const decision = full();
  const read: unknown = JSON.parse(JSON.stringify(decisionRecord(decision)));
  strictEqual(explainRecord(read), explain(decision));
});

Deno.test("the explanation names coefficients, optimizer, thresholds, bounds, writes and what is waited for", () => {
  const text = explain(full());
  for (
    const part of [
      "advisory: nothing is written",
      "throughput: set_lower_bound",
      "load: no_fpm_data",
      "c_ttft",
      "c_power_prefill",
      "at its cap",
      "lowered: prefill",
      "drift",
      "inherit",
      "charged",
      "3,900 W of 4,000 W",
      "scale prefill 2 → 4",
      "lower decode-0 at 300 W",
      "lower_not_confirmed decode-0 200 W",
      "agent_silent: n2 has been silent for 40 s",
      "150 W are missing",
    ]
  ) ok(text.includes(part), `${part}\n${text}`);
  for (const line of text.split("\n")) ok(line.length <= 110, line);
});

Deno.test("anything at all is explained without an exception and without a control character", () => {
  for (
    const value of [
      undefined,
      null,
      7,
      "text",
      [],
      {},
      { targets: 4, reasons: "none", coefficients: [] },
      { targets: [null, { side: "\u001b[2J" }], at_ms: "soon" },
      { optimizer: { status: "enabled", plan: 4, drift_triggers: {} } },
      { reasons: [{ text: "a\u0007b" }], predicted: 4, admission: [] },
      { transition: { steps: [{}], waits: [{}], alarms: [{}] } },
      JSON.parse('{"__proto__": {"sequence": 4}, "due": null}'),
    ]
  ) {
    const text = explainRecord(value);
    ok(text.startsWith("Decision "));
    ok(!/\p{Cc}/u.test(text.replaceAll("\n", "")), JSON.stringify(text));
  }
});

Deno.test("what is not known is null, never a word and never a number", () => {
  const config = configOf("max_gpu_budget: 64");
  const record = decisionRecord(
    decide(
      initialState(config.optimizer.initialCoefficients),
      tick(config, window(0, { requests: NaN, islTokens: Infinity }), {
        model: modelOf({
          prefill: { requestsPerSecond: 2, drawWatts: 600 },
          decode: { requestsPerSecond: 4, drawWatts: 300 },
        }),
      }),
    ).decision,
  );
  deepStrictEqual(record["observed"], {
    window_seconds: 60,
    requests: null,
    isl_tokens: null,
    osl_tokens: 150,
    live: null,
    problems: [],
  });
  strictEqual(record["budget_watts"], null);
  strictEqual(record["transition"], null);
});

Deno.test("over the budget, pegged, and a threshold left out are critical", () => {
  strictEqual(
    severityOf({ kind: "over_budget", overBudgetWatts: 1 }),
    "critical",
  );
  strictEqual(severityOf({ kind: "batched_tokens_unknown" }), "critical");
  strictEqual(
    severityOf({
      kind: "coefficient_pegged",
      coefficient: "itl",
      value: 2,
      sinceMs: 0,
    }),
    "critical",
  );
  strictEqual(severityOf({ kind: "idle" }), "info");
});
