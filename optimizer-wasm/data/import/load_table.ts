/** One file as leaves: per row a slice, axes, latency, power (`aic-engine.md` §2.2). @module */

import type { PackTable } from "../pack/mod.ts";
import type { ColumnRequest, Columns } from "./columns.ts";
import { readColumns } from "./read_columns.ts";
import { type SliceKey, SliceNumbering } from "./slice_numbering.ts";
import type { SourceTree } from "./source_tree.ts";
import type { LoadContext, TableSpec } from "./table_spec.ts";

/** A slice of a table of the pack. */
export interface Slice {
  readonly table: PackTable;
  readonly key: SliceKey;
}

/** The rows of one file that count, in file order. */
export interface LoadedTable {
  readonly rows: number;
  /** In the order of first appearance. */
  readonly slices: readonly Slice[];
  /** Per row the position in `slices`. */
  readonly sliceOf: Int32Array;
  /** As many axes as the table has, outermost first. */
  readonly axes: readonly Float64Array[];
  /** Raised to the floor where §2.2 has one. */
  readonly latencyMs: Float64Array;
  /** Blend power (§3), watts; null without a power column. */
  readonly powerWatts: Float64Array | null;
  /** Power limits met in the file, watts, whichever of them is read. */
  readonly powerLimitsWatts: ReadonlySet<number>;
}

const MEASURES: readonly ColumnRequest[] = [
  { name: "latency", kind: "measure" },
  { name: "power", kind: "measure", optional: true },
  { name: "power_limit", kind: "measure", optional: true },
];
const KERNEL: ColumnRequest = {
  name: "kernel_source",
  kind: "word",
  optional: true,
};

/** Which rows of which file. */
export interface TableFile {
  readonly spec: TableSpec;
  readonly tree: SourceTree;
  readonly path: string;
  /** Only rows of these kernels count; null = all. */
  readonly kernels: ReadonlySet<string> | null;
  /** Rows at this power limit, watts; absent: at the file's highest. All rows of a file without limits. */
  readonly limitWatts?: number | undefined;
}

/** Reads one file. @throws {WattkeeperError} `invalid_file`, `file_unreadable` */
export async function loadTable(
  { spec, tree, path, kernels, limitWatts }: TableFile,
  context: LoadContext,
): Promise<LoadedTable> {
  const requests = [...spec.columns, ...MEASURES];
  if (kernels !== null && !requests.some((it) => it.name === KERNEL.name)) {
    requests.push(KERNEL);
  }
  const columns = await readColumns(tree, path, requests);
  const rows = keptRows(columns, { spec, kernels, context, limitWatts });
  const numbering = new SliceNumbering(
    spec.key(columns, context),
    spec.tableOf?.(columns) ?? null,
  );
  const sliceOf = Int32Array.from(rows, (row) => numbering.sliceOf(row));
  const slices = numbering.slices.map(({ table, key }) => ({
    table: spec.tables[table]!,
    key,
  }));
  const pick = (column: Float64Array) =>
    rows.length === columns.rows
      ? column
      : Float64Array.from(rows, (row) => column[row]!);
  const power = columns.optionalNumbers("power");
  const limits = columns.optionalNumbers("power_limit");
  const table = {
    rows: rows.length,
    slices,
    sliceOf,
    axes: spec.axes(columns).map(pick),
    latencyMs: pick(columns.numbers("latency")),
    powerWatts: power && pick(power),
    powerLimitsWatts: new Set(limits?.filter((watts) => watts > 0)),
  };
  const { unitsPerMs = 1 } = spec;
  if (unitsPerMs !== 1) {
    table.latencyMs = table.latencyMs.map((it) => it / unitsPerMs);
  }
  raiseToFloor(table, spec, context);
  return table;
}

/** Bytes that a loaded table occupies, about. */
export function sizeOf(table: LoadedTable): number {
  const columns = table.axes.length + 1 + (table.powerWatts ? 1 : 0);
  return table.rows * (columns * 8 + 4) + table.slices.length * 200;
}

function keptRows(
  columns: Columns,
  { spec, kernels, context, limitWatts }: {
    readonly spec: TableSpec;
    readonly kernels: ReadonlySet<string> | null;
    readonly context: LoadContext;
    readonly limitWatts: number | undefined;
  },
): Int32Array {
  const kept = spec.keep?.(columns, context) ?? null;
  // Without the column every row's kernel is `default`, as for lanes.
  const limits = columns.optionalNumbers("power_limit");
  const wanted = limitWatts ?? highestLimit(limits);
  const limited = limits?.some((watts) => watts > 0) ?? false;
  const source = kernels && columns.optionalWords(KERNEL.name);
  const allowed = source
    ? source.words.map((word) => kernels!.has(word))
    : [kernels?.has("default") ?? true];
  const rows = new Int32Array(columns.rows);
  let count = 0;
  for (let row = 0; row < columns.rows; row++) {
    if (kept?.[row] === 0) continue;
    if (limited && !isMeasuredAt(limits![row]!, wanted, limitWatts)) continue;
    if (!allowed[source ? source.codes[row]! : 0]) continue;
    rows[count++] = row;
  }
  return rows.subarray(0, count);
}

/**
 * Rows of one key at several power limits are several measurements. Leaves hold one: that at the highest limit, which
 * is what the power curves start from; which of them comes first in the file does not matter.
 */
function highestLimit(limits: Float64Array | null): number {
  return limits?.reduce((most, watts) => Math.max(most, watts), 0) ?? 0;
}

/** A row without a limit is measured at none: it stands beside those of the highest. */
function isMeasuredAt(
  rowWatts: number,
  wantedWatts: number,
  limitWatts: number | undefined,
): boolean {
  return rowWatts > 0 ? rowWatts === wantedWatts : limitWatts === undefined;
}

/** Latency is raised to the floor; energy keeps its loaded value, so the blend power falls (§2.2, §3). */
function raiseToFloor(
  { rows, slices, sliceOf, axes, latencyMs, powerWatts }: LoadedTable,
  spec: TableSpec,
  { system }: LoadContext,
): void {
  if (spec.floor === undefined) return;
  const floors = slices.map(({ key }) => spec.floor!(system, key));
  const [axis0, axis1, axis2] = axes;
  if (!axis0 || !axis1 || !axis2) return;
  for (let row = 0; row < rows; row++) {
    const floor = floors[sliceOf[row]!];
    if (!floor) continue;
    const loaded = latencyMs[row]!;
    const least = floor(axis0[row]!, axis1[row]!, axis2[row]!);
    if (least <= loaded) continue;
    latencyMs[row] = least;
    if (powerWatts && loaded > 0) {
      powerWatts[row] = powerWatts[row]! * loaded / least;
    }
  }
}
