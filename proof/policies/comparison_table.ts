/** A comparison for people: a table a budget, policies side by side. At most 100 columns. @module */

import { grouped } from "../../planner/portable_planner.ts";
import type { Comparison } from "./compare.ts";
import type { LatencyFigures } from "./metered_engines.ts";
import type { PolicyRun, Resolution } from "./run_policy.ts";
import type { Score } from "./score.ts";

const LABEL = 25;

/** One line of the table. */
export interface ScoreRow {
  readonly name: string;
  readonly show: (score: Score) => string;
  /** What is compared between policies, the more the better or the less; absent: neither is better by itself. */
  readonly more?: (score: Score) => number | undefined;
  readonly less?: (score: Score) => number | undefined;
}

/** The figures by which policies are compared, in words. Rows that a resolution knows nothing of are left out. */
export function scoreRows(
  runs: readonly PolicyRun[],
  resolution: Resolution,
): readonly ScoreRow[] {
  const has = (pick: (score: Score) => number | undefined) =>
    runs.some(({ score }) => (pick(score) ?? 0) > 0);
  const isByRequest = resolution === "request";
  return [
    {
      name: "tokens/s in time",
      show: (score) => grouped(score.tokensPerSecond),
      more: (score) => score.tokensPerSecond,
    },
    {
      name: "  of tokens/s asked for",
      show: (score) => grouped(score.askedTokensPerSecond),
    },
    {
      name: "  per watt provided",
      show: (score) => score.tokensPerSecondPerWatt.toFixed(3),
      more: (score) => score.tokensPerSecondPerWatt,
    },
    {
      name: "  per joule drawn",
      show: (score) => score.tokensPerJoule.toFixed(3),
      more: (score) => score.tokensPerJoule,
    },
    {
      name: isByRequest ? "requests in time" : "requests in steps in time",
      show: (score) => `${(100 * score.slaAttainment).toFixed(1)} %`,
      more: (score) => score.slaAttainment,
    },
    {
      name: isByRequest ? "TTFT p50 / p99, ms" : "TTFT, mean, ms",
      show: ({ ttftMs }) => latency(ttftMs, 0),
      less: ({ ttftMs }) => ttftMs.p99 ?? ttftMs.mean,
    },
    {
      name: isByRequest ? "ITL p50 / p99, ms" : "ITL, mean, ms",
      show: ({ itlMs }) => latency(itlMs, 1),
      less: ({ itlMs }) => itlMs.p99 ?? itlMs.mean,
    },
    ...(has(({ gaveUp }) => gaveUp)
      ? [{
        name: "requests given up",
        show: ({ gaveUp }: Score) => grouped(gaveUp),
        less: ({ gaveUp }: Score) => gaveUp,
      }]
      : []),
    ...(has(({ prefixHitRate }) => prefixHitRate)
      ? [{
        name: "prompt tokens cached",
        show: ({ prefixHitRate }: Score) =>
          `${(100 * (prefixHitRate ?? 0)).toFixed(1)} %`,
      }]
      : []),
    {
      // Less energy for fewer tokens is no gain; the row by the joule says what is.
      name: "energy, kWh",
      show: (score) => score.kilowattHours.toFixed(1),
    },
    {
      name: "highest sum of limits, kW",
      show: ({ violations }) => (violations.highestWatts / 1000).toFixed(2),
    },
    {
      name: "times over the budget",
      show: ({ violations }) => grouped(violations.count),
      less: ({ violations }) => violations.count,
    },
    {
      name: "  seconds, at most watts",
      show: ({ violations: { count, seconds, watts } }) =>
        count === 0 ? "–" : `${grouped(seconds)}, ${grouped(watts)}`,
    },
    {
      name: "turns of replicas, caps",
      show: (score) => `${score.replicaFlips}, ${score.capFlips}`,
      less: (score) => score.replicaFlips + score.capFlips,
    },
  ];
}

/** The whole answer. */
export function comparisonTable(comparison: Comparison): string {
  const { input, runs, leadInSeconds } = comparison;
  const { config, traffic, resolution, seed, seconds } = input;
  const lines = [
    `${config.engine?.model ?? "A model"} on up to ${
      config.maxGpus ?? "any number of"
    } ${
      config.engine?.system ?? "GPUs"
    }; targets TTFT ${config.ttftMs} ms, ITL ${config.itlMs} ms.`,
    `Traffic: ${traffic.name}.`,
    `${
      resolution === "request"
        ? "Every request by itself"
        : "Traffic as a fluid"
    }; ${(seconds / 3600).toFixed(1)} h counted after ${
      leadInSeconds / 60
    } min; seed ${seed}.`,
  ];
  for (const budgetWatts of input.budgetsWatts) {
    lines.push(
      "",
      ...budgetTable(
        budgetWatts,
        runs.filter((run) => run.budgetWatts === budgetWatts),
        resolution,
      ),
    );
  }
  lines.push("", "Rules:");
  for (const run of runs) {
    lines.push(`  ${run.policy}, ${kilowatts(run.budgetWatts)}: ${run.rule}`);
  }
  return `${lines.join("\n")}\n`;
}

function budgetTable(
  budgetWatts: number,
  runs: readonly PolicyRun[],
  resolution: Resolution,
): string[] {
  const widths = runs.map(({ policy }) => Math.max(12, policy.length));
  const line = (name: string, cells: readonly string[]) =>
    `${name.padEnd(LABEL)}  ${
      cells.map((cell, index) => cell.padStart(widths[index]!)).join("  ")
    }`.trimEnd();
  return [
    line(`Budget ${kilowatts(budgetWatts)}`, runs.map(({ policy }) => policy)),
    ...scoreRows(runs, resolution).map(({ name, show }) =>
      line(name, runs.map(({ score }) => show(score)))
    ),
  ];
}

/** `15 kW` */
export function kilowatts(watts: number): string {
  return `${Number((watts / 1000).toFixed(3))} kW`;
}

function latency({ mean, p50, p99 }: LatencyFigures, places: number): string {
  if (p50 === undefined || p99 === undefined) {
    return mean === undefined ? "–" : mean.toFixed(places);
  }
  return `${p50.toFixed(places)} / ${p99.toFixed(places)}`;
}
