/** `plan --check` on ten broken files: every problem at once, with line, value, remedy; exit code 2. @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import type { CommandContext } from "../../../cli/command.ts";
import { command } from "../../../cli/commands/plan.ts";
import { WattkeeperError } from "../../../service/mod.ts";

/** Runs the check on a text, as a file of that name. */
async function check(
  name: string,
  text: string,
  output: CommandContext["output"] = "json",
): Promise<{ readonly code: number; readonly text: string }> {
  const folder = await Deno.makeTempDir();
  let written = "";
  try {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    const code = await command.run?.({
      flags: { config: `${folder}/${name}`, check: true },
      positionals: [],
      output,
      signal: new AbortController().signal,
      write: (part) => written += part,
      progress: { update() {}, end() {} },
    });
    return { code: code ?? -1, text: written.replaceAll(`${folder}/`, "") };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface BrokenFile {
  readonly name: string;
  readonly text: string;
  /** `origin path` of each problem, in any order. */
  readonly problems: readonly string[];
  /** What some remedy says. */
  readonly remedy: string;
}

const BROKEN: Readonly<Record<string, BrokenFile>> = {
  "a file of wrong values": {
    name: "values.yaml",
    text:
      "environment: virtual\nttft_ms: 0\nitl_ms: fast\nmax_gpu_budget: 1.5\nadvisory: yes please\n",
    problems: [
      "values.yaml:2 ttft_ms",
      "values.yaml:3 itl_ms",
      "values.yaml:4 max_gpu_budget",
      "values.yaml:5 advisory",
    ],
    remedy: "milliseconds above 0",
  },
  "a mistyped field at two depths": {
    name: "names.yaml",
    text:
      "environment: virtual\ntotal_gpu_powr_limit: 9000\nscheduling:\n  tick_max_duration: 5\n",
    problems: [
      "names.yaml:2 total_gpu_powr_limit",
      "names.yaml:4 scheduling.tick_max_duration",
    ],
    remedy: "total_gpu_power_limit, the nearest known field",
  },
  "power awareness without its numbers": {
    name: "watts.yaml",
    text: "environment: virtual\nenable_power_awareness: true\n",
    problems: ["total_gpu_power_limit", "power_agent_safe_default_watts"]
      .map((path) => ` ${path}`),
    remedy: "rack watts × headroom",
  },
  "an optimizer without power or engine": {
    name: "optimizer.json",
    text: '{"environment": "virtual", "enable_aic_optimizer": true}',
    problems: ["optimizer.json:1 enable_aic_optimizer", " aic_interpolation"],
    remedy: "enable_power_awareness: true",
  },
  "Kubernetes without an identity": {
    name: "identity.yaml",
    text: "mode: agg\n",
    problems: [" namespace", " dgd_name", " served_model_name"],
    remedy: "DYN_PARENT_DGD_K8S_NAME",
  },
  "intervals and floors that contradict each other": {
    name: "rules.yaml",
    text:
      "environment: virtual\nenable_load_scaling: true\nload_adjustment_interval_seconds: 300\nmin_gpu_budget: 16\nmode: decode\nprefill_min_endpoint: 2\n",
    problems: [
      "rules.yaml:3 load_adjustment_interval_seconds",
      "rules.yaml:4 min_gpu_budget",
      "rules.yaml:6 prefill_min_endpoint",
    ],
    remedy: "Write less than 180 seconds.",
  },
  "upstream's fields away from their defaults": {
    name: "upstream.yaml",
    text:
      "environment: virtual\nprofile_results_dir: /results\nlive_dashboard_port: 9000\nscheduling:\n  external_plugins: [a]\nthroughput_metrics_source: both\n",
    problems: [
      "upstream.yaml:2 profile_results_dir",
      "upstream.yaml:3 live_dashboard_port",
      "upstream.yaml:5 scheduling.external_plugins",
      "upstream.yaml:6 prometheus_source",
    ],
    remedy: "the performance model replaces profiling",
  },
  "a load target without thresholds": {
    name: "load.yaml",
    text:
      "environment: virtual\noptimization_target: load\nprefill_scale_up_queue_tokens: 100\nprefill_scale_down_queue_tokens: 200\n",
    problems: [
      "load.yaml:3 prefill_scale_up_queue_tokens",
      " decode_scale_up_kv_rate",
      " decode_scale_down_kv_rate",
    ],
    remedy: "Write more than 200.",
  },
  "an engine that does not add up": {
    name: "engine.yaml",
    text:
      "environment: virtual\naic_interpolation:\n  system: h200_sxm\n  hf_id: a\n  model_config: b\n  prefill_pick: { tp: 2, num_gpus: 3 }\n",
    problems: [
      " aic_interpolation.decode_pick",
      "engine.yaml:4 aic_interpolation.hf_id",
      "engine.yaml:3 aic_interpolation.backend",
      "engine.yaml:6 aic_interpolation.prefill_pick.num_gpus",
    ],
    remedy: "Write vllm, sglang or trtllm.",
  },
  "YAML that does not parse": {
    name: "broken.yaml",
    text: "mode: disagg\n  ttft_ms: [500\n",
    problems: ["broken.yaml:1 "],
    remedy: "Correct the YAML at this line.",
  },
};

for (const [what, { name, text, problems, remedy }] of Object.entries(BROKEN)) {
  Deno.test(`plan --check names every problem of ${what}`, async () => {
    const run = await check(name, text);
    strictEqual(run.code, 2);
    const report = JSON.parse(run.text);
    strictEqual(report.valid, false);
    const found: readonly {
      path: string;
      origin: string | null;
      write: string;
      found: string;
    }[] = report.problems;
    const told = new Set(
      found.map(({ origin, path }) => `${origin ?? ""} ${path}`),
    );
    for (const problem of problems) {
      ok(
        told.has(problem) ||
          problem.startsWith(" ") &&
            [...told].some((line) => line.endsWith(problem)),
        `${problem} is not in ${JSON.stringify([...told])}`,
      );
    }
    if (name !== "broken.yaml") strictEqual(found.length, problems.length);
    ok(
      found.some(({ write }) => write.includes(remedy)),
      JSON.stringify(found),
    );
    ok(found.every((one) => one.found.startsWith("found") || one.path === ""));
  });

  Deno.test(`plan --check tells people the same about ${what}`, async () => {
    try {
      await check(name, text, "table");
      ok(false, "it was accepted");
    } catch (error) {
      ok(error instanceof WattkeeperError, String(error));
      strictEqual(error.exitCode, 2);
      ok(error.message.includes(remedy), error.message);
    }
  });
}

Deno.test("plan --check accepts what is right, and warns of files that are not here", async () => {
  const run = await check(
    "good.yaml",
    "environment: virtual\nprometheus_bearer_token_file: /nowhere/token\nprometheus_ca_bundle: /nowhere/ca.pem\nload_predictor: prophet\n",
  );
  strictEqual(run.code, 0);
  const report = JSON.parse(run.text);
  strictEqual(report.valid, true);
  deepStrictEqual(
    report.warnings.map(({ path }: { path: string }) => path),
    ["load_predictor", "prometheus_ca_bundle", "prometheus_bearer_token_file"],
  );
});
