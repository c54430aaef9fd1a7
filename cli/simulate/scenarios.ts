/** `simulate --scenario`: situations with claims, run against the planner in virtual time (`SPEC.md` §13). @module */

import {
  historyCsv,
  listScenarios,
  openListed,
  openScenario,
  reportPage,
  runScenario,
  type Scenario,
  scenarioRecord,
  scenarioReport,
  type ScenarioResult,
  scenarioTable,
} from "../../proof/mod.ts";
import type { CommandContext } from "../command.ts";
import { writeReport } from "./write_report.ts";

/** Runs what `--scenario` names. @returns 1 when a claim does not hold, else 0 */
export async function runScenarios(context: CommandContext): Promise<number> {
  const { flags, signal, progress, output, write } = context;
  const scenarios = await open(String(flags["scenario"]));
  const results: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    signal.throwIfAborted();
    progress.update(results.length, scenarios.length, scenario.id);
    results.push(await runScenario(scenario, signal));
  }
  progress.end();
  switch (output) {
    case "json":
      write(`${JSON.stringify(results.map(scenarioRecord), null, 2)}\n`);
      break;
    case "jsonl":
      for (const result of results) {
        write(`${JSON.stringify(scenarioRecord(result))}\n`);
      }
      break;
    case "csv":
      write(historyCsv(results));
      break;
    default:
      write(scenarioTable(results));
  }
  const { report } = flags;
  if (typeof report === "string") {
    await writeReport(report, reportPage(scenarioReport(results)));
  }
  return results.every(({ passed }) => passed) ? 0 : 1;
}

/** All that ship, or one; read before anything runs, so that a mistake is told at once. */
async function open(name: string): Promise<readonly Scenario[]> {
  if (name !== "all") return [await openScenario(name)];
  return await Promise.all((await listScenarios()).map(openListed));
}
