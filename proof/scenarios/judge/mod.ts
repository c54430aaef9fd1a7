/** Claims about a run, and what became of them. @module */

export type { History, LogEntry } from "./history.ts";
export { judge, type Verdict } from "./judge.ts";
