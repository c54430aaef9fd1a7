/** What a report shows, as data: runs side by side, each with its time lines, decisions, faults and checks. @module */

/** Everything on one page. */
export interface ReportData {
  /** Heading: `Qwen3-32B on 64 H200 inside 15 kW`. */
  readonly title: string;
  /** Under the heading, one sentence. */
  readonly subtitle?: string;
  /** What was simulated: traffic, seed, targets. In the order given. */
  readonly facts: readonly ReportFact[];
  /** One a policy, a scenario or a schedule; the first is the one that is open. */
  readonly runs: readonly ReportRun[];
  /** Read under everything: what the figures mean, what is not modelled. */
  readonly notes: readonly string[];
}

/** One line of a table. */
export interface ReportFact {
  readonly name: string;
  /** As it is shown, unit included. */
  readonly value: string;
}

/** One run. */
export interface ReportRun {
  /** Names the run in headings and in the table: `wattkeeper, 15 kW`. */
  readonly name: string;
  /** Rows of the table of runs; runs that are compared have the same names in the same order. */
  readonly summary: readonly ReportFact[];
  /** From the beginning of the run, seconds. */
  readonly lengthSeconds: number;
  /** Wall time at which it begins, milliseconds since 1970; absent: times are shown from the beginning. */
  readonly startMs?: number;
  readonly panels: readonly ReportPanel[];
  readonly decisions: readonly ReportDecision[];
  readonly faults: readonly ReportFault[];
  /** What was asserted; absent: nothing was. */
  readonly checks?: readonly ReportCheck[];
}

/** One picture: lines of one unit over the run's time. */
export interface ReportPanel {
  /** `Watts`, `Replicas`, `Caps`, `TTFT`. */
  readonly title: string;
  /** Shown at the axis: `W`, `ms`; empty: a count. */
  readonly unit: string;
  readonly lines: readonly ReportLine[];
}

/** One line. */
export interface ReportLine {
  readonly name: string;
  /** `step`: the value holds until the next one; `limit`: a step that others are held against, dashed. */
  readonly style: "line" | "step" | "limit";
  /** Rising, from the beginning of the run. */
  readonly seconds: readonly number[];
  /** One for each of `seconds`; undefined: a gap. */
  readonly values: readonly (number | undefined)[];
}

/** One decision. */
export interface ReportDecision {
  readonly atSeconds: number;
  /** `4+2 replicas, caps 497/493 W` */
  readonly title: string;
  readonly reasons: readonly string[];
  /** `alarm`: a person should have been called. */
  readonly severity: "info" | "warning" | "alarm";
}

/** One fault, from when to when. */
export interface ReportFault {
  readonly fromSeconds: number;
  /** Absent: a moment. */
  readonly untilSeconds?: number;
  readonly title: string;
}

/** One assertion. */
export interface ReportCheck {
  readonly title: string;
  readonly passed: boolean;
  /** What was found, where it failed. */
  readonly found?: string;
}
