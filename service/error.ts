/** The one error type that reaches a person: what was being done, what was found, what to do. @module */

import { ERROR_TABLE, type ErrorCode } from "./error_table.ts";

/** What a {@linkcode WattkeeperError} says beyond its message. */
export interface WattkeeperErrorDetail {
  /** What to do about it, one sentence in the imperative. */
  readonly remedy?: string;
  /** Where the fault lies: a flag, a field path, a file, an operator. */
  readonly where?: string;
  /** The underlying error, kept for `--log-level debug`. */
  readonly cause?: unknown;
}

/**
 * An error that a person can act on. `code` is stable and listed in {@linkcode ERROR_TABLE}; programs compare
 * the code, people read the message and the remedy.
 *
 * @example
 * ```ts
 * throw new WattkeeperError("unknown_model", 'Unknown model "Qwen3-32": the nearest known one is "Qwen/Qwen3-32B".', {
 *   where: "--model",
 *   remedy: "Run `data list --models` for all known models.",
 * });
 * ```
 */
export class WattkeeperError extends Error {
  override readonly name = "WattkeeperError";
  readonly code: ErrorCode;
  readonly remedy: string | undefined;
  readonly where: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    detail: WattkeeperErrorDetail = {},
  ) {
    super(
      message,
      detail.cause === undefined ? undefined : { cause: detail.cause },
    );
    this.code = code;
    this.remedy = detail.remedy;
    this.where = detail.where;
  }

  /** The process exit code this error maps to (`SPEC.md` §1): 1 failed or infeasible, 2 wrong usage or bad input. */
  get exitCode(): 1 | 2 {
    return ERROR_TABLE[this.code].exitCode;
  }

  /** The documentation number, `WK101` and so on. */
  get number(): string {
    return ERROR_TABLE[this.code].number;
  }
}
