/** Results of a run → the closing line and the exit code. @module */

import type { TestResult } from "./junit.ts";

/** Tests whose name starts so may be skipped anywhere: what they read is only in some checkouts. */
const SHARED_MARK = "[shared]";

/** What a run ended with. */
export interface RunOutcome {
  readonly results: readonly TestResult[];
  /** Exit code of `deno test`. */
  readonly exitCode: number;
  /** Test files that were asked for and appear nowhere in the report. */
  readonly silentFiles: readonly string[];
}

/** The closing line, what to say before it, and the exit code. */
export interface Verdict {
  readonly closingLine: string;
  readonly notes: readonly string[];
  readonly exitCode: 0 | 1;
}

/**
 * Judges a run.
 *
 * @param outcome what happened
 * @param strict a skip is a failure (`CI=true`), except for tests marked `[shared]`
 * @returns the verdict
 */
export function judge(outcome: RunOutcome, strict: boolean): Verdict {
  const { results, exitCode, silentFiles } = outcome;
  const notes: string[] = [];
  const skipped = results.filter((result) => result.outcome === "skipped");
  const refused = strict
    ? skipped.filter((result) => !result.name.startsWith(SHARED_MARK))
    : [];
  for (const { file, name } of refused) {
    notes.push(
      `Skipped, and with CI=true that is a failure: ${name} (${file})`,
    );
  }
  const broken = exitCode === 0 ? [] : silentFiles;
  for (const file of broken) notes.push(`Did not run: ${file}`);
  let failed = refused.length + broken.length +
    results.filter((result) => result.outcome === "failed").length;
  if (exitCode !== 0 && failed === 0) {
    notes.push(`deno test ended with ${exitCode} and reported no failed test.`);
    failed = 1;
  }
  const passed = results.filter((result) => result.outcome === "passed").length;
  if (passed + failed === 0) {
    notes.push("No test ran.");
    failed = 1;
  }
  const left = skipped.length - refused.length;
  return {
    closingLine: `${passed} passed, ${failed} failed, ${left} skipped`,
    notes,
    exitCode: failed === 0 ? 0 : 1,
  };
}
