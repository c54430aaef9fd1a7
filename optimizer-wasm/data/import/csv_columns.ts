/** Reading columns of the older CSV tables (`.txt`). @module */

import {
  checkNumbers,
  type ColumnRequest,
  Columns,
  MAX_ROWS,
  type WordColumn,
  WordColumnBuilder,
} from "./columns.ts";
import { invalidFile } from "./source_tree.ts";

/**
 * Reads the columns asked for. The first line names the columns; fields may be quoted.
 *
 * @param where the file's name, for errors
 * @throws {WattkeeperError} `invalid_file`
 */
export function readCsv(
  bytes: Uint8Array,
  where: string,
  requests: readonly ColumnRequest[],
): Columns {
  const lines = decode(bytes, where).split(/\r?\n/);
  while (lines.at(-1)?.trim() === "") lines.pop();
  const header = splitLine(lines[0] ?? "").map((name) => name.trim());
  const rows = lines.length - 1;
  if (rows < 0 || rows > MAX_ROWS) {
    throw invalidFile(where, `It has ${rows} rows; at most ${MAX_ROWS} count.`);
  }
  const present = requests.flatMap((request) => {
    const index = header.indexOf(request.name);
    if (index >= 0) return [{ request, index }];
    if (request.optional) return [];
    throw invalidFile(
      where,
      `It has no column "${request.name}"; it has ${
        header.slice(0, 30).join(", ")
      }.`,
    );
  });
  const builders = present.map((
    { request: { name, kind, optional }, index },
  ) => ({
    index,
    absent: optional ? 0 : NaN,
    words: kind === "word"
      ? new WordColumnBuilder(rows, `${where}: column "${name}"`)
      : null,
    numbers: kind === "word" ? null : new Float64Array(rows),
  }));
  for (let row = 0; row < rows; row++) {
    const fields = splitLine(lines[row + 1]!);
    if (fields.length !== header.length) {
      throw invalidFile(
        where,
        `Line ${
          row + 2
        } has ${fields.length} fields; the header has ${header.length}.`,
      );
    }
    for (const { index, words, numbers, absent } of builders) {
      const field = fields[index]!.trim();
      words?.set(row, field);
      if (numbers) numbers[row] = field === "" ? absent : Number(field);
    }
  }
  const numbers = new Map<string, Float64Array>();
  const words = new Map<string, WordColumn>();
  present.forEach(({ request }, i) => {
    const column = builders[i]!;
    if (column.words) words.set(request.name, column.words.finish());
    if (column.numbers) {
      checkNumbers(column.numbers, request, where);
      numbers.set(request.name, column.numbers);
    }
  });
  return new Columns({ rows, where, numbers, words });
}

function decode(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw invalidFile(where, "It is not text (UTF-8).", error);
  }
}

function splitLine(line: string): string[] {
  if (!line.includes('"')) return line.split(",");
  const fields: string[] = [];
  for (
    const [, quoted, plain] of line.matchAll(
      /(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g,
    )
  ) {
    fields.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
  }
  return fields;
}
