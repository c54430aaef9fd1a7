/** `simulate` as a command: a small trace, every output, a report, and clear refusals. @module */

import assert from "node:assert/strict";
import type { CommandContext } from "../../../cli/command.ts";
import { command } from "../../../cli/commands/simulate.ts";
import { parseCommandLine } from "../../../cli/parse.ts";

/** Runs a command line in this process. */
async function simulate(
  args: readonly string[],
  output: CommandContext["output"] = "table",
): Promise<{ readonly code: number; readonly text: string }> {
  let text = "";
  const code = await command.run?.({
    flags: parseCommandLine(command, [...args]).flags,
    positionals: [],
    output,
    signal: new AbortController().signal,
    write: (part) => text += part,
    progress: { update() {}, end() {} },
  });
  return { code: code ?? -1, text };
}

/** Ten minutes of a request every two seconds, as a Mooncake trace whose prompts begin alike. */
const TRACE = Array.from({ length: 300 }, (_, i) =>
  JSON.stringify({
    timestamp: i * 2_000,
    input_length: 2_000 + i % 7 * 100,
    output_length: 60,
    hash_ids: [0, 1, 1_000 + i],
  })).join("\n");

async function withTrace<Answer>(
  use: (folder: string, trace: string) => Promise<Answer>,
): Promise<Answer> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/trace.jsonl`, TRACE);
    return await use(folder, `${folder}/trace.jsonl`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("simulate --trace compares policies and writes a report", async () => {
  await withTrace(async (folder, trace) => {
    const args = [
      ...["--trace", trace, "--copies", "6", "--hours", "0.25"],
      ...["--resolution", "request", "--budget-watts", "5kW"],
      ...["--policy", "wattkeeper", "--policy", "static-clamp"],
    ];
    const { code, text } = await simulate(
      [...args, "--report", `${folder}/page.html`],
      "json",
    );
    assert.equal(code, 0);
    const record = JSON.parse(text);
    assert.deepEqual(
      record.runs.map((run: { policy: string }) => run.policy),
      ["wattkeeper", "static-clamp"],
    );
    const [ours] = record.runs;
    assert.equal(ours.budget_watts, 5_000);
    assert.equal(ours.violations, 0);
    // Two of four or five blocks are everybody's; what is left of the last block is not one.
    assert(ours.prefix_hit_rate > 0.3 && ours.prefix_hit_rate < 0.6);
    assert(ours.sla_attainment > 0.9);
    assert.equal(record.resolution, "request");
    const page = await Deno.readTextFile(`${folder}/page.html`);
    assert.match(page, /^<!doctype html>/);
    const csv = await simulate(args, "csv");
    assert.equal(csv.text.trimEnd().split("\n").length, 3);
  });
});

const REFUSED: readonly (readonly [string, readonly string[], string])[] = [
  ["--speed without a trace", ["--speed", "3"], "invalid_usage"],
  ["--copies without a trace", ["--copies", "3"], "invalid_usage"],
  ["a trace that is not there", ["--trace", "/no/such"], "file_not_found"],
  ["no time at all", ["--hours", "0"], "invalid_value"],
  ["a year", ["--hours", "8760"], "invalid_value"],
  ["watts that are none", ["--budget-watts", "much"], "invalid_value"],
  ["a budget below the floors", [
    ...["--budget-watts", "500", "--hours", "0.1"],
    ...["--policy", "wattkeeper"],
  ], "infeasible"],
];
for (const [what, args, code] of REFUSED) {
  Deno.test(`simulate refuses ${what}`, async () => {
    await assert.rejects(simulate(args), { code });
  });
}

Deno.test("simulate says where a report cannot go", async () => {
  await withTrace(async (_folder, trace) => {
    await assert.rejects(
      simulate([
        ...["--trace", trace, "--hours", "0.05", "--policy", "wattkeeper"],
        ...["--report", "/no/such/folder/page.html"],
      ]),
      { code: "write_failed", where: "--report" },
    );
  });
});
