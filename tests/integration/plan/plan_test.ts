/** `plan` from end to end, without a process: files in, text and exit code out. @module */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import type { CommandContext } from "../../../cli/command.ts";
import { command } from "../../../cli/commands/plan.ts";
import { WattkeeperError } from "../../../service/mod.ts";

const EXAMPLE = new URL(
  "../../../docs/examples/h200_disagg.yaml",
  import.meta.url,
).pathname;
const SHARED = Deno.env.get("WATTKEEPER_SHARED") ??
  new URL("../../../../shared", import.meta.url).pathname;
const AZURE = `${SHARED}/traces/azure_llm_2023_code.csv`;
const MOONCAKE = `${SHARED}/traces/mooncake_synthetic.jsonl`;

interface Run {
  readonly code: number;
  readonly text: string;
}

async function plan(
  flags: CommandContext["flags"],
  output: CommandContext["output"] = "table",
): Promise<Run> {
  let text = "";
  const store = await Deno.makeTempDir();
  try {
    const code = await command.run?.({
      flags: { config: EXAMPLE, store, ...flags },
      positionals: [],
      output,
      signal: new AbortController().signal,
      write: (part) => text += part,
      progress: { update() {}, end() {} },
    });
    return { code: code ?? -1, text };
  } finally {
    await Deno.remove(store, { recursive: true });
  }
}

/** A folder with a trace (and what else is written into it), gone at the end. */
async function folder(): Promise<
  AsyncDisposable & { path(name: string): string }
> {
  const directory = await Deno.makeTempDir();
  const rows = ["TIMESTAMP,ContextTokens,GeneratedTokens"];
  for (let second = 0; second < 600; second++) {
    const minute = String(Math.floor(second / 60)).padStart(2, "0");
    const rest = String(second % 60).padStart(2, "0");
    for (let request = 0; request < 30; request++) {
      rows.push(`2026-01-01 10:${minute}:${rest}.${request},2000,200`);
    }
  }
  await Deno.writeTextFile(`${directory}/trace.csv`, rows.join("\n"));
  const example = await Deno.readTextFile(EXAMPLE);
  await Deno.writeTextFile(
    `${directory}/tight.yaml`,
    example.replace("power_limit: 6000", "power_limit: 2500"),
  );
  return {
    path: (name) => `${directory}/${name}`,
    async [Symbol.asyncDispose]() {
      await Deno.remove(directory, { recursive: true });
    },
  };
}

async function failsWith(
  code: WattkeeperError["code"],
  run: () => Promise<unknown>,
  ...words: readonly string[]
) {
  await rejects(
    run,
    (error: unknown) =>
      error instanceof WattkeeperError && error.code === code &&
      words.every((word) => `${error.message} ${error.remedy}`.includes(word)),
  );
}

Deno.test("plan --once prints what was seen, wanted and allowed, and why", async () => {
  await using files = await folder();
  const { code, text } = await plan({
    once: true,
    config: files.path("tight.yaml"),
    trace: files.path("trace.csv"),
  });
  strictEqual(code, 0);
  for (
    const word of [
      "observed",
      "predicted",
      "prefill",
      "decode",
      "of 2,500 W",
      "TTFT",
      "Why",
      "power budget",
    ]
  ) {
    ok(text.includes(word), `${word} is missing in\n${text}`);
  }
  for (const line of text.split("\n")) ok(line.length <= 100, line);
});

Deno.test("plan --once --output json is one object in snake_case, within the budget", async () => {
  await using files = await folder();
  const { text } = await plan(
    {
      once: true,
      config: files.path("tight.yaml"),
      trace: files.path("trace.csv"),
    },
    "json",
  );
  const decision = JSON.parse(text);
  strictEqual(decision.budget_watts, 2500);
  ok(decision.projected_watts <= 2500);
  strictEqual(decision.observed.requests, 5400);
  strictEqual(decision.predicted.isl_tokens, 2000);
  ok(
    decision.targets.every((target: { cap_watts: number }) =>
      target.cap_watts > 0
    ),
  );
  ok(
    decision.reasons.some((reason: { kind: string }) =>
      reason.kind === "power_budget"
    ),
  );
  ok(!/[a-z][A-Z]/.test(Object.keys(decision).join()));
});

