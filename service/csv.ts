/** Rows as CSV, the same from the command line and from the page. @module */

/** A value of one row. */
export type Cell = string | number | boolean | null | undefined;

/** One column. */
export interface CsvColumn<Row> {
  /** Stable snake_case name with its unit: `cap_watts`. */
  readonly key: string;
  readonly value: (row: Row) => Cell;
}

/** A line for the heads and one for each row, ended by CR LF (RFC 4180). */
export function csvText<Row>(
  rows: readonly Row[],
  columns: readonly CsvColumn<Row>[],
): string {
  const head = columns.map(({ key }) => csvCell(key)).join(",");
  const lines = rows.map((row) =>
    columns.map(({ value }) => csvCell(finite(value(row)))).join(",")
  );
  return [head, ...lines].map((line) => `${line}\r\n`).join("");
}

/** No format has NaN and infinity in common; a number that is none is absent. */
export function finite(cell: Cell): string | number | boolean | null {
  if (typeof cell === "number" && !Number.isFinite(cell)) return null;
  return cell ?? null;
}

/** Quoting of RFC 4180. */
function csvCell(cell: string | number | boolean | null): string {
  const text = cell === null ? "" : String(cell);
  return /[",\r\n]|^\s|\s$/.test(text)
    ? `"${text.replaceAll('"', '""')}"`
    : text;
}
