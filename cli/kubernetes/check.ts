/** One thing that was checked, and what came of it. @module */

/** `not_checked`: nothing is known, and why is said. */
export const CHECK_RESULTS = ["pass", "fail", "not_checked"] as const;
export type CheckResult = typeof CHECK_RESULTS[number];

/** One line of `verify`. */
export interface CheckRow {
  /** What kind of thing: stable, for programs. */
  readonly check: string;
  /** Which one. */
  readonly subject: string;
  readonly result: CheckResult;
  /** What was found. */
  readonly found: string;
  /** What to do about it; empty when it passed. */
  readonly remedy: string;
}

export function pass(check: string, subject: string, found: string): CheckRow {
  return { check, subject, result: "pass", found, remedy: "" };
}

export function fail(
  check: string,
  subject: string,
  { found, remedy }: { readonly found: string; readonly remedy: string },
): CheckRow {
  return { check, subject, result: "fail", found, remedy };
}

/** @param reason why nothing is known */
export function notChecked(
  check: string,
  subject: string,
  reason: string,
  remedy = "Run it with an account that may read this.",
): CheckRow {
  return { check, subject, result: "not_checked", found: reason, remedy };
}

/** How many of each. */
export function tally(
  rows: readonly CheckRow[],
): Record<CheckResult, number> {
  const count = (result: CheckResult) =>
    rows.filter((row) => row.result === result).length;
  return {
    pass: count("pass"),
    fail: count("fail"),
    not_checked: count("not_checked"),
  };
}
