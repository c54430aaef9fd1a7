/** Random questions over models, systems, backends, layouts, batches and lengths. @module */

import type {
  DatabaseMode,
  EngineCase,
  Layout,
  QuantOverride,
} from "../../optimizer-wasm/estimate_case.ts";
import type { Random } from "./random.ts";

/** What is asked of an opened engine; all three engines of the tests understand it. */
export type Ask =
  | {
    readonly kind: "static";
    readonly batch: number;
    readonly isl: number;
    readonly osl: number;
    readonly prefix: number;
    readonly stride: number;
  }
  | { readonly kind: "decode"; readonly batch: number; readonly kv: number }
  | {
    readonly kind: "mixed";
    readonly ctx: number;
    readonly gen: number;
    readonly isl: number;
    readonly osl: number;
    readonly prefix: number;
  }
  | {
    readonly kind: "agg";
    readonly batch: number;
    readonly ctx: number;
    readonly isl: number;
    readonly osl: number;
    readonly prefix: number;
  }
  | {
    readonly kind: "memory";
    readonly worker: "static" | "static_ctx" | "static_gen";
    readonly batch: number;
    readonly isl: number;
    readonly osl: number;
    readonly prefix: number;
  }
  | { readonly kind: "kv_capacity"; readonly tokens: number };

/** A question: which engine, and what of it. */
export interface Question {
  readonly engine: EngineCase;
  readonly ask: Ask;
}

/** Tables that questions may be asked of. */
export interface KnownTables {
  readonly system: string;
  readonly backend: string;
  readonly version: string;
}

/** Dense models of `aic-engine.md` §6.1. */
export const DENSE_MODELS = [
  "Qwen/Qwen3-32B",
  "Qwen/Qwen3-32B-FP8",
  "Qwen/Qwen3-8B",
  "Qwen/Qwen3-1.7B",
  "meta-llama/Meta-Llama-3.1-8B",
  "meta-llama/Meta-Llama-3.1-70B",
  "meta-llama/Meta-Llama-3.1-405B",
] as const;

/** Mixture-of-experts models with ordinary attention. */
export const MOE_MODELS = [
  "Qwen/Qwen3-30B-A3B",
  "Qwen/Qwen3-235B-A22B",
  "MiniMaxAI/MiniMax-M2.5",
  "MiniMaxAI/MiniMax-M2.7",
  "nvidia/MiniMax-M2.5-NVFP4",
  "openai/gpt-oss-20b",
] as const;

/** Models with latent attention. */
export const MLA_MODELS = [
  "deepseek-ai/DeepSeek-V3",
  "deepseek-ai/DeepSeek-R1",
  "moonshotai/Kimi-K2.5",
] as const;

/** Further models of the released package, by kind. */
export const RELEASED_MODELS = {
  dense: [
    "Qwen/Qwen3-0.6B",
    "Qwen/Qwen3-32B-FP8-Static-PerTensor",
    "XiaomiMiMo/MiMo-7B-Base",
    "nvidia/Llama-3.1-70B-Instruct-FP8",
  ],
  moe: [
    "Qwen/Qwen3-235B-A22B-FP8",
    "Qwen/Qwen3-30B-A3B-FP8",
    "Qwen/Qwen3-Coder-480B-A35B-Instruct",
    "mistralai/Mixtral-8x22B-v0.1",
    "mistralai/Mixtral-8x7B-v0.1",
    "nvidia/MiniMax-M2.7-NVFP4",
    "nvidia/Qwen3-235B-A22B-NVFP4",
    "openai/gpt-oss-120b",
  ],
  mla: [
    "moonshotai/Kimi-K2-Instruct",
    "nvidia/DeepSeek-V3.1-NVFP4",
    "nvidia/Kimi-K2.5-NVFP4",
    "nvidia/Kimi-K2.6-NVFP4",
    "nvidia/Kimi-K2.7-Code-NVFP4",
  ],
} as const;

const DENSE: ReadonlySet<string> = new Set([
  ...DENSE_MODELS,
  ...RELEASED_MODELS.dense,
]);
const LATENT: ReadonlySet<string> = new Set([
  ...MLA_MODELS,
  ...RELEASED_MODELS.mla,
]);

