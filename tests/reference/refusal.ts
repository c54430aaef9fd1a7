/** Why the reference has no answer. @module */

import type { ErrorCode } from "../../service/mod.ts";

/** A refusal with the product's code for it. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The tables have no answer (`aic-engine.md` §5.12: PerfDataNotAvailableError). */
export function dataMiss(what: string): Refusal {
  return new Refusal("not_measured", `No measured rows for ${what}.`);
}
