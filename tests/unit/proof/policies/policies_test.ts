/** Policies: each by its rule, the same requests for all, and figures that count what they say. @module */

import assert from "node:assert/strict";
import {
  BudgetWatch,
  builtInDay,
  comparePolicies,
  type Comparison,
  comparisonCsv,
  comparisonRecord,
  comparisonReport,
  comparisonTable,
  Flips,
  openBuiltIn,
  POLICY_NAMES,
  policyOf,
  reportPage,
  requestTraceOf,
  type Resolution,
  scoreOf,
  traceTraffic,
  unrolled,
  usualDeployment,
} from "../../../../proof/mod.ts";

const config = usualDeployment();
const opened = await openBuiltIn(config);
const BUDGET_WATTS = 6_000;

/** A quarter of an hour of a load that 6 kW cannot hold without caps. */
async function compared(resolution: Resolution): Promise<Comparison> {
  const day = builtInDay({ seed: 3, peakRequestsPerSecond: 80 });
  return await comparePolicies({
    config,
    opened,
    policies: POLICY_NAMES,
    budgetsWatts: [BUDGET_WATTS],
    traffic: day,
    resolution,
    seed: 3,
    seconds: 900,
  });
}

const byRequest = await compared("request");
const asFluid = await compared("loop");

for (
  const [name, comparison] of [["request", byRequest], [
    "loop",
    asFluid,
  ]] as const
) {
  const scoreIn = (policy: string) =>
    comparison.runs.find((run) => run.policy === policy)!.score;

  Deno.test(`${name}: who knows the budget keeps it at every event, who does not passes it`, () => {
    for (const policy of POLICY_NAMES) {
      const { violations } = scoreIn(policy);
      if (policy === "uncapped") {
        assert(violations.count > 0 && violations.seconds > 400);
        assert.equal(violations.highestWatts, BUDGET_WATTS + violations.watts);
      } else {
        assert.equal(violations.count, 0, policy);
        assert(violations.highestWatts <= BUDGET_WATTS, policy);
        assert(violations.highestWatts > 0.5 * BUDGET_WATTS, policy);
      }
    }
  });

  Deno.test(`${name}: all policies are asked for the same`, () => {
    const asked = new Set(
      comparison.runs.map(({ score }) =>
        Math.round(score.askedTokensPerSecond)
      ),
    );
    assert.equal(asked.size, 1);
    const [ours] = comparison.runs;
    assert(
      ours!.score.tokensPerSecond > 0.3 * ours!.score.askedTokensPerSecond,
    );
  });

  Deno.test(`${name}: figures hang together`, () => {
    for (const { score } of comparison.runs) {
      const { seconds, tokensPerSecond, tokensPerJoule } = score;
      const joules = score.kilowattHours * 3.6e6;
      assert(Math.abs(seconds - 900) < 1e-6);
      assert(tokensPerSecond <= score.servedTokensPerSecond * (1 + 1e-9));
      assert(
        Math.abs(tokensPerJoule * joules - tokensPerSecond * seconds) < 1,
      );
      assert(score.slaAttainment >= 0 && score.slaAttainment <= 1);
      assert(score.meanDrawWatts < score.violations.highestWatts);
    }
  });
}

Deno.test("the same comparison again is the same, byte for byte", async () => {
  assert.equal(
    JSON.stringify(comparisonRecord(await compared("request"))),
    JSON.stringify(comparisonRecord(byRequest)),
  );
});

Deno.test("policies differ from ours by their rule alone", () => {
  const [ours, fixed, none, greedy] = POLICY_NAMES.map((name) =>
    policyOf(name, config, opened.model)
  );
  assert.equal(ours!.config, config);
  assert.equal(none!.config.power, undefined);
  assert.equal(fixed!.config.power?.clamp, "compatible");
  assert.equal(fixed!.config.optimizer.enabled, false);
  // The caps that the search gives for full load: below the own draw of 700 W.
  assert(fixed!.config.power!.prefillCapWatts! < 700);
  assert.equal(greedy!.config.power?.clamp, "compatible");
  const authored = policyOf("static-clamp", {
    ...config,
    power: { ...config.power!, prefillCapWatts: 600, decodeCapWatts: 500 },
  }, opened.model);
  assert.match(authored.rule, /600\/500 W/);
});

Deno.test("a configuration without a budget cannot be compared", () => {
  assert.throws(
    () => policyOf("wattkeeper", { ...config, power: undefined }, opened.model),
    { code: "invalid_config" },
  );
});

Deno.test("the budget is held against every event, and time above it is counted", () => {
  const watch = new BudgetWatch(1_000);
  watch.see(0, 900);
  watch.see(1_000, 1_200);
  watch.see(3_000, 1_500);
  watch.see(4_000, 1_000);
  watch.see(5_000, 1_001);
  assert.deepEqual(watch.told(6_000), {
    count: 2,
    seconds: 4,
    watts: 500,
    wattSeconds: 2 * 200 + 500 + 1,
    highestWatts: 1_500,
  });
});

