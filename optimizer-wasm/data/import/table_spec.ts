/** How a file's columns become slices and axes (`aic-engine.md` §2.2). @module */

import type { PackTable } from "../pack/mod.ts";
import type { SystemSpec } from "../system_spec.ts";
import type { ColumnRequest, Columns, WordColumn } from "./columns.ts";
import type { LatencyFloor } from "./sol_floor.ts";

/** What a column of a slice key may be. */
export type KeyColumn = WordColumn | Float64Array;

/** Facts beyond the file that loading may need. */
export interface LoadContext {
  readonly system: SystemSpec;
  /** Attention heads of a model, or null when it is not known. */
  readonly headsOfModel: (model: string) => number | null;
}

/** One kind of table file. */
export interface TableSpec {
  /** File stem, `gemm_perf`. */
  readonly stem: string;
  /** Tables of the pack that its rows go to. */
  readonly tables: readonly PackTable[];
  /** `sites`: axes are (m, n, k); `grid`: as many axes as there are, the last ones first missing. */
  readonly shape: "sites" | "grid";
  /** Key and measure columns; `latency`, `power`, `power_limit` are read for every table. */
  readonly columns: readonly ColumnRequest[];
  /** Slice key, in the order of `format.ts`. */
  readonly key: (columns: Columns, context: LoadContext) => KeyColumn[];
  /** The axes there are, outermost first. */
  readonly axes: (columns: Columns) => Float64Array[];
  /** Per row 1 = keep; null = keep all. */
  readonly keep?: (
    columns: Columns,
    context: LoadContext,
  ) => Uint8Array | null;
  /** Per row the position in `tables`; absent = the first. */
  readonly tableOf?: (columns: Columns) => Uint8Array;
  /** Latency floor of a slice. */
  readonly floor?: (
    system: SystemSpec,
    key: readonly (string | number)[],
  ) => LatencyFloor | null;
  /** Units of the latency column in one ms; 1 when absent. */
  readonly unitsPerMs?: number;
}

/** Column requests of kind `word`. */
export function words(...names: string[]): ColumnRequest[] {
  return names.map((name) => ({ name, kind: "word" }));
}

/** Column requests of kind `key`. */
export function keys(...names: string[]): ColumnRequest[] {
  return names.map((name) => ({ name, kind: "key" }));
}

/** Makes column requests optional. */
export function optional(requests: ColumnRequest[]): ColumnRequest[] {
  return requests.map((request) => ({ ...request, optional: true }));
}

/** Row by row sum of two columns. */
export function sum(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, row) => value + b[row]!);
}

/** A column with one word in every row. */
export function constantWord(word: string, rows: number): WordColumn {
  return { words: [word], codes: new Int32Array(rows) };
}

/** Per row whether a word passes; decided once per distinct word. */
export function whereWord(
  { words, codes }: WordColumn,
  passes: (word: string) => boolean,
): Uint8Array {
  const passing = words.map((word) => passes(word) ? 1 : 0);
  return Uint8Array.from(codes, (code) => passing[code]!);
}
