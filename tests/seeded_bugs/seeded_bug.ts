/** What a seeded bug is. @module */

/** One change of one source file; the words must be there, exactly once. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** One bug. */
export interface SeededBug {
  readonly name: string;
  /** Where its rule stands. */
  readonly rule: string;
  readonly changes: readonly Change[];
}