const GEMM_MODES = [
  "bfloat16",
  "fp8",
  "fp8_static",
  "fp8_block",
  "nvfp4",
  "nvfp4_wo",
  "int8_wo",
  "int4_wo",
  "sq",
] as const;
const MOE_MODES = [
  "bfloat16",
  "fp8",
  "fp8_block",
  "int4_wo",
  "nvfp4",
  "nvfp4_wo",
  "w4afp8",
  "w4a16_mxfp4",
  "w4a8_mxfp4_mxfp8",
  "w4a16_mxfp4_cutlass",
] as const;

/** Which questions a generator draws. */
export interface QuestionScope {
  readonly tables: readonly KnownTables[];
  readonly models?: readonly string[];
  readonly modes?: readonly (readonly [DatabaseMode, number])[];
  /** Questions drawn for one engine before another is drawn. */
  readonly asksPerEngine?: number;
}

const MODES: readonly (readonly [DatabaseMode, number])[] = [
  ["SILICON", 70],
  ["HYBRID", 14],
  ["EMPIRICAL", 9],
  ["SOL", 7],
];

/** An endless row of random questions. */
export function* randomQuestions(
  random: Random,
  scope: QuestionScope,
): Generator<Question, never> {
  while (true) {
    const engine = randomEngine(random, scope);
    if (isUndescribed(engine)) continue;
    const count = random.integer(1, scope.asksPerEngine ?? 4);
    for (let index = 0; index < count; index++) {
      yield comparable(engine, randomAsk(random));
    }
  }
}

function spansNodes({ system, model, layout }: EngineCase): boolean {
  const gpusPerNode = /^gb\d/.test(system) ? 4 : 8;
  return !DENSE.has(model) && layout.moeEp > gpusPerNode;
}

/** Latent attention across nodes on other backends than vllm has kernels that are not described (`docs/accuracy.md`). */
function isUndescribed(engine: EngineCase): boolean {
  return spansNodes(engine) && engine.backend !== "vllm" &&
    LATENT.has(engine.model);
}

/**
 * The peer answers memory together with a latency, and only SOL has one for every shape; its KV-capacity call does
 * not know context parallelism.
 */
function comparable(engine: EngineCase, ask: Ask): Question {
  if (ask.kind === "memory") {
    const sol: EngineCase = { ...engine, databaseMode: "SOL" };
    // Across nodes SOL has no answer either; there decode stands in.
    return spansNodes(sol)
      ? { engine, ask: { kind: "decode", batch: ask.batch, kv: ask.isl + 1 } }
      : { engine: sol, ask };
  }
  if (ask.kind === "kv_capacity" && engine.layout.cp > 1) {
    return {
      engine: {
        ...engine,
        layout: { ...engine.layout, cp: 1, tp: engine.layout.cp },
      },
      ask,
    };
  }
  return { engine, ask };
}

/** A random engine, now and then an impossible one. */
export function randomEngine(
  random: Random,
  { tables, models, modes }: QuestionScope,
): EngineCase {
  const { system, backend, version } = random.pick(tables);
  const model = random.pick(models ?? [...DENSE_MODELS, ...MOE_MODELS]);
  const isDense = DENSE.has(model);
  const isGpt = isDense && random.chance(0.06);
  const layout = isDense
    ? denseLayout(random, backend)
    : moeLayout(random, backend);
  const databaseMode = random.weighted(modes ?? MODES);
  const quant = randomQuant(random, isDense);
  return {
    ...{ model, system, backend, backendVersion: version, layout },
    databaseMode,
    // GPT is a graph that no architecture maps to: named, it is built for any dense model.
    ...(isGpt ? { family: "GPT" as const } : {}),
    ...(quant === undefined ? {} : { quant }),
    ...(databaseMode === "HYBRID" && random.chance(0.3)
      ? {
        transferPolicy: random.pick(
          ["off", "conservative", "balanced", "aggressive"] as const,
        ),
      }
      : {}),
    ...(random.chance(isGpt ? 0.02 : 0.08)
      ? { nextn: random.integer(1, 3) }
      : {}),
  };
}

function pipeline(random: Random): number {
  return random.weighted([[1, 85], [2, 10], [4, 5]]);
}

