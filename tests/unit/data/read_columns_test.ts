/** Reading tables from Parquet and CSV, sound and hostile ones. @module */

import assert from "node:assert/strict";
import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import {
  ByteWriter,
  ParquetWriter,
  schemaFromColumnData,
} from "hyparquet-writer";
import { parquetMetadata } from "hyparquet";
import type {
  ColumnRequest,
  Columns,
} from "../../../optimizer-wasm/data/import/columns.ts";
import { readColumns } from "../../../optimizer-wasm/data/import/read_columns.ts";
import { WattkeeperError } from "../../../service/mod.ts";
import { memoryTree, parquet, type Row } from "./aic_source.ts";
import { ARROW_TABLE } from "./arrow_table.ts";

const REQUESTS: readonly ColumnRequest[] = [
  { name: "kernel_source", kind: "word" },
  { name: "window_size", kind: "key", optional: true },
  { name: "batch_size", kind: "key" },
  { name: "latency", kind: "measure" },
  { name: "power", kind: "measure", optional: true },
];

function read(
  content: Uint8Array | string,
  requests = REQUESTS,
  name = "table.parquet",
): Promise<Columns> {
  return readColumns(memoryTree({ [name]: content }, "source"), name, requests);
}

const rows = (count: number): Row[] =>
  Array.from({ length: count }, (_, row) => ({
    kernel_source: ["a", "b", "a", "c"][row % 4]!,
    window_size: row % 3,
    batch_size: row,
    latency: row / 2 + 1,
  }));

const refused = (message: RegExp) => ({ code: "invalid_file", message });

/** A Parquet file whose writer is led astray before the footer is written. */
function tampered(
  change: (writer: ParquetWriter) => void,
  options: {
    codec?: "SNAPPY" | "ZSTD";
    zstd?: (page: Uint8Array) => Uint8Array;
  } = {},
): Uint8Array {
  const bytes = new ByteWriter();
  const columnData = [
    {
      name: "kernel_source",
      data: rows(100).map(() => "a"),
      type: "STRING" as const,
    },
    {
      name: "batch_size",
      data: rows(100).map((_, i) => BigInt(i)),
      type: "INT64" as const,
    },
    {
      name: "latency",
      data: rows(100).map((_, i) => i + 0.5),
      type: "DOUBLE" as const,
    },
  ];
  const writer = new ParquetWriter({
    writer: bytes,
    schema: schemaFromColumnData({ columnData }),
    codec: options.codec ?? "SNAPPY",
    compressors: {
      ZSTD: options.zstd ?? ((page: Uint8Array) => zstdCompressSync(page)),
    },
  });
  writer.write({
    columnData: columnData.map(({ name, data }) => ({ name, data })),
  });
  change(writer);
  writer.finish();
  return new Uint8Array(bytes.getBuffer());
}

Deno.test("columns come back from version 1 pages with absent values, as upstream's files have them", async () => {
  const columns = await read(ARROW_TABLE);
  assert.equal(columns.rows, 100);
  assert.deepEqual(columns.words("kernel_source").words, ["a", "b", "c"]);
  assert.deepEqual([...columns.words("kernel_source").codes].slice(0, 5), [
    ...[0, 1, 0, 2, 0],
  ]);
  assert.deepEqual([...columns.numbers("window_size")].slice(0, 5), [
    ...[0, 128, 0, 0, 0],
  ]);
  assert.equal(columns.numbers("batch_size")[99], 99);
  assert.equal(columns.numbers("latency")[99], 50.5);
  assert.equal(columns.optionalNumbers("power"), null);
});

Deno.test("columns come back from version 2 pages, over several row groups", async () => {
  const columns = await read(parquet(rows(2500)));
  assert.equal(columns.rows, 2500);
  assert.deepEqual(
    [...columns.numbers("batch_size")],
    rows(2500).map((row) => row["batch_size"]),
  );
  assert.equal(columns.words("kernel_source").codes[2499], 2);
});

Deno.test("columns come back from ZSTD pages", async () => {
  const columns = await read(tampered(() => {}, { codec: "ZSTD" }));
  assert.equal(columns.numbers("latency")[99], 99.5);
});