Deno.test("without --once the whole trace is replayed, a line for each window", async () => {
  await using files = await folder();
  const { code, text } = await plan({
    config: files.path("tight.yaml"),
    trace: files.path("trace.csv"),
  });
  strictEqual(code, 0);
  const lines = text.trimEnd().split("\n");
  strictEqual(lines.length, 1 + 3 + 1);
  ok(lines.at(-1)?.startsWith("3 decisions; the watts bound in 3"));
});

Deno.test("replayed JSON is an array, JSON lines are lines, and both hold the same", async () => {
  await using files = await folder();
  const trace = files.path("trace.csv");
  const array = JSON.parse((await plan({ trace }, "json")).text);
  const lines = (await plan({ trace }, "jsonl")).text.trimEnd().split("\n")
    .map((line) => JSON.parse(line));
  deepStrictEqual(withoutTimes(array), withoutTimes(lines));
  deepStrictEqual(array.map(({ sequence }: { sequence: number }) => sequence), [
    1,
    2,
    3,
  ]);
});

Deno.test("--at chooses the window that holds an offset", async () => {
  await using files = await folder();
  const { text } = await plan(
    { once: true, trace: files.path("trace.csv"), at: 10 },
    "json",
  );
  strictEqual(JSON.parse(text).at_ms, Date.UTC(2026, 0, 1, 10, 3));
});

Deno.test("--decisions appends whole lines, also after a line that a crash cut", async () => {
  await using files = await folder();
  const decisions = files.path("decisions.jsonl");
  await Deno.writeTextFile(decisions, '{"sequence": 1, "cut');
  await plan({ once: true, trace: files.path("trace.csv"), decisions });
  await plan({ once: true, trace: files.path("trace.csv"), decisions });
  const lines = (await Deno.readTextFile(decisions)).trimEnd().split("\n");
  strictEqual(lines.length, 3);
  strictEqual(JSON.parse(lines[1] ?? "").sequence, 1);
  strictEqual(JSON.parse(lines[2] ?? "").sequence, 1);
});

Deno.test("--decisions into a folder that is not there is an error before any decision", async () => {
  await using files = await folder();
  await failsWith(
    "write_failed",
    () =>
      plan({
        once: true,
        trace: files.path("trace.csv"),
        decisions: files.path("none/decisions.jsonl"),
      }),
    "--decisions".slice(2),
  );
});

Deno.test("a full disk is an error, not a silent loss", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using files = await folder();
  await failsWith("write_failed", () =>
    plan({
      once: true,
      trace: files.path("trace.csv"),
      decisions: "/dev/full",
    }));
});

Deno.test("--check of a good file says so", async () => {
  const { code, text } = await plan({ check: true });
  strictEqual(code, 0);
  ok(text.includes("is valid."));
});

Deno.test("--check of a broken file lists every problem with its line", async () => {
  await using files = await folder();
  const config = files.path("planner.yaml");
  await Deno.writeTextFile(config, "mode: disag\nttft: 0\nmax_gpus: 8\n");
  await failsWith(
    "invalid_config",
    () => plan({ check: true, config }),
    ":1: mode",
    ":2: ttft_ms",
    ":3: max_gpus",
    "namespace",
  );
  const { code, text } = await plan({ check: true, config }, "json");
  strictEqual(code, 2);
  const report = JSON.parse(text);
  strictEqual(report.valid, false);
  strictEqual(report.problems.length, 6);
});

Deno.test("missing files are named", async () => {
  await using files = await folder();
  await failsWith(
    "file_not_found",
    () => plan({ config: files.path("no.yaml"), check: true }),
    "no.yaml",
  );
  await failsWith(
    "file_not_found",
    () => plan({ once: true, trace: files.path("no.csv") }),
    "no.csv",
  );
  await failsWith(
    "file_unreadable",
    () => plan({ once: true, trace: files.path(".") }),
  );
});

