/** `estimate` as a person and as a pipe run it. @module */

import assert from "node:assert/strict";

const ROOT = new URL("../../../", import.meta.url).pathname;
const CASE = {
  ...{ model: "Qwen/Qwen3-32B", system: "h200_sxm", backend: "vllm" },
  ...{ tp: 2, batch_size: 8, isl: 4000, osl: 500 },
};

function start(args: readonly string[], stdin: "piped" | "null" = "null") {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "main.ts", "estimate", ...args],
    cwd: ROOT,
    // A folder that is not there: the built-in model answers.
    env: { NO_COLOR: "1", WATTKEEPER_DATA_HOME: `${ROOT}no-such-store` },
    stdin,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function run(
  args: readonly string[],
  input?: string | Uint8Array<ArrayBuffer>,
): Promise<{ code: number; out: string; err: string }> {
  const child = start(args, input === undefined ? "null" : "piped");
  if (input !== undefined) {
    await ReadableStream.from([
      typeof input === "string" ? new TextEncoder().encode(input) : input,
    ]).pipeTo(child.stdin);
  }
  const { code, stdout, stderr } = await child.output();
  const [out, err] = [stdout, stderr].map((it) => new TextDecoder().decode(it));
  return { code, out: out!, err: err! };
}

Deno.test("estimate answers one question as a card, as CSV and as JSON", async () => {
  const flags = Object.entries(CASE).flatMap(([name, value]) => [
    `--${name.replaceAll("_", "-")}`,
    String(value),
  ]);
  const card = await run(flags);
  assert.deepEqual([card.code, card.err], [0, ""]);
  assert.match(card.out, /^TTFT ms +\d/m);
  assert.match(card.out, /built-in roofline answered/);
  const json = JSON.parse((await run([...flags, "--output", "json"])).out);
  const csv = (await run([...flags, "--output", "csv"])).out.split("\r\n");
  const at = csv[0]?.split(",").indexOf("ttft_ms") ?? -1;
  assert.equal(Number(csv[1]?.split(",")[at]), json.ttft_ms);
});

Deno.test("estimate answers every line of a hostile file, in order, with its id", async () => {
  const line = (change: object) => JSON.stringify({ ...CASE, ...change });
  const lines: readonly (readonly [string, unknown, string])[] = [
    [line({ id: 1 }), 1, "answer"],
    [line({ id: "crlf" }) + "\r", "crlf", "answer"],
    [line({ id: { nested: [true] } }), { nested: [true] }, "answer"],
    [line({ id: "dup", isl: -1 }), "dup", "invalid_value"],
    [line({ id: "dup" }), "dup", "answer"],
    [
      line({ id: "nan", isl: "I" }).replace('"I"', "-Infinity"),
      "nan",
      "invalid_value",
    ],
    ['{"id": 12345678901234567890}', "12345678901234567890", "invalid_value"],
    ['{"id": "cut", "model": "Qwen', "cut", "invalid_value"],
    [
      `{"id": "long", "model": "${"y".repeat(10_000_000)}"}`,
      "long",
      "invalid_value",
    ],
    [line({ id: "a", model: "z".repeat(60_000) }), "a", "invalid_value"],
    [line({ id: "b", model: "__proto__" }), "b", "unknown_model"],
    [line({ id: "c", system: "toString" }), "c", "unknown_system"],
    [line({ id: "d", tp: 3 }), "d", "invalid_layout"],
    [line({ id: "e", tp: null }), "e", "answer"],
    ["[".repeat(50_000), null, "invalid_value"],
    ["null", null, "invalid_value"],
    ["\u0000", null, "invalid_value"],
    [line({ id: "last" }), "last", "answer"],
  ];
  const text = "\ufeff" + lines.map(([it]) => it).join("\n");
  const { code, out, err } = await run(["--cases", "-"], text);
  assert.deepEqual([code, err], [0, ""]);
  const answers = out.trimEnd().split("\n").map((it) => JSON.parse(it));
  assert.deepEqual(
    answers.map((it) => [it.id, it.error?.code ?? "answer"]),
    lines.map(([, id, code]) => [id, code]),
  );
  assert.equal(answers[5].error.field, "isl");
});

Deno.test("estimate says which file of cases it cannot read", async () => {
  const missing = await run(["--cases", "no/such/file.jsonl"]);
  assert.equal(missing.code, 2);
  assert.match(missing.err, /"no\/such\/file.jsonl" does not exist/);
  const folder = await run(["--cases", ROOT, "--output", "json"]);
  assert.equal(folder.code, 2);
  assert.equal(JSON.parse(folder.out).error.code, "file_unreadable");
});

Deno.test("^C ends an estimate that waits for its next case with 130", async () => {
  const child = start(["--cases", "-"], "piped");
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${JSON.stringify(CASE)}\n`));
  const reader = child.stdout.getReader();
  // The first answer is there: the command now waits for the second question.
  await reader.read();
  reader.releaseLock();
  child.kill("SIGINT");
  const { code } = await child.output();
  assert.equal(code, 130);
  await writer.close().catch(() => {});
});

Deno.test("a reader that leaves ends the estimate without a complaint", async () => {
  const child = start(["--cases", "-"], "piped");
  const writer = child.stdin.getWriter();
  const line = new TextEncoder().encode(`${JSON.stringify(CASE)}\n`);
  await writer.write(line);
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  // Enough for the closed pipe to be noticed, however much of it is buffered.
  for (let index = 0; index < 2000; index++) {
    try {
      await writer.write(line);
    } catch {
      break;
    }
  }
  await writer.close().catch(() => {});
  const err = await new Response(child.stderr).text();
  const { code } = await child.status;
  assert.deepEqual([code, err], [0, ""]);
});
