/** How far the built-in roofline is from the measured tables, on whole steps (`SPEC.md` R54). @module */

import type { EngineCase, EstimatorOpener } from "../../optimizer-wasm/mod.ts";
import { STATUS } from "../../optimizer-wasm/program/wasm_exports.ts";
import { WattkeeperError } from "../../service/mod.ts";
import { Random } from "../peer/random.ts";
import { openBenchPacks } from "./packs.ts";

/** Systems that the roofline has parameters for. */
const SYSTEMS = ["a100_sxm", "h100_sxm", "h200_sxm", "b200_sxm", "gb200"];
const BACKENDS = ["vllm", "trtllm", "sglang"];
const DENSE = [
  "Qwen/Qwen3-32B",
  "Qwen/Qwen3-32B-FP8",
  "Qwen/Qwen3-8B",
  "Qwen/Qwen3-1.7B",
  "meta-llama/Meta-Llama-3.1-8B",
  "meta-llama/Meta-Llama-3.1-70B",
  "meta-llama/Meta-Llama-3.1-405B",
];
const EXPERTS = [
  "Qwen/Qwen3-30B-A3B",
  "Qwen/Qwen3-235B-A22B",
  "MiniMaxAI/MiniMax-M2.5",
  "MiniMaxAI/MiniMax-M2.7",
  "nvidia/MiniMax-M2.5-NVFP4",
  "openai/gpt-oss-20b",
  "deepseek-ai/DeepSeek-V3",
  "deepseek-ai/DeepSeek-R1",
  "moonshotai/Kimi-K2.5",
];
/** Questions to each engine and phase. */
const STEPS = 24;

/** Error of one group of steps, shares. */
export interface ErrorRow {
  readonly group: string;
  readonly steps: number;
  readonly median: number;
  readonly p90: number;
}

interface StepError {
  readonly system: string;
  readonly kind: string;
  readonly phase: string;
  readonly error: number;
}

async function compare(
  opener: EstimatorOpener,
  engineCase: Omit<EngineCase, "databaseMode">,
  random: Random,
): Promise<StepError[]> {
  const kind = DENSE.includes(engineCase.model) ? "dense" : "MoE";
  let pair;
  try {
    pair = await Promise.all([
      opener.open({ ...engineCase, databaseMode: "SILICON" }),
      opener.open({ ...engineCase, databaseMode: "ROOFLINE" }),
    ]);
  } catch (error) {
    if (error instanceof WattkeeperError) return [];
    throw error;
  }
  const [silicon, roofline] = pair.map(({ program }) => program);
  if (silicon === undefined || roofline === undefined) return [];
  const errors: StepError[] = [];
  for (let i = 0; i < STEPS; i++) {
    const batch = random.logInteger(1, 256);
    const length = random.logInteger(128, 16_384);
    for (const phase of ["prefill", "decode"] as const) {
      const ask = (program: typeof silicon) =>
        phase === "prefill"
          ? program.prefill(Math.min(batch, 8), length, 0)
          : program.decode(batch, length);
      if (ask(silicon) !== STATUS.ok) continue;
      const measured = silicon.output[0] ?? 0;
      if (ask(roofline) !== STATUS.ok) continue;
      const error = Math.abs((roofline.output[0] ?? 0) / measured - 1);
      errors.push({ system: engineCase.system, kind, phase, error });
    }
  }
  return errors;
}

function rowOf(group: string, errors: readonly StepError[]): ErrorRow {
  const sorted = errors.map(({ error }) => error).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;
  return { group, steps: sorted.length, median: at(0.5), p90: at(0.9) };
}

/** Compares random whole steps of every model, system and backend that the tables answer. */
export async function measureRoofline(
  python: string,
  seed: number,
): Promise<ErrorRow[]> {
  const opener = await openBenchPacks(python, {
    systems: SYSTEMS,
    backends: BACKENDS,
  });
  const random = new Random(seed);
  const errors: StepError[] = [];
  for (const system of SYSTEMS) {
    for (const backend of BACKENDS) {
      for (const model of [...DENSE, ...EXPERTS]) {
        for (const tp of [1, 2, 4, 8]) {
          const dense = DENSE.includes(model);
          errors.push(
            ...await compare(opener, {
              model,
              system,
              backend,
              layout: {
                tp,
                pp: 1,
                dp: 1,
                moeTp: 1,
                moeEp: dense ? 1 : tp,
                cp: 1,
              },
            }, random),
          );
        }
      }
    }
  }
  const groups = SYSTEMS.map((system) =>
    rowOf(system, errors.filter((one) => one.system === system))
  );
  const phases = ["dense", "MoE"].flatMap((kind) =>
    ["prefill", "decode"].map((phase) =>
      rowOf(
        `${kind} ${phase}`,
        errors.filter((one) => one.kind === kind && one.phase === phase),
      )
    )
  );
  return [...groups, ...phases, rowOf("all", errors)];
}