function denseLayout(random: Random, backend: string): Layout {
  if (backend === "sglang" && random.chance(0.2)) {
    const cp = random.pick([2, 4, 8]);
    return { tp: 1, pp: pipeline(random), dp: 1, moeTp: 1, moeEp: 1, cp };
  }
  const tp = random.weighted([[1, 24], [2, 24], [4, 24], [8, 24], [16, 3], [
    3,
    1,
  ]]);
  const dp = random.weighted([[1, 94], [2, 6]]);
  return { tp, pp: pipeline(random), dp, moeTp: 1, moeEp: 1, cp: 1 };
}

function moeLayout(random: Random, backend: string): Layout {
  const width = random.weighted([[1, 10], [2, 20], [4, 30], [8, 36], [16, 4]]);
  const pp = pipeline(random);
  const moeEp = random.chance(0.6)
    ? random.pick([1, width])
    : divisor(random, width);
  const moeTp = random.chance(0.97) ? width / moeEp : width;
  if (backend === "sglang" && width > 1 && random.chance(0.2)) {
    return { tp: 1, pp, dp: 1, moeTp, moeEp, cp: width };
  }
  const tp = random.chance(0.6) ? width : divisor(random, width);
  return { tp, pp, dp: width / tp, moeTp, moeEp, cp: 1 };
}

function divisor(random: Random, width: number): number {
  return 2 ** random.integer(0, Math.log2(width));
}

function randomQuant(
  random: Random,
  isDense: boolean,
): QuantOverride | undefined {
  if (!random.chance(0.2)) return undefined;
  return {
    ...(random.chance(0.5) ? { gemm: random.pick(GEMM_MODES) } : {}),
    ...(!isDense && random.chance(0.5) ? { moe: random.pick(MOE_MODES) } : {}),
    ...(random.chance(0.4)
      ? { kv: random.pick(["bfloat16", "fp8", "fp8", "int8"]) }
      : {}),
    ...(random.chance(0.3)
      ? { fmha: random.pick(["bfloat16", "bfloat16", "fp8"]) }
      : {}),
  };
}

/** A length: log-uniform, or where rules change. */
export function randomLength(random: Random): number {
  if (random.chance(0.7)) return random.logInteger(1, 65_536);
  const edge = 2 ** random.integer(0, 16);
  return Math.max(1, edge + random.pick([-1, 0, 0, 1]));
}

function randomBatch(random: Random): number {
  if (random.chance(0.6)) return random.logInteger(1, 512);
  return 2 ** random.integer(0, 9);
}

function randomPrefix(random: Random, isl: number): number {
  if (!random.chance(0.25)) return 0;
  return random.chance(0.02) ? isl : random.integer(0, isl - 1);
}

/** A random question to an engine. */
export function randomAsk(random: Random): Ask {
  const kind = random.weighted<Ask["kind"]>([
    ["static", 45],
    ["decode", 20],
    ["mixed", 12],
    ["agg", 12],
    ["memory", 7],
    ["kv_capacity", 4],
  ]);
  const isl = randomLength(random);
  const batch = randomBatch(random);
  const osl = random.chance(0.1) ? 1 : random.logInteger(2, 2000);
  const prefix = randomPrefix(random, isl);
  switch (kind) {
    case "static": {
      const stride = random.weighted([[32, 80], [1, 5], [
        random.integer(2, 64),
        15,
      ]]);
      return { kind, batch, isl, osl, prefix, stride };
    }
    case "decode":
      return { kind, batch, kv: Math.max(2, isl) };
    case "mixed": {
      const ctx = random.chance(0.5) ? isl : randomLength(random);
      return {
        kind,
        ctx,
        gen: random.chance(0.15) ? 0 : batch,
        isl,
        osl,
        prefix,
      };
    }
    case "agg": {
      const ctx = random.chance(0.5)
        ? isl * random.integer(1, 4)
        : randomLength(random);
      return { kind, batch, ctx, isl, osl: Math.max(2, osl), prefix };
    }
    case "memory": {
      const worker = random.pick(
        ["static", "static_ctx", "static_gen"] as const,
      );
      return { kind, worker, batch, isl, osl, prefix };
    }
    case "kv_capacity":
      return { kind, tokens: random.logInteger(1, 65_536) };
  }
}
