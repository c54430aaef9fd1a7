/** A comparison for programs: JSON and CSV, snake case with units. @module */

import type { Comparison } from "./compare.ts";
import type { LatencyFigures } from "./metered_engines.ts";
import type { PolicyRun } from "./run_policy.ts";

type Cell = string | number | null;

/** One run as a flat record. */
export function runRecord(
  { policy, rule, budgetWatts, score }: PolicyRun,
): Record<string, Cell> {
  const { violations } = score;
  return {
    policy,
    budget_watts: budgetWatts,
    tokens_per_second: rounded(score.tokensPerSecond),
    tokens_per_second_per_watt: rounded(score.tokensPerSecondPerWatt, 5),
    tokens_per_joule: rounded(score.tokensPerJoule, 4),
    sla_attainment: rounded(score.slaAttainment, 5),
    asked_tokens_per_second: rounded(score.askedTokensPerSecond),
    served_tokens_per_second: rounded(score.servedTokensPerSecond),
    requests: Math.round(score.requests),
    requests_given_up: score.gaveUp,
    ...latencies("ttft", score.ttftMs),
    ...latencies("itl", score.itlMs),
    ...latencies("e2e", score.e2eMs),
    prefix_hit_rate: rounded(score.prefixHitRate, 4),
    energy_kwh: rounded(score.kilowattHours, 3),
    mean_draw_watts: rounded(score.meanDrawWatts, 1),
    violations: violations.count,
    violation_seconds: rounded(violations.seconds, 3),
    violation_watts: rounded(violations.watts),
    violation_watt_seconds: rounded(violations.wattSeconds, 0),
    highest_limits_watts: rounded(violations.highestWatts),
    replica_flips: score.replicaFlips,
    cap_flips: score.capFlips,
    decisions: score.decisions,
    bound_share: rounded(score.boundShare, 4),
    counted_seconds: rounded(score.seconds, 0),
    rule,
  };
}

/** Everything, with what it was run on. */
export function comparisonRecord({ input, leadInSeconds, runs }: Comparison) {
  const { config, traffic, resolution, seed } = input;
  return {
    model: config.engine?.model ?? null,
    system: config.engine?.system ?? null,
    data_version: input.opened.dataVersion,
    max_gpus: config.maxGpus ?? null,
    ttft_target_ms: config.ttftMs,
    itl_target_ms: config.itlMs,
    traffic: traffic.name,
    resolution,
    seed,
    lead_in_seconds: leadInSeconds,
    runs: runs.map(runRecord),
  };
}

/** A line a run under a head. */
export function comparisonCsv({ runs }: Comparison): string {
  const records = runs.map(runRecord);
  const names = Object.keys(records[0] ?? {});
  return [
    names.join(","),
    ...records.map((record) =>
      names.map((name) => csvCell(record[name] ?? null)).join(",")
    ),
    "",
  ].join("\n");
}

function latencies(
  name: string,
  { mean, p50, p99 }: LatencyFigures,
): Record<string, Cell> {
  return {
    [`${name}_mean_ms`]: rounded(mean),
    [`${name}_p50_ms`]: rounded(p50),
    [`${name}_p99_ms`]: rounded(p99),
  };
}

function rounded(value: number | undefined, places = 2): number | null {
  return value === undefined ? null : Number(value.toFixed(places));
}

function csvCell(value: Cell): string {
  const text = value === null ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