Deno.test("an absent value in a column that must be there is refused", async () => {
  const requests: ColumnRequest[] = [{ name: "window_size", kind: "key" }];
  await assert.rejects(
    read(ARROW_TABLE, requests),
    refused(/"window_size", row 1/),
  );
});

Deno.test("a file that is cut off is refused wherever it ends, and says that it is cut off", async () => {
  for (const length of [0, 3, 4, 8, 11, 100, 600, ARROW_TABLE.length - 1]) {
    await assert.rejects(
      read(ARROW_TABLE.slice(0, length)),
      refused(/source\/table\.parquet.*not a readable Parquet file/s),
    );
  }
  await assert.rejects(
    read(ARROW_TABLE.slice(0, 600)),
    refused(/ends after 600 bytes without its footer/),
  );
});

Deno.test("a missing column is refused with those that are there", async () => {
  await assert.rejects(
    read(parquet([{ batch_size: 1, latency: 1 }])),
    refused(/no column "kernel_source"; it has batch_size, latency/),
  );
});

Deno.test("a column of another type is refused", async () => {
  const [row] = rows(1);
  await assert.rejects(
    read(parquet([{ ...row, latency: "fast" }])),
    refused(/"latency" is of type BYTE_ARRAY; expected is DOUBLE/),
  );
  await assert.rejects(
    read(parquet([{ ...row, kernel_source: 3 }])),
    refused(/"kernel_source" is of type INT64; expected is BYTE_ARRAY/),
  );
});

Deno.test("negative keys and latencies that are no numbers are refused with their row", async () => {
  const [row] = rows(1);
  await assert.rejects(
    read(parquet([row!, { ...row, batch_size: -4 }])),
    refused(/"batch_size", row 2 is -4/),
  );
  for (const latency of [NaN, Infinity]) {
    await assert.rejects(
      read(parquet([{ ...row, latency }])),
      refused(/"latency", row 1 is (NaN|Infinity)/),
    );
  }
});

Deno.test("keys beyond 2^53 are refused", async () => {
  const bytes = new ByteWriter();
  const columnData = [{
    name: "batch_size",
    data: [2n ** 60n],
    type: "INT64" as const,
  }];
  const writer = new ParquetWriter({
    writer: bytes,
    schema: schemaFromColumnData({ columnData }),
  });
  writer.write({ columnData: [{ name: "batch_size", data: [2n ** 60n] }] });
  writer.finish();
  await assert.rejects(
    read(new Uint8Array(bytes.getBuffer()), [{
      name: "batch_size",
      kind: "key",
    }]),
    refused(/"batch_size", row 1 is 1152921504606847000/),
  );
});

Deno.test("a word of a megabyte is refused", async () => {
  const [row] = rows(1);
  await assert.rejects(
    read(parquet([{ ...row, kernel_source: "x".repeat(2 ** 20) }])),
    refused(/word has 1048576 characters/),
  );
});

Deno.test("a footer whose row count contradicts its row groups is refused", async () => {
  await assert.rejects(
    read(tampered((writer) => writer.num_rows = 10n ** 15n)),
    refused(/footer says 1000000000000000 rows, its row groups 100/),
  );
});

Deno.test("a footer with more rows than any table has is refused before anything is allocated", async () => {
  const lie = 10n ** 12n;
  await assert.rejects(
    read(tampered((writer) => {
      writer.num_rows = lie;
      writer.row_groups[0]!.num_rows = lie;
    })),
    refused(/footer says 1000000000000 rows; at most/),
  );
});

Deno.test("a footer that claims more rows than its pages hold is refused", async () => {
  await assert.rejects(
    read(tampered((writer) => {
      writer.num_rows = 5_000_000n;
      writer.row_groups[0]!.num_rows = 5_000_000n;
    })),
    refused(/column has 100 values where the row group has 5000000 rows/),
  );
});

Deno.test("a column that lies outside of the file is refused", async () => {
  await assert.rejects(
    read(tampered((writer) => {
      for (const { meta_data } of writer.row_groups[0]!.columns) {
        meta_data!.total_compressed_size = 2n ** 40n;
      }
    })),
    refused(/column claims bytes \d+ to \d+ of \d+/),
  );
});

