/** What one replica does at one batch size without a cap: the raw material of operating points. @module */

import type { MemoryAnswer } from "../../optimizer-wasm/mod.ts";

/** One batch size of one side. Correction factors of `aic-engine.md` §7.5 are applied, coefficients are not. */
export interface Row {
  readonly batchSize: number;
  readonly requestsPerSecond: number;
  readonly ttftMs: number | undefined;
  readonly itlMs: number | undefined;
  /** Raw draw of one GPU, watts. */
  readonly predictedWatts: number;
  readonly latencySource: string;
  readonly powerSource: string;
}

/** Rows of one side and shape, and why there are no more of them. */
export interface Rows {
  readonly rows: readonly Row[];
  /** The first batch size that memory refused. */
  readonly refused: MemoryAnswer | undefined;
}
