/** Dynamo's request traces, compressed files, and a trace behind the port of the sources (P20). @module */

import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import {
  readTrace,
  textChunks,
  traceSource,
  type TraceSummary,
} from "../../../../planner/sources/mod.ts";
import { WattkeeperError } from "../../../../service/mod.ts";

const record = (
  receivedMs: number,
  request: Readonly<Record<string, unknown>> = {},
) => ({
  schema: "dynamo.request.trace.v1",
  event_type: "request_end",
  event_time_unix_ms: receivedMs + 900,
  request: {
    request_id: "r",
    request_received_ms: receivedMs,
    input_tokens: 512,
    output_tokens: 128,
    ...request,
  },
});

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}

function read(records: readonly unknown[]): Promise<TraceSummary> {
  return readTrace({
    name: "t.jsonl",
    chunks: once(records.map((one) => JSON.stringify(one)).join("\n")),
    windowSeconds: 10,
  });
}

Deno.test("request ends count at the time they were received", async () => {
  const trace = await read([record(1000), record(4000), record(12_000)]);
  strictEqual(trace.format, "dynamo");
  deepStrictEqual([...trace.windows.values()].map(({ requests }) => requests), [
    2,
    1,
  ]);
  deepStrictEqual([trace.firstMs, trace.lastMs], [1000, 12_000]);
});

Deno.test("without a time of receipt it is the end minus the duration, then the end", async () => {
  const { firstMs } = await read([
    record(5000, { request_received_ms: undefined, total_time_ms: 600 }),
  ]);
  strictEqual(firstMs, 5300);
  const other = await read([record(5000, { request_received_ms: undefined })]);
  strictEqual(other.firstMs, 5900);
});

Deno.test("the replay block gives the length where the request does not", async () => {
  const { windows } = await read([
    record(0, { input_tokens: undefined, replay: { input_length: 64 } }),
  ]);
  strictEqual(windows.get(0)?.inputTokens, 64);
});

Deno.test("envelopes are opened; tools and other events are neither requests nor faults", async () => {
  const trace = await read([
    { timestamp: 1, event: record(1000) },
    { ...record(1), event_type: "tool_end" },
    { ...record(1), event_type: "request_start" },
    record(2000),
  ]);
  deepStrictEqual([trace.requests, trace.badLines], [2, 0]);
});

Deno.test("a trace of other events alone is refused", async () => {
  await rejects(
    read([{ ...record(1), event_type: "tool_end" }]),
    (error: unknown) =>
      error instanceof WattkeeperError && error.code === "invalid_file" &&
      error.message.includes("request's end"),
  );
});

Deno.test("a compressed trace is read as it is, whatever its name", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const text = `${JSON.stringify(record(1000))}\n`.repeat(3);
    const stream = new Blob([text]).stream()
      .pipeThrough(new CompressionStream("gzip"));
    await Deno.writeFile(`${folder}/t.jsonl`, stream);
    const trace = await readTrace({
      name: "t",
      chunks: textChunks(`${folder}/t.jsonl`),
      windowSeconds: 10,
    });
    strictEqual(trace.requests, 3);
    await Deno.writeFile(
      `${folder}/bad.gz`,
      new Uint8Array([0x1f, 0x8b, 1, 2, 3]),
    );
    await rejects(
      readTrace({
        name: "bad",
        chunks: textChunks(`${folder}/bad.gz`),
        windowSeconds: 10,
      }),
      (error: unknown) =>
        error instanceof WattkeeperError && error.code === "file_unreadable",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a trace behind the port replays on the loop's clock and then has ended", async () => {
  const source = traceSource(
    await read([record(1000), record(4000), record(12_000), record(31_000)]),
  );
  const at = async (atMs: number, throughput = true) => {
    const { requests, problems } = await source.observe({
      atMs,
      windowSeconds: 10,
      due: { throughput, load: false },
    }, new AbortController().signal);
    return { requests, problem: problems?.[0]?.kind };
  };
  deepStrictEqual(await at(500_000), { requests: 2, problem: undefined });
  deepStrictEqual(await at(510_000), { requests: 1, problem: undefined });
  deepStrictEqual(await at(520_000), { requests: 0, problem: undefined });
  deepStrictEqual(await at(520_000, false), {
    requests: undefined,
    problem: undefined,
  });
  deepStrictEqual(await at(540_000), { requests: undefined, problem: "stale" });
});
