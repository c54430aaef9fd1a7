/** One problem or warning of a configuration: where, what was found, what to write. @module */

/** A finding about one field. */
export interface ConfigProblem {
  /** Path of the field, `aic_interpolation.prefill_pick.tp`; empty for the file as a whole. */
  readonly path: string;
  /** Where the value came from: `planner.yaml:12`, `WATTKEEPER_MODE`, `--advisory`; absent for a missing value. */
  readonly origin?: string;
  /** What was found, in one short clause. */
  readonly found: string;
  /** What to write, in the imperative. */
  readonly write: string;
}

/** `planner.yaml:12: ttft_ms: found -5. Write milliseconds above 0, for example 500.` */
export function problemLine(problem: ConfigProblem): string {
  const head = [problem.origin, problem.path].filter((part) => part)
    .join(": ");
  return `${head}${head ? ": " : ""}${problem.found}. ${problem.write}`;
}

/** A value as a person would recognise it, at most 60 characters. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const written = typeof value === "bigint" || typeof value === "number"
    ? String(value)
    : JSON.stringify(value) ?? String(value);
  return written.length <= 60 ? written : `${written.slice(0, 57)}…`;
}
