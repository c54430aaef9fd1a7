/** The trace source: both formats, windows, and files that are broken. @module */

import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import {
  readTrace,
  type TraceSummary,
  traceWindows,
  windowAt,
} from "../../../../planner/sources/mod.ts";
import { stampMs } from "../../../../planner/sources/trace/azure.ts";
import {
  LONGEST_LINE,
  numberedLines,
} from "../../../../planner/sources/trace/lines.ts";
import { WattkeeperError } from "../../../../service/mod.ts";

const HEAD = "TIMESTAMP,ContextTokens,GeneratedTokens";

async function* chunksOf(
  text: string,
  size = text.length || 1,
): AsyncGenerator<string> {
  for (let start = 0; start < text.length; start += size) {
    yield await Promise.resolve(text.slice(start, start + size));
  }
}

function read(text: string, windowSeconds = 60): Promise<TraceSummary> {
  return readTrace({ name: "t", chunks: chunksOf(text), windowSeconds });
}

function azure(...rows: readonly (readonly [string, number, number])[]) {
  return [
    HEAD,
    ...rows.map(([time, input, output]) =>
      `2023-11-16 18:${time},${input},${output}`
    ),
  ].join("\n");
}

function mooncake(...rows: readonly (readonly [number, number, number])[]) {
  return rows.map(([timestamp, input_length, output_length]) =>
    JSON.stringify({ timestamp, input_length, output_length, hash_ids: [1] })
  ).join("\n");
}

async function refused(text: string, ...words: readonly string[]) {
  await rejects(
    () => read(text),
    (error: unknown) =>
      error instanceof WattkeeperError && error.code === "invalid_file" &&
      words.every((word) => error.message.includes(word)),
  );
}

Deno.test("Azure: time, input and output tokens by the names of the head", async () => {
  const trace = await read(azure(["00:00.5", 100, 10], ["00:10", 300, 30]));
  strictEqual(trace.format, "azure");
  strictEqual(trace.requests, 2);
  strictEqual(trace.lastMs - trace.firstMs, 9500);
});

Deno.test("Azure: other order, other columns, CR LF, quotes and a byte-order mark", async () => {
  const trace = await read(
    '\uFEFF"Model","GeneratedTokens","TIMESTAMP","ContextTokens"\r\nx,10,"2023-11-16 18:00:00",100\r\n',
  );
  deepStrictEqual([...trace.windows.values()], [{
    requests: 1,
    inputTokens: 100,
    outputTokens: 10,
  }]);
});

Deno.test("Azure: stamps with fractions, zones and dates that do not exist", () => {
  strictEqual(stampMs("1970-01-01 00:00:01.9799600"), 1979.96);
  strictEqual(stampMs("1970-01-01T00:00:01Z"), 1000);
  strictEqual(stampMs("1970-01-01 02:00:00+02:00"), 0);
  strictEqual(stampMs("1969-12-31 19:00:00-0500"), 0);
  for (
    const wrong of [
      "",
      "yesterday",
      "2023-02-31 00:00:00",
      "2023-13-01 00:00:00",
      "2023-01-01 24:00:01",
    ]
  ) {
    ok(Number.isNaN(stampMs(wrong)), wrong);
  }
});

Deno.test("Mooncake: milliseconds and lengths, other fields unread", async () => {
  const trace = await read(mooncake([0, 100, 10], [1500, 200, 20]));
  strictEqual(trace.format, "mooncake");
  strictEqual(trace.requests, 2);
  strictEqual(trace.lastMs, 1500);
});

Deno.test("windows begin with the first request; the last one that is not full is left out", async () => {
  const trace = await read(
    mooncake([1000, 100, 10], [2000, 300, 30], [70_000, 500, 50], [
      130_000,
      7,
      7,
    ]),
  );
  const windows = [...traceWindows(trace)];
  deepStrictEqual(
    windows.map(({ atMs, requests, islTokens, oslTokens }) => [
      atMs,
      requests,
      islTokens,
      oslTokens,
    ]),
    [[61_000, 2, 200, 20], [121_000, 1, 500, 50]],
  );
});

Deno.test("idle windows in between are windows too, without lengths", async () => {
  const trace = await read(mooncake([0, 100, 10], [200_000, 100, 10]));
  deepStrictEqual(
    [...traceWindows(trace)].map(({ requests, islTokens }) => [
      requests,
      islTokens,
    ]),
    [[1, 100], [0, undefined], [0, undefined]],
  );
});

Deno.test("without --at the last full window; with it the one that holds the offset", async () => {
  const trace = await read(
    mooncake([0, 1, 1], [60_000, 2, 2], [120_000, 3, 3], [125_000, 4, 4]),
  );
  strictEqual(windowAt(trace).islTokens, 2);
  strictEqual(windowAt(trace, 0).islTokens, 1);
  strictEqual(windowAt(trace, 59.9).islTokens, 1);
  strictEqual(windowAt(trace, 125).islTokens, 3.5);
});

Deno.test("an offset outside the trace is refused with the span", async () => {
  const trace = await read(mooncake([0, 1, 1], [125_000, 4, 4]));
  for (const offset of [-1, 126, NaN, Infinity]) {
    throws(() => windowAt(trace, offset), /spans 125 s/);
  }
});

