/**
 * Checks that stand before and inside the decoding of a Parquet file: sizes and counts that the file claims are
 * believed only when the bytes there are can bear them.
 *
 * @module
 */

import {
  brotliDecompressSync,
  gunzipSync,
  zstdDecompressSync,
} from "node:zlib";
import {
  type ColumnMetaData,
  type CompressionCodec,
  type Compressors,
  type FileMetaData,
  snappyUncompress,
} from "hyparquet";
import { MAX_ROWS } from "./columns.ts";
import { checkRuns } from "./level_runs.ts";
import { PAGE, type PageHeader, readPageHeader } from "./page_header.ts";

/** The most that the pages of one column may inflate to, bytes. */
const MAX_COLUMN_BYTES = 256 * 2 ** 20;
const PLAIN = 0;
/** Encodings of dictionary positions: PLAIN_DICTIONARY and RLE_DICTIONARY. */
const DICTIONARY = [2, 8];

/** Inflates a page to the length that its header says, and never to more. */
type Inflate = (input: Uint8Array, bytes: number) => Uint8Array;

const INFLATE: readonly (readonly [CompressionCodec, Inflate])[] = [
  ["SNAPPY", (input, bytes) => {
    const page = new Uint8Array(bytes);
    snappyUncompress(input, page);
    return page;
  }],
  ["ZSTD", (input, bytes) => zstdDecompressSync(input, bounded(bytes))],
  ["GZIP", (input, bytes) => gunzipSync(input, bounded(bytes))],
  ["BROTLI", (input, bytes) => brotliDecompressSync(input, bounded(bytes))],
];

function bounded(bytes: number): { maxOutputLength: number } {
  return { maxOutputLength: Math.max(bytes, 1) };
}

/**
 * Checks the file's own counts.
 *
 * @returns rows of the file
 * @throws {RangeError} when they contradict each other or are absurd
 */
export function checkRowCount(metadata: FileMetaData): number {
  const rows = Number(metadata.num_rows);
  const inGroups = metadata.row_groups.map((it) => Number(it.num_rows));
  const sum = inGroups.reduce((a, b) => a + b, 0);
  if (rows !== sum || inGroups.some((it) => it < 0)) {
    throw new RangeError(
      `its footer says ${rows} rows, its row groups ${sum} together`,
    );
  }
  if (rows > MAX_ROWS) {
    throw new RangeError(
      `its footer says ${rows} rows; at most ${MAX_ROWS} count`,
    );
  }
  return rows;
}

/**
 * Checks every page header of a column, and returns decompressors that check the pages' insides.
 *
 * @throws {RangeError} when a page claims more than there is
 */
export function guardColumn(
  bytes: Uint8Array,
  metadata: FileMetaData,
  name: string,
): Compressors {
  const isOptional = metadata.schema.find((it) => it.name === name)
    ?.repetition_type === "OPTIONAL";
  const pages: PageHeader[] = [];
  for (const group of metadata.row_groups) {
    const column = group.columns.find((it) =>
      it.meta_data?.path_in_schema.join(".") === name
    )?.meta_data;
    if (column === undefined) {
      throw new RangeError(`a row group has no column "${name}"`);
    }
    const found = readPages(bytes, column, Number(group.num_rows));
    for (const page of found) {
      checkV2Levels(bytes, page, isOptional);
      if (column.codec !== "UNCOMPRESSED" && page.isCompressed) {
        pages.push(page);
        continue;
      }
      const content = bytes.subarray(
        page.start + levelBytes(page),
        page.start + page.compressedBytes,
      );
      checkContent(content, page, isOptional);
    }
  }
  return guardedCompressors(pages, isOptional);
}

