/** Rows of an answer as a table, CSV, JSON or JSON lines. @module */

import { type Cell, csvText, finite } from "../service/mod.ts";
import type { OutputFormat } from "./command.ts";

/** One column: its stable snake_case key and how a table shows it. */
export interface Column<Row> {
  /** Field name in JSON and CSV, with its unit: `cap_watts`. */
  readonly key: string;
  /** Head of the column in a table; the key when absent. */
  readonly title?: string;
  /** What JSON and CSV carry. */
  readonly value: (row: Row) => Cell;
  /** What a table shows; the value as text when absent. */
  readonly show?: (row: Row) => string;
}

/**
 * Writes rows in the format asked for.
 *
 * @param rows the answer
 * @param columns in order
 * @param format table, csv, json (an array) or jsonl
 * @returns the text, with a final line feed unless there is nothing to write
 */
export function renderRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  format: OutputFormat,
): string {
  switch (format) {
    case "table":
      return table(rows, columns);
    case "csv":
      return csvText(rows, columns);
    case "json":
      return `${JSON.stringify(rows.map(asObject(columns)), null, 2)}\n`;
    case "jsonl":
      return rows.map((row) => `${JSON.stringify(asObject(columns)(row))}\n`)
        .join("");
  }
}

function asObject<Row>(columns: readonly Column<Row>[]) {
  return (row: Row) =>
    Object.fromEntries(
      columns.map(({ key, value }) => [key, finite(value(row))]),
    );
}

function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
): string {
  if (columns.length === 0) return "";
  const shown = rows.map((row) =>
    columns.map((column) =>
      oneLine(column.show?.(row) ?? plain(column.value(row)))
    )
  );
  const heads = columns.map(({ title, key }) => title ?? key);
  const widths = heads.map((head, i) =>
    Math.max(width(head), ...shown.map((cells) => width(cells[i] ?? "")))
  );
  const right = columns.map(({ value }) =>
    rows.some((row) => typeof value(row) === "number")
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => {
      const fill = " ".repeat((widths[i] ?? 0) - width(cell));
      return right[i] ? fill + cell : cell + fill;
    }).join("  ").trimEnd() + "\n";
  const rule = widths.map((cells) => "─".repeat(cells)).join("  ") + "\n";
  return line(heads) + rule + shown.map(line).join("");
}

function plain(cell: Cell): string {
  const value = finite(cell);
  return value === null ? "–" : String(value);
}

/** A cell stays on its line and cannot steer the terminal. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, " ");
}

function width(text: string): number {
  return Array.from(text).length;
}
