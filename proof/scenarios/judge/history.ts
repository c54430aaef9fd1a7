/** What a run left behind: ticks and the event log. @module */

import type { Value } from "../expression/mod.ts";
import type { Snapshot } from "../snapshot.ts";

/** One entry of the event log. */
export interface LogEntry {
  readonly tick: number;
  readonly atMs: number;
  readonly event: string;
  /** What it says, by snake_case names. */
  readonly says: Readonly<Record<string, Value>>;
}

/** A finished run. */
export interface History {
  readonly snapshots: readonly Snapshot[];
  readonly log: readonly LogEntry[];
  /** A number of the configuration in force at the end of a tick; undefined: no such number. */
  planner(name: string, tick: number): number | null | undefined;
}