Deno.test("--at without --once is refused", async () => {
  await using files = await folder();
  await failsWith(
    "invalid_usage",
    () => plan({ at: 5, trace: files.path("trace.csv") }),
    "--once",
  );
});

Deno.test("a budget below the floors at the lowest caps refuses to start, with both numbers", async () => {
  await using files = await folder();
  const config = files.path("planner.yaml");
  const text = await Deno.readTextFile(EXAMPLE);
  await Deno.writeTextFile(
    config,
    text.replace("total_gpu_power_limit: 6000", "total_gpu_power_limit: 799"),
  );
  await failsWith(
    "infeasible",
    () => plan({ config, once: true, trace: files.path("trace.csv") }),
    "800 W",
    "799 W",
  );
});

Deno.test("targets that nothing meets: the decision holds, names the milliseconds, and the exit code is 1", async () => {
  await using files = await folder();
  const config = files.path("planner.yaml");
  const text = await Deno.readTextFile(EXAMPLE);
  await Deno.writeTextFile(
    config,
    text.replace("ttft_ms: 2000", "ttft_ms: 20"),
  );
  const { code, text: shown } = await plan({
    config,
    once: true,
    trace: files.path("trace.csv"),
  });
  strictEqual(code, 1);
  ok(
    /lowest time to first token .* target is 20 ms/.test(
      shown.replace(/\s+/g, " "),
    ),
    shown,
  );
});

Deno.test("without an engine replicas stay at their floors within the watts", async () => {
  await using files = await folder();
  const config = files.path("planner.yaml");
  await Deno.writeTextFile(
    config,
    `
environment: virtual
enable_power_awareness: true
total_gpu_power_limit: 2000
power_agent_safe_default_watts: 490
prefill_engine_num_gpu: 1
decode_engine_num_gpu: 1
`,
  );
  const { code, text } = await plan({
    config,
    once: true,
    trace: files.path("trace.csv"),
  }, "json");
  strictEqual(code, 1);
  const decision = JSON.parse(text);
  strictEqual(decision.projected_watts, 980);
});

Deno.test("an unknown model names the nearest known one", async () => {
  await using files = await folder();
  const config = files.path("planner.yaml");
  const text = await Deno.readTextFile(EXAMPLE);
  await Deno.writeTextFile(
    config,
    text.replace("hf_id: Qwen/Qwen3-32B", "hf_id: Qwen/Qwen3-32"),
  );
  await failsWith(
    "unknown_model",
    () => plan({ config, once: true, trace: files.path("trace.csv") }),
    "Qwen/Qwen3-32B",
  );
});

const shared = (path: string) => {
  try {
    return !Deno.statSync(path).isFile;
  } catch {
    return true;
  }
};

Deno.test(
  "[shared] a real Azure hour is decided window by window within the watts",
  { ignore: shared(AZURE) },
  async () => {
    const { code, text } = await plan({ trace: AZURE }, "jsonl");
    strictEqual(code, 0);
    const decisions = text.trimEnd().split("\n").map((line) =>
      JSON.parse(line)
    );
    strictEqual(decisions.length, 19);
    const requests = decisions.reduce(
      (sum, { observed }) => sum + observed.requests,
      0,
    );
    ok(requests > 8000 && requests <= 8819, String(requests));
    ok(decisions.every(({ projected_watts }) => projected_watts <= 6000));
  },
);

Deno.test("[shared] a real Mooncake trace is decided, long prompts and all", {
  ignore: shared(MOONCAKE),
}, async () => {
  const { text } = await plan({ trace: MOONCAKE }, "jsonl");
  const decisions = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  ok(decisions.length >= 4);
  ok(decisions.every(({ projected_watts }) => projected_watts <= 6000));
});

Deno.test("[shared] plan --once answers from both traces", {
  ignore: shared(AZURE) || shared(MOONCAKE),
}, async () => {
  strictEqual((await plan({ once: true, trace: AZURE })).code, 0);
  strictEqual((await plan({ once: true, trace: MOONCAKE, at: 100 })).code, 0);
});

/** How long a search took differs from run to run. */
function withoutTimes(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(
      value,
      (name, inner) => name === "last_search_ms" ? null : inner,
    ),
  );
}
