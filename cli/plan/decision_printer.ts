/** Prints decisions: one in full, or a line for each of a replay. @module */

import {
  type Decision,
  decisionRecord,
  explain,
  type ExplainTargets,
  type Reason,
  timeText,
} from "../../planner/mod.ts";
import type { OutputFormat } from "../command.ts";

/** How decisions are printed. */
export interface PrinterOptions {
  readonly output: OutputFormat;
  /** One decision, in full. */
  readonly once: boolean;
  readonly write: (text: string) => void;
  readonly targets: ExplainTargets;
}

/** Takes decisions as they are made. */
export interface DecisionPrinter {
  print(decision: Decision): void;
  /** Closes what was opened: the end of the array, the summary. */
  end(): void;
  /** Whether at least one decision met the latency targets; the exit code depends on it. */
  feasible(): boolean;
}

/** A printer for the format asked for. */
export function decisionPrinter(options: PrinterOptions): DecisionPrinter {
  const { output, once, write } = options;
  let count = 0;
  let infeasible = 0;
  let bound = 0;
  return {
    print(decision) {
      count++;
      if (decision.reasons.some(failed)) infeasible++;
      if (decision.reasons.some(({ kind }) => kind === "power_budget")) bound++;
      const record = () => decisionRecord(decision);
      if (output === "jsonl") write(`${JSON.stringify(record())}\n`);
      else if (output === "json") {
        if (once) write(`${JSON.stringify(record(), null, 2)}\n`);
        else write(`${count === 1 ? "[\n" : ",\n"}${JSON.stringify(record())}`);
      } else if (once) write(explain(decision, options.targets));
      else write(`${count === 1 ? HEAD : ""}${line(decision)}\n`);
    },
    end() {
      if (once) return;
      if (output === "json") write(count === 0 ? "[]\n" : "\n]\n");
      if (output !== "table") return;
      write(
        `${count} decisions; the watts bound in ${bound}${
          infeasible > 0
            ? `; no configuration met the targets in ${infeasible}`
            : ""
        }.\n`,
      );
    },
    feasible: () => count === 0 || infeasible < count,
  };
}

const COLUMNS = [20, 7, 6, 5, 11, 11, 11, 14, 9];
const HEAD = `${
  row([
    "window ends",
    "req/s",
    "ISL",
    "OSL",
    "asked",
    "final",
    "caps W",
    "watts",
    "tokens/s",
  ])
}  limits\n`;

function failed({ kind }: Reason): boolean {
  return kind === "infeasible" || kind === "model_not_ready";
}

function line(decision: Decision): string {
  const { predicted, projectedWatts, budgetWatts } = decision;
  const pair = (values: readonly (number | undefined)[]) =>
    values.map((value) => value ?? "-").join("+");
  return row([
    timeText(decision.atMs).replace(" UTC", ""),
    predicted?.requestsPerSecond.toFixed(2) ?? "?",
    predicted ? String(Math.round(predicted.islTokens)) : "?",
    predicted ? String(Math.round(predicted.oslTokens)) : "?",
    pair(decision.targets.map(({ side }) => decision.proposed[side])),
    pair(decision.targets.map(({ replicas }) => replicas)),
    pair(decision.targets.map(({ capWatts }) => capWatts)),
    projectedWatts === undefined ? "-" : `${projectedWatts}/${budgetWatts}`,
    decision.servedTokensPerSecond?.toFixed(0) ?? "-",
  ]) + `  ${limits(decision)}`.trimEnd();
}

/** What held this decision back, in a word or two. */
function limits({ reasons }: Decision): string {
  const words = reasons.flatMap(({ kind }) => LIMITS[kind] ?? []);
  return [...new Set(words)].join(", ");
}

const LIMITS: Readonly<Partial<Record<Reason["kind"], string>>> = {
  power_budget: "watts",
  scale_up_suppressed: "watts",
  gpu_budget: "GPUs",
  gpu_guard_hold: "GPUs",
  below_floor: "below floor",
  over_budget: "OVER BUDGET",
  infeasible: "SLA",
  search_infeasible: "SLA",
  model_not_ready: "model",
  search_failed: "model",
  no_traffic_data: "no data",
  predict_failed: "no data",
  rollout_hold: "rollout",
  rebalance_staged: "staged",
  change_limited: "change limit",
};

function row(cells: readonly string[]): string {
  return cells.map((cell, index) =>
    index === 0
      ? cell.padEnd(COLUMNS[index] ?? 0)
      : cell.padStart(COLUMNS[index] ?? 0)
  ).join(" ");
}