Deno.test("a trace shorter than a window is one window", async () => {
  const trace = await read(mooncake([0, 100, 10], [5000, 100, 10]));
  strictEqual(windowAt(trace).requests, 2);
  strictEqual([...traceWindows(trace)].length, 1);
});

Deno.test("lines in any order make the same windows", async () => {
  const rows = [[0, 1, 1], [61_000, 2, 2], [122_000, 3, 3], [
    183_000,
    4,
    4,
  ]] as const;
  const sorted = await read(mooncake(...rows));
  const mixed = await read(mooncake(rows[0], rows[3], rows[1], rows[2]));
  deepStrictEqual([...traceWindows(mixed)], [...traceWindows(sorted)]);
});

Deno.test("a line before the first one's time lands in a window of its own", async () => {
  const trace = await read(
    mooncake([90_000, 1, 1], [0, 2, 2], [160_000, 3, 3]),
  );
  strictEqual(
    [...traceWindows(trace)].reduce(
      (sum, { requests }) => sum + (requests ?? 0),
      0,
    ),
    2,
  );
  strictEqual(windowAt(trace, 0).islTokens, 2);
});

Deno.test("bad lines are counted and named with their numbers", async () => {
  const trace = await read(
    `${azure(["00:00", 100, 10])}\nnonsense\n2023-11-16 18:00:01,x,5\n`,
  );
  strictEqual(trace.badLines, 2);
  deepStrictEqual(trace.badExamples, [
    { line: 3, why: "1 columns instead of 3" },
    { line: 4, why: "NaN input tokens" },
  ]);
});

const BAD_ROWS: readonly [string, string][] = [
  ["no JSON", "{timestamp: 1}"],
  ["no object", "12"],
  ["a missing length", '{"timestamp":1,"input_length":5}'],
  ["a negative length", '{"timestamp":1,"input_length":-5,"output_length":5}'],
  ["no input at all", '{"timestamp":1,"input_length":0,"output_length":5}'],
  [
    "a fraction of a token",
    '{"timestamp":1,"input_length":1.5,"output_length":5}',
  ],
  ["a huge length", '{"timestamp":1,"input_length":1e30,"output_length":5}'],
  [
    "a text for a number",
    '{"timestamp":1,"input_length":"5","output_length":5}',
  ],
  ["a huge time", '{"timestamp":1e300,"input_length":5,"output_length":5}'],
  [
    "a line without an end",
    `{"timestamp":1,"x":"${"y".repeat(LONGEST_LINE)}"}`,
  ],
];
for (const [what, row] of BAD_ROWS) {
  Deno.test(`${what} is a bad line, and the rest is read`, async () => {
    const trace = await read(
      `${mooncake([0, 100, 10])}\n${row}\n${mooncake([9, 1, 1])}`,
    );
    deepStrictEqual([trace.requests, trace.badLines], [2, 1]);
    strictEqual(trace.badExamples[0]?.line, 2);
  });
}

Deno.test("an empty file and a head without requests are refused", async () => {
  await refused("", "no request");
  await refused("\n\n  \n", "no request");
  await refused(`${HEAD}\n`, "no request");
});

Deno.test("a file that is no trace is refused with how it begins", async () => {
  await refused("# Planner\nmode: disagg", "not a trace", "# Planner");
  await refused('{"hello": 1}', "not a trace");
  await refused("a,b,c\n1,2,3", "not a trace");
  // Without what would move a terminal's cursor.
  await refused("\u001f\u008b\u0008\u0000zip\u001b[2J", '"????zip?[2J"');
});

Deno.test("more than a tenth of bad lines is refused with examples", async () => {
  const good = mooncake(
    ...Array.from({ length: 10 }, () => [0, 1, 1] as const),
  );
  await refused(`${good}\nx\ny\nz`, "3 of 13 lines", "line 11");
});

Deno.test("a clock that jumps over a million windows is refused, not replayed for hours", async () => {
  const trace = await read(mooncake([0, 1, 1], [9e13, 1, 1]));
  throws(() => [...traceWindows(trace)], /windows of 60 s/);
});

Deno.test("an aborted signal ends the reading", async () => {
  const rows = Array.from({ length: 5000 }, () => [0, 1, 1] as const);
  await rejects(() =>
    readTrace({
      name: "t",
      chunks: chunksOf(mooncake(...rows)),
      windowSeconds: 60,
      signal: AbortSignal.abort(),
    })
  );
});

Deno.test("lines are the same however the text is cut into chunks", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("a", "bc", "\n", "\r\n", "ä"), {
        maxLength: 30,
      }),
      fc.integer({ min: 1, max: 7 }),
      async (parts, size) => {
        const text = parts.join("");
        const lines: string[] = [];
        for await (const line of numberedLines(chunksOf(text, size))) {
          lines.push(line.text);
        }
        const wanted = text.split(/\r?\n/);
        if (wanted.at(-1) === "") wanted.pop();
        deepStrictEqual(lines, wanted);
      },
    ),
  );
});
