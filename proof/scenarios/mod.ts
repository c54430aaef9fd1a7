/** Scenarios: situations as data files, run against the planner in a simulated world, and judged. @module */

export { runScenario, type ScenarioResult } from "./run/run_scenario.ts";
export { loadScenario, type ReadText, type Scenario } from "./schema/mod.ts";
export type { LogEntry, Verdict } from "./judge/mod.ts";
export {
  type Snapshot,
  SNAPSHOT_FIELDS,
  SNAPSHOT_NAMES,
  type SnapshotValue,
} from "./snapshot.ts";
export {
  type Listed,
  listScenarios,
  openListed,
  openScenario,
} from "./catalogue.ts";
export { historyCsv, scenarioRecord, scenarioTable } from "./result.ts";
export { scenarioReport } from "./scenario_report.ts";
