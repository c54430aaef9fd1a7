/** What one replica can be: a layout at a batch under a cap, with its rate and latencies. */

import { allocate, allocateLazily } from "../arrays";

/** The tables: prefill, decode, aggregated workers. */
export namespace Side {
  export const PREFILL: i32 = 0;
  export const DECODE: i32 = 1;
  export const AGG: i32 = 2;
}

@unmanaged
export class Option {
  /** Whole watts a GPU; the charge of a GPU without a cap is its own draw. */
  capWatts: f64;
  /** Watts and GPUs of a replica. */
  watts: f64;
  gpus: f64;
  /** Requests a second of a replica. */
  rate: f64;
  /** Corrected latencies as expected, ms; 0 where the side has none. */
  ttftMs: f64;
  itlMs: f64;
  /** The model's uncapped draw of a GPU, and what it draws under the cap, watts. */
  predictedWatts: f64;
  drawWatts: f64;
  /** Clock relative to the uncapped one (of the slower kind of step), and the declared latency error. */
  clock: f64;
  error: f64;
  /** Prompt tokens of a mixed step; 0 for workers of one kind. */
  contextTokens: f64;
  /** Shares of the time whose watts are measured, borrowed, modelled; the rest is at TDP. */
  measured: f64;
  borrowed: f64;
  modelled: f64;
  batch: i32;
  layout: i32;
  /** FROM_… and BEYOND_… bits of the latencies (`status.ts`). */
  flags: i32;
  unused: i32;
  /** GPUs and watts a request a second. */
  gpusPerRate: f64;
  wattsPerRate: f64;

  /** What breaks ties after GPUs and watts: the latency that a user feels, ms. */
  get quality(): f64 {
    return this.itlMs > 0.0 ? this.itlMs : this.ttftMs;
  }
}

/** Options that a table holds; pruned ones of the largest space (64 layouts) stay far below. */
export const MOST_OPTIONS: i32 = 1 << 16;
export const OPTION_BYTES: usize = offsetof<Option>();

let tables: usize = 0;
const counts = allocate(3 * 4);

/** Room for the tables, made at the first search and kept. */
export function makeRoom(): void {
  if (tables == 0) {
    tables = allocateLazily(<usize> MOST_OPTIONS * 3 * OPTION_BYTES);
  }
}

export function optionCount(side: i32): i32 {
  return load<i32>(counts + ((<usize> side) << 2));
}

export function setOptionCount(side: i32, count: i32): void {
  store<i32>(counts + ((<usize> side) << 2), count);
}

/** Address of a table's first option. */
export function optionTable(side: i32): usize {
  return tables + <usize> side * MOST_OPTIONS * OPTION_BYTES;
}

export function optionAt(side: i32, index: i32): Option {
  return changetype<Option>(
    optionTable(side) + <usize> index * OPTION_BYTES,
  );
}

export function copyOption(to: Option, from: Option): void {
  memory.copy(changetype<usize>(to), changetype<usize>(from), OPTION_BYTES);
}
