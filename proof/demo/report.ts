/** The demo's lines: an hour, the table at the end. At most 100 columns. @module */

import { grouped } from "../../planner/mod.ts";
import type { DayWindow } from "./day.ts";
import type { DayTotals } from "./totals.ts";

/** How the lines look. */
export interface ReportStyle {
  readonly color: boolean;
  readonly budgetWatts: number;
}

const BAR = 14;

/** Head over the hours. */
export function hourHead(): string[] {
  return [
    "             mean      mean   in the busiest window (prefill+decode)        output tokens/s  in time",
    "hour   requests/s   ISL/OSL    asked  allowed   caps W  limits of the budget  served of demand",
  ];
}

/** One hour: means over it, and the decision of its busiest window. */
export function hourLine(
  hour: number,
  windows: readonly DayWindow[],
  style: ReportStyle,
): string {
  const [first] = windows;
  if (!first) return `${clock(hour)}  nothing was seen`;
  const sum = (pick: (window: DayWindow) => number) =>
    windows.reduce((total, window) => total + pick(window), 0);
  const seconds = sum(({ observed }) => observed.windowSeconds);
  const requests = sum(({ observed }) => observed.requests ?? 0);
  const length = (name: "islTokens" | "oslTokens") =>
    Math.round(
      sum(({ observed }) => (observed.requests ?? 0) * (observed[name] ?? 0)) /
        Math.max(1, requests),
    );
  const busiest = windows.reduce(
    (most, window) =>
      (window.observed.requests ?? 0) > (most.observed.requests ?? 0)
        ? window
        : most,
    first,
  );
  const { targets, proposed } = busiest.decision;
  const limitWatts = Math.max(...windows.map((window) => window.limitWatts));
  const share = limitWatts / style.budgetWatts;
  const inTime = windows.filter(({ withinTargets }) => withinTargets).length;
  return [
    clock(hour),
    (requests / seconds).toFixed(1).padStart(10),
    `${length("islTokens")}/${length("oslTokens")}`.padStart(9),
    targets.map(({ side }) => proposed[side]).join("+").padStart(8),
    targets.map(({ replicas }) => replicas).join("+").padStart(8),
    targets.map(({ capWatts }) => capWatts ?? "–").join("/").padStart(8),
    ` ${bar(share, style)} ${`${(limitWatts / 1000).toFixed(1)}`.padStart(4)}`,
    grouped(sum((window) => window.servedTokens) / seconds).padStart(7),
    `of ${grouped(sum((window) => window.demandedTokens) / seconds)}`
      .padStart(9),
    `${Math.round(100 * inTime / windows.length)} %`.padStart(6),
  ].join(" ").trimEnd();
}

function clock(hour: number): string {
  return `${String(hour).padStart(2, "0")}:00`;
}

/** The policies side by side. */
export function totalsTable(
  columns: readonly { readonly name: string; readonly totals: DayTotals }[],
  style: ReportStyle,
): string[] {
  const rows: [string, (totals: DayTotals) => string][] = [
    [
      "output tokens in time",
      ({ goodTokens }) => `${(goodTokens / 1e6).toFixed(1)} M`,
    ],
    [
      "share of demand in time",
      ({ goodTokens, demandedTokens }) =>
        `${(100 * goodTokens / Math.max(1, demandedTokens)).toFixed(1)} %`,
    ],
    ["energy", ({ kilowattHours }) => `${kilowattHours.toFixed(1)} kWh`],
    [
      "tokens in time per joule",
      ({ goodTokensPerJoule }) => goodTokensPerJoule.toFixed(3),
    ],
    [
      "hours the budget bound",
      ({ boundHours }) => `${boundHours.toFixed(1)} h`,
    ],
    [
      "highest sum of limits",
      ({ highestLimitWatts }) => `${(highestLimitWatts / 1000).toFixed(2)} kW`,
    ],
    [
      "budget violations",
      ({ violations, looks }) => `${violations} of ${grouped(looks)}`,
    ],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const head = columns.map(({ name }) => name.padStart(14)).join("  ");
  return [
    `${"".padEnd(width)}  ${head}`,
    ...rows.map(([name, show]) =>
      `${name.padEnd(width)}  ${
        columns.map(({ totals }, index) => {
          const cell = show(totals).padStart(14);
          return index === 0 ? paint(cell, 1, style) : cell;
        }).join("  ")
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

function paint(text: string, code: number, { color }: ReportStyle): string {
  return color && text !== "" ? `\x1b[${code}m${text}\x1b[0m` : text;
}
