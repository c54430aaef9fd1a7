/**
 * The simulator of the page: policies side by side through one stretch of traffic, in a worker of its own. The page ends
 * it when the answer is not wanted any more.
 *
 * @module
 */

import { EstimatorOpener } from "../../optimizer-wasm/portable.ts";
import { openModel, searchWith } from "../../planner/portable_planner.ts";
import {
  comparePolicies,
  comparisonCsv,
  comparisonInput,
  comparisonRecord,
  type PolicyRun,
  scoreTable,
} from "../../proof/portable.ts";
import { engineBytes } from "../worker/engine_bytes.ts";
import { fileText } from "../worker/file_text.ts";
import { browserSource } from "../worker/source.ts";
import { toldError } from "../worker/told_error.ts";
import type {
  FromSimulator,
  SimulationQuestion,
  ToSimulator,
} from "./protocol.ts";

function tell(message: FromSimulator): void {
  globalThis.postMessage(message);
}

async function simulate(
  { planner, trace, ...question }: SimulationQuestion,
): Promise<void> {
  const opener = new EstimatorOpener(
    await WebAssembly.compile(engineBytes()),
    await browserSource(),
  );
  const input = await comparisonInput({
    ...question,
    config: { text: planner, name: "planner.yaml" },
    trace: trace && { name: trace.name, chunks: fileText(trace) },
  }, { open: (config) => openModel(config, searchWith(opener)) });
  tell({
    kind: "started",
    table: scoreTable([], input.resolution),
    traffic: input.traffic.name,
    dataVersion: input.opened.dataVersion,
    targets: { ttftMs: input.config.ttftMs, itlMs: input.config.itlMs },
  });
  const runs: PolicyRun[] = [];
  const comparison = await comparePolicies({
    ...input,
    onProgress: (done, of, label) =>
      tell({ kind: "progress", done, of, label }),
    onRun(run) {
      runs.push(run);
      tell({ kind: "run", run, table: scoreTable(runs, input.resolution) });
    },
  });
  tell({
    kind: "done",
    result: {
      record: comparisonRecord(comparison),
      csv: comparisonCsv(comparison),
    },
  });
}

globalThis.addEventListener(
  "message",
  ({ data }: MessageEvent<ToSimulator>) => {
    if (data.kind === "ping") return tell({ kind: "pong" });
    simulate(data.question).catch((error) =>
      tell({ kind: "failed", error: toldError(error) })
    );
  },
);