Deno.test("a turn is a change against the last one, whatever lay between", () => {
  const flips = new Flips();
  for (const value of [3, 4, 4, undefined, 6, 5, 5, 6, 6, 7]) flips.see(value);
  assert.equal(flips.count, 2);
});

Deno.test("requests that are late at the end count as missed", () => {
  const none = { mean: undefined, p50: undefined, p99: undefined };
  const score = scoreOf({
    sums: {
      seconds: 10,
      arrived: 10,
      askedTokens: 100,
      completed: 5,
      servedTokens: 50,
      inTime: 4,
      inTimeTokens: 40,
      gaveUp: 1,
      promptTokens: 0,
      cachedTokens: 0,
      ttftMs: none,
      itlMs: none,
      e2eMs: none,
    },
    overdue: 2,
    joules: 20,
    budgetWatts: 4,
    violations: {
      count: 1,
      seconds: 1,
      watts: 4,
      wattSeconds: 4,
      highestWatts: 8,
    },
    notes: { replicaFlips: 0, capFlips: 0, count: 4, bound: 1 },
  });
  assert.equal(score.slaAttainment, 4 / 8);
  assert.equal(score.tokensPerSecond, 4);
  // What has to be provided is the highest sum of limits, where that passed the budget.
  assert.equal(score.tokensPerSecondPerWatt, 0.5);
  assert.equal(score.tokensPerJoule, 2);
});

Deno.test("copies of a trace are shifted, and no prompt of another copy or round is the same", () => {
  const trace = requestTraceOf([
    { atMs: 1_000, inputTokens: 600, outputTokens: 3, blocks: [7, 9] },
    { atMs: 2_000, inputTokens: 700, outputTokens: 0, blocks: [7] },
  ]);
  assert.deepEqual([...trace.oslTokens], [3, 1]);
  assert.deepEqual([...trace.blocks], [0, 1, 0]);
  // One second between the two, one until it begins anew.
  assert.equal(trace.lengthMs, 2_000);
  const two = unrolled(trace, { copies: 2, lengthMs: 4_000 });
  const golden = Math.round(2_000 * (Math.sqrt(5) - 1) / 2);
  assert.deepEqual(
    [...two.atMs].map(Math.round),
    [
      0,
      2_000 - golden,
      1_000,
      3_000 - golden,
      2_000,
      4_000 - golden,
      3_000,
      5_000 - golden,
    ],
  );
  // Two rounds of each copy, two blocks in each.
  assert.equal(new Set(two.blocks).size, 2 * 2 * 2);
  assert.equal(two.blocksFrom.at(-1), two.blocks.length);
});

Deno.test("the rate of a trace is that of its requests, at any speed", () => {
  const trace = requestTraceOf(
    Array.from({ length: 100 }, (_, i) => ({
      atMs: i * 1_000,
      inputTokens: 100 + i,
      outputTokens: 10,
    })),
  );
  for (const speed of [1, 4]) {
    const traffic = traceTraffic({
      name: "t",
      trace,
      speed,
      copies: 3,
      seconds: 200,
      stepSeconds: 5,
    });
    let requests = 0;
    for (let at = 5; at <= 200; at += 5) {
      requests += traffic.arrivals(at).requestsPerSecond * 5;
    }
    const stream = traffic.stream();
    stream.open(0, 200_000, traffic.arrivals(5));
    let drawn = 0;
    while (stream.nextMs < Infinity) {
      stream.advance();
      drawn++;
    }
    assert(Math.abs(drawn - 3 * 200 * speed) <= 3);
    assert(Math.abs(requests - drawn) < 1e-6, `${requests} ${drawn}`);
  }
});

Deno.test("JSON, CSV and table name every policy, with units and in 100 columns", () => {
  const record = comparisonRecord(byRequest);
  assert.equal(record.runs.length, 4);
  for (const name of Object.keys(record.runs[0]!)) {
    assert.match(name, /^[a-z0-9]+(?:_[a-z0-9]+)*$/);
  }
  const lines = comparisonCsv(byRequest).trimEnd().split("\n");
  assert.equal(lines.length, 5);
  const table = comparisonTable(byRequest);
  for (const policy of POLICY_NAMES) assert(table.includes(policy), policy);
  for (const line of table.split("\nRules:")[0]!.split("\n")) {
    assert([...line].length <= 100, line);
  }
  assert.match(comparisonTable(asFluid), /TTFT, mean, ms/);
});

Deno.test("the report of a comparison has each run with its time lines and decisions", () => {
  const report = comparisonReport(byRequest);
  assert.equal(report.runs.length, 4);
  const [ours] = report.runs;
  assert.deepEqual(ours!.panels.map(({ title }) => title), [
    "Power",
    "Output tokens a second",
    "Replicas",
    "Caps",
    "TTFT",
    "ITL",
  ]);
  assert(ours!.decisions.length > 0);
  assert(ours!.decisions.every(({ reasons }) => reasons.length > 0));
  const page = reportPage(report);
  assert(page.length < 600_000);
});
