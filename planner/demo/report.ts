/** The demo's lines: an hour, the table at the end. At most 100 columns. @module */

import { grouped } from "../core/mod.ts";
import type { DayWindow } from "./day_run.ts";
import type { DayTotals } from "./totals.ts";

/** How the lines look. */
export interface ReportStyle {
  readonly color: boolean;
  readonly budgetWatts: number;
  readonly windowSeconds: number;
}

const BAR = 14;

/** Head over the hours. */
export function hourHead(): string[] {
  return [
    "             mean      mean   in the busiest window (prefill+decode)              output tokens/s",
    "hour   requests/s   ISL/OSL    asked  allowed   caps W  caps × GPUs of the budget  served of demand",
  ];
}

/** One hour: means over it, and the decision of its busiest window. */
export function hourLine(
  hour: number,
  windows: readonly DayWindow[],
  style: ReportStyle,
): string {
  const seconds = windows.length * style.windowSeconds;
  const mean = (pick: (window: DayWindow) => number) =>
    windows.reduce((sum, window) => sum + pick(window), 0) /
    Math.max(1, windows.length);
  const requests = mean(({ traffic }) => traffic.requests) * windows.length;
  const served =
    mean((window) => window.servedRequests * window.traffic.oslTokens) *
    windows.length / seconds;
  const demanded = mean(({ traffic }) => traffic.requests * traffic.oslTokens) *
    windows.length / seconds;
  const busiest = windows.reduce((most, window) =>
    asked(window) > asked(most) ? window : most
  );
  const { targets, proposed } = busiest.decision;
  const pair = (values: readonly unknown[]) => values.join("+");
  const share = busiest.capWatts / style.budgetWatts;
  return [
    `${String(hour).padStart(2, "0")}:00`,
    (requests / seconds).toFixed(1).padStart(10),
    `${Math.round(mean(({ traffic }) => traffic.islTokens))}/${
      Math.round(mean(({ traffic }) => traffic.oslTokens))
    }`.padStart(9),
    pair(targets.map(({ side }) => proposed[side])).padStart(8),
    pair(targets.map(({ replicas }) => replicas)).padStart(8),
    targets.map(({ capWatts }) => capWatts).join("/").padStart(8),
    `  ${bar(share, style)} ${
      `${(busiest.capWatts / 1000).toFixed(1)} kW`.padStart(7)
    }`,
    grouped(served).padStart(8),
    `of ${grouped(demanded)}`.padStart(9),
    share >= 0.97 || isBound(busiest) ? paint("◂", 33, style) : "",
  ].join(" ").trimEnd();
}

/** The table against the baseline. */
export function totalsTable(
  ours: DayTotals,
  baseline: DayTotals,
  style: ReportStyle,
): string[] {
  const rows: [string, (totals: DayTotals) => string][] = [
    [
      "output tokens served",
      ({ servedTokens }) => `${(servedTokens / 1e6).toFixed(1)} M`,
    ],
    [
      "share of demand",
      ({ servedTokens, demandedTokens }) =>
        `${(100 * servedTokens / Math.max(1, demandedTokens)).toFixed(1)} %`,
    ],
    ["energy", ({ kilowattHours }) => `${kilowattHours.toFixed(1)} kWh`],
    [
      "tokens per joule",
      ({ tokensPerJoule }) => tokensPerJoule.toFixed(3),
    ],
    [
      "hours the budget bound",
      ({ boundHours }) => `${boundHours.toFixed(1)} h`,
    ],
    [
      "highest sum of caps",
      ({ highestCapWatts }) => `${(highestCapWatts / 1000).toFixed(2)} kW`,
    ],
    [
      "budget violations",
      ({ violations, windows }) => `${violations} of ${grouped(windows)}`,
    ],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    `${"".padEnd(width)}  ${"planner".padStart(14)}  ${
      "static clamp at TDP".padStart(20)
    }`,
    ...rows.map(([name, show]) =>
      `${name.padEnd(width)}  ${paint(show(ours).padStart(14), 1, style)}  ${
        show(baseline).padStart(20)
      }`
    ),
  ];
}

/** A bar of the budget; full is the budget itself. */
function bar(share: number, style: ReportStyle): string {
  // A bar is full only at the budget itself.
  const full = Math.min(BAR, Math.max(0, Math.floor(share * BAR)));
  const code = share > 1 ? 31 : share >= 0.97 ? 33 : 32;
  return paint("█".repeat(full), code, style) + "░".repeat(BAR - full);
}

function asked({ decision }: DayWindow): number {
  return decision.predicted?.requestsPerSecond ?? 0;
}

function isBound({ decision }: DayWindow): boolean {
  return decision.reasons.some(({ kind }) => kind === "power_budget");
}

function paint(text: string, code: number, { color }: ReportStyle): string {
  return color && text !== "" ? `\x1b[${code}m${text}\x1b[0m` : text;
}
