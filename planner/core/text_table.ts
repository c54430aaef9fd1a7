/** Tables and wrapped lines for a terminal. @module */

const WIDTH = 100;

/** Columns under their heads; numbers to the right, `leftColumns` to the left. */
export function table(
  rows: readonly (readonly string[])[],
  leftColumns: readonly number[],
): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length))
  );
  return rows.map((row) =>
    `  ${
      row.map((cell, column) =>
        leftColumns.includes(column)
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0)
      ).join("  ")
    }`.trimEnd()
  );
}

/** A text as lines of at most 100 columns. */
export function wrapped(text: string, first: string, next: string): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(" ")) {
    if (!empty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = next;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}