Deno.test("a page that claims more values than its row group has is refused", async () => {
  const bytes = parquet(rows(100));
  const { row_groups } = parquetMetadata(bytes.slice().buffer);
  const column = row_groups[0]!.columns.find((it) =>
    it.meta_data?.path_in_schema[0] === "latency"
  )!.meta_data!;
  // 100 values are written C8 01 as a variable-length number; FE 7F are 8191.
  const at = bytes.findIndex((byte, i) =>
    i >= Number(column.data_page_offset) && byte === 0xc8 && bytes[i + 1] === 1
  );
  bytes.set([0xfe, 0x7f], at);
  await assert.rejects(
    read(bytes),
    refused(/page claims 8191 values where 100/),
  );
});

Deno.test("a page header without a length that decoding needs is refused", async () => {
  const bytes = parquet(rows(100));
  // Field 5 of a version 2 header is 3 bytes of definition levels (15 06), field 6 follows; C4 is another field.
  const at = bytes.findIndex((byte, i) =>
    byte === 0x15 && bytes[i + 1] === 6 && bytes[i + 2] === 0x15 &&
    bytes[i - 1] === 0x10
  );
  bytes[at + 2] = 0xc4;
  await assert.rejects(read(bytes), refused(/page header has no field 6/));
});

Deno.test("a page that inflates to more than it says is not inflated", async () => {
  const bomb = zstdCompressSync(new Uint8Array(64 * 2 ** 20));
  assert(bomb.length < 10_000);
  const before = Deno.memoryUsage().rss;
  await assert.rejects(
    read(tampered(() => {}, { codec: "ZSTD", zstd: () => bomb })),
    refused(/not a readable Parquet file/),
  );
  assert(Deno.memoryUsage().rss - before < 48 * 2 ** 20);
});

Deno.test("whatever bytes are changed, a table is read or refused, and nothing else happens", async () => {
  const change = fc.tuple(fc.nat(ARROW_TABLE.length - 1), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 1, maxLength: 6 }),
      fc.constantFrom(ARROW_TABLE, parquet(rows(100))),
      async (changes, sound) => {
        const damaged = sound.slice();
        for (const [at, byte] of changes) damaged[at % damaged.length] = byte;
        try {
          const columns = await read(damaged);
          assert(columns.rows <= 20_000_000);
        } catch (error) {
          assert(error instanceof WattkeeperError, String(error));
          assert.equal(error.code, "invalid_file");
        }
      },
    ),
    { numRuns: 600 },
  );
});

Deno.test("whatever bytes there are, they are read or refused", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom("table.parquet", "table.txt"),
      async (bytes, name) => {
        await assert.rejects(read(bytes, REQUESTS, name), {
          code: "invalid_file",
        });
      },
    ),
  );
});

Deno.test("the older CSV tables are read by column name, with quotes and either line end", async () => {
  const text =
    'latency,kernel_source,other,batch_size,power\r\n1.5,"a, ""b""",x,4,\r\n2,c,,8,300\r\n\r\n';
  const columns = await read(text, REQUESTS, "table.txt");
  assert.equal(columns.rows, 2);
  assert.deepEqual(columns.words("kernel_source").words, ['a, "b"', "c"]);
  assert.deepEqual([...columns.numbers("batch_size")], [4, 8]);
  assert.deepEqual([...columns.numbers("latency")], [1.5, 2]);
  assert.deepEqual([...columns.numbers("power")], [0, 300]);
});

Deno.test("a CSV line of another length, or a number that is none, is refused with its place", async () => {
  const head = "kernel_source,batch_size,latency\n";
  await assert.rejects(
    read(`${head}a,1,2\nb,1\n`, REQUESTS, "table.txt"),
    refused(/source\/table\.txt.*Line 3 has 2 fields; the header has 3/),
  );
  await assert.rejects(
    read(`${head}a,1,2\nb,one,2\n`, REQUESTS, "table.txt"),
    refused(/"batch_size", row 2 is NaN/),
  );
  await assert.rejects(
    read(`${head}a,1.5,2\n`, REQUESTS, "table.txt"),
    refused(/"batch_size", row 1 is 1.5/),
  );
});

Deno.test("a Git LFS pointer is called what it is", async () => {
  await assert.rejects(
    read("version https://git-lfs.github.com/spec/v1\noid sha256:1\n"),
    {
      ...refused(/Git LFS pointer/),
      remedy: /git lfs pull/,
    },
  );
});