function readPages(
  bytes: Uint8Array,
  column: ColumnMetaData,
  groupRows: number,
): PageHeader[] {
  const first = Number(
    column.dictionary_page_offset || column.data_page_offset,
  );
  const end = first + Number(column.total_compressed_size);
  if (first < 4 || !(end <= bytes.length)) {
    throw new RangeError(
      `a column claims bytes ${first} to ${end} of ${bytes.length}`,
    );
  }
  const pages: PageHeader[] = [];
  let values = 0;
  let inflated = 0;
  for (let at = first; at < end && values < groupRows;) {
    const page = readPageHeader(bytes.subarray(0, end), at);
    checkHeader(page, end, groupRows - values);
    if (page.type !== PAGE.dictionary) values += page.values;
    inflated += page.uncompressedBytes;
    if (inflated > MAX_COLUMN_BYTES) {
      throw new RangeError(
        `a column would inflate to more than ${MAX_COLUMN_BYTES} bytes`,
      );
    }
    pages.push(page);
    at = page.start + page.compressedBytes;
  }
  if (values !== groupRows) {
    throw new RangeError(
      `a column has ${values} values where the row group has ${groupRows} rows`,
    );
  }
  return pages;
}

function checkHeader(page: PageHeader, end: number, rowsLeft: number): void {
  const { type, values, encoding, compressedBytes, uncompressedBytes } = page;
  if (
    compressedBytes < 0 || uncompressedBytes < 0 || values < 0 ||
    page.definitionBytes < 0 || page.repetitionBytes < 0 ||
    levelBytes(page) > compressedBytes ||
    page.nulls < 0 || page.nulls > values ||
    page.start + compressedBytes > end
  ) {
    throw new RangeError("a page reaches beyond its column");
  }
  if (type === PAGE.dictionary) {
    // Every entry takes a byte at least.
    if (values > uncompressedBytes) {
      throw new RangeError(
        `a dictionary claims ${values} entries in ${uncompressedBytes} bytes`,
      );
    }
  } else if (type === PAGE.data || type === PAGE.dataV2) {
    if (values > rowsLeft) {
      throw new RangeError(
        `a page claims ${values} values where ${rowsLeft} are left`,
      );
    }
    if (encoding !== PLAIN && !DICTIONARY.includes(encoding)) {
      throw new RangeError(
        `a page has encoding ${encoding}; PLAIN and dictionary encodings are read`,
      );
    }
  } else {
    throw new RangeError(`a page has the unexpected type ${type}`);
  }
}

function levelBytes(page: PageHeader): number {
  return page.definitionBytes + page.repetitionBytes;
}

/** Version 2 pages keep their levels outside of the compressed part. */
function checkV2Levels(
  bytes: Uint8Array,
  page: PageHeader,
  isOptional: boolean,
): void {
  if (page.type !== PAGE.dataV2 || !isOptional) return;
  const start = page.start + page.repetitionBytes;
  checkRuns(bytes.subarray(0, start + page.definitionBytes), {
    start,
    bitWidth: 1,
    values: page.values,
  });
}

function guardedCompressors(
  pages: readonly PageHeader[],
  isOptional: boolean,
): Compressors {
  let next = 0;
  const guarded: Compressors = {};
  for (const [codec, inflate] of INFLATE) {
    guarded[codec] = (input, outputBytes) => {
      const page = pages[next++];
      if (page === undefined || outputBytes > page.uncompressedBytes) {
        throw new RangeError("a page is not where its column says");
      }
      const content = inflate(input, outputBytes);
      checkContent(content, page, isOptional);
      return content;
    };
  }
  return guarded;
}

/** @param content inflated values, in version 1 pages with the levels in front */
function checkContent(
  content: Uint8Array,
  page: PageHeader,
  isOptional: boolean,
): void {
  if (page.type === PAGE.dictionary) return;
  let start = 0;
  if (page.type === PAGE.data && isOptional) {
    const view = new DataView(
      content.buffer,
      content.byteOffset,
      content.length,
    );
    start = 4 + view.getUint32(0, true);
    checkRuns(content.subarray(0, start), {
      start: 4,
      bitWidth: 1,
      values: page.values,
    });
  }
  if (!DICTIONARY.includes(page.encoding)) return;
  const bitWidth = content[start];
  if (bitWidth) {
    const runs = { start: start + 1, bitWidth, values: page.values };
    checkRuns(content, { ...runs, mayHoldFewer: isOptional });
  }
}
