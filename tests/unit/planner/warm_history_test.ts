/** The history that a planner starts with (P20, C54). @module */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { parsePlannerConfig } from "../../../planner/config/mod.ts";
import {
  EMPTY_HISTORY,
  forecast,
  selectPredictor,
} from "../../../planner/predict/mod.ts";
import { warmHistory } from "../../../planner/warm_history.ts";
import { WattkeeperError } from "../../../service/mod.ts";

const USUAL = { islTokens: 3000, oslTokens: 150 };
const OPTIONS = { usual: USUAL, signal: new AbortController().signal };

function configOf(text: string) {
  return parsePlannerConfig({
    text:
      `environment: virtual\nthroughput_adjustment_interval_seconds: 10\n${text}`,
    name: "p",
  }).config;
}

/** Ten requests in the first window, twenty in the third. */
async function withTrace(
  body: (path: string) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".jsonl" });
  const line = (timestamp: number) =>
    JSON.stringify({ timestamp, input_length: 512, output_length: 128 });
  const times = [
    ...Array.from({ length: 10 }, (_, i) => i * 100),
    ...Array.from({ length: 20 }, (_, i) => 20_000 + i * 100),
  ];
  try {
    await Deno.writeTextFile(path, times.map(line).join("\n"));
    await body(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("without a trace, and in the easy modes, it is empty", async () => {
  deepStrictEqual(await warmHistory(configOf(""), OPTIONS), EMPTY_HISTORY);
  await withTrace(async (path) => {
    const config = configOf(
      `load_predictor_warmup_trace: ${path}\noptimization_target: latency`,
    );
    deepStrictEqual(await warmHistory(config, OPTIONS), EMPTY_HISTORY);
  });
});

Deno.test("a trace fills it in the windows of throughput scaling, and the predictor has learned it", async () => {
  await withTrace(async (path) => {
    const config = configOf(
      `load_predictor_warmup_trace: ${path}\nload_predictor: kalman`,
    );
    const history = await warmHistory(config, OPTIONS);
    deepStrictEqual(history.requestsPerSecond, [1, 0, 2]);
    deepStrictEqual(history.islTokens, [512, 512, 512]);
    const { predictor } = selectPredictor("kalman", config.predictorSettings);
    strictEqual(history.learned?.key, predictor.key);
    ok(forecast(history, predictor, USUAL).requestsPerSecond > 0);
  });
});

Deno.test("a trace that is not there is named", async () => {
  await rejects(
    warmHistory(
      configOf("load_predictor_warmup_trace: /nowhere/trace.csv"),
      OPTIONS,
    ),
    (error: unknown) =>
      error instanceof WattkeeperError && error.code === "file_not_found",
  );
});
