/** Reading columns of a Parquet file. @module */

import {
  type Compressors,
  type FileMetaData,
  parquetMetadata,
  parquetRead,
} from "hyparquet";
import { WattkeeperError } from "../../../service/portable.ts";
import {
  checkNumbers,
  type ColumnRequest,
  Columns,
  type WordColumn,
  WordColumnBuilder,
} from "./columns.ts";
import { checkRowCount, guardColumn } from "./parquet_guard.ts";
import { invalidFile } from "./source_tree.ts";

/** Physical types by kind of column. */
const TYPES = {
  key: ["INT64", "INT32"],
  measure: ["DOUBLE", "FLOAT", "INT64", "INT32"],
  word: ["BYTE_ARRAY"],
};

/**
 * Reads the columns asked for.
 *
 * @param where the file's name, for errors
 * @throws {WattkeeperError} `invalid_file` when the file is damaged, lies about its sizes, or lacks a column
 */
export async function readParquet(
  bytes: Uint8Array,
  where: string,
  requests: readonly ColumnRequest[],
): Promise<Columns> {
  const file = bytes.slice().buffer;
  try {
    const metadata = parquetMetadata(file);
    const present = presentColumns(metadata, where, requests);
    const rows = checkRowCount(metadata);
    const numbers = new Map<string, Float64Array>();
    const words = new Map<string, WordColumn>();
    for (const request of present) {
      const compressors = guardColumn(bytes, metadata, request.name);
      const chunks = await readChunks(
        { file, metadata, compressors },
        request.name,
      );
      if (request.kind === "word") {
        words.set(request.name, toWords(chunks, rows, where, request.name));
      } else {
        const column = toNumbers(chunks, rows, request.optional ? 0 : NaN);
        checkNumbers(column, request, where);
        numbers.set(request.name, column);
      }
    }
    return new Columns({ rows, where, numbers, words });
  } catch (error) {
    if (error instanceof WattkeeperError) throw error;
    throw invalidFile(
      where,
      `It is not a readable Parquet file${truncated(bytes)}: ${
        error instanceof Error ? error.message : String(error)
      }.`,
      error,
    );
  }
}

function truncated(bytes: Uint8Array): string {
  const text = (at: number) =>
    new TextDecoder().decode(bytes.subarray(at, at + 4));
  return bytes.length >= 8 && text(0) === "PAR1" &&
      text(bytes.length - 4) !== "PAR1"
    ? ` (it ends after ${bytes.length} bytes without its footer)`
    : "";
}

function presentColumns(
  metadata: FileMetaData,
  where: string,
  requests: readonly ColumnRequest[],
): ColumnRequest[] {
  const columns = metadata.schema.slice(1);
  return requests.filter(({ name, kind, optional }) => {
    const column = columns.find((it) => it.name === name);
    if (column === undefined) {
      if (optional) return false;
      throw invalidFile(
        where,
        `It has no column "${name}"; it has ${
          columns.slice(0, 30).map((it) => it.name).join(", ")
        }.`,
      );
    }
    if (!TYPES[kind].includes(column.type ?? "")) {
      throw invalidFile(
        where,
        `Column "${name}" is of type ${column.type ?? "group"}; expected is ${
          TYPES[kind].join(" or ")
        }.`,
      );
    }
    return true;
  });
}

/** Decoded values of a column from one row on. */
interface Chunk {
  readonly start: number;
  readonly values: ArrayLike<unknown>;
}

async function readChunks(
  options: {
    readonly file: ArrayBuffer;
    readonly metadata: FileMetaData;
    readonly compressors: Compressors;
  },
  name: string,
): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  await parquetRead({
    ...options,
    columns: [name],
    onChunk: ({ columnData, rowStart }) => {
      chunks.push({ start: rowStart, values: columnData });
    },
  });
  return chunks;
}

/** @param absent what stands for an absent value; a row that no chunk fills is not a number, and refused */
function toNumbers(
  chunks: readonly Chunk[],
  rows: number,
  absent: number,
): Float64Array {
  const column = new Float64Array(rows).fill(NaN);
  for (const { start, values } of chunks) {
    for (let i = 0; i < values.length; i++) {
      column[start + i] = values[i] === null || values[i] === undefined
        ? absent
        : Number(values[i]);
    }
  }
  return column;
}

function toWords(
  chunks: readonly Chunk[],
  rows: number,
  where: string,
  name: string,
): WordColumn {
  const builder = new WordColumnBuilder(rows, `${where}: column "${name}"`);
  let filled = 0;
  for (const { start, values } of chunks) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (typeof value !== "string") {
        throw invalidFile(
          where,
          `Column "${name}", row ${start + i + 1} holds no text.`,
        );
      }
      builder.set(start + i, value);
      filled++;
    }
  }
  if (filled !== rows) {
    throw invalidFile(
      where,
      `Column "${name}" has ${filled} values, the file says ${rows} rows.`,
    );
  }
  return builder.finish();
}
