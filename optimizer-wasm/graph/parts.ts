/** The operators that every family is made of. @module */

import { KV_BYTES, quantMode } from "../model/quant_mode.ts";
import type { PhaseInput } from "./graph.ts";
import type { OpSpec } from "./op_spec.ts";

/** Width of one GEMM. */
interface Width {
  readonly n: number;
  readonly k: number;
}

/** Makes the operators of one phase: names carry the phase, tokens its split. */
export class Parts {
  readonly #input: PhaseInput;

  constructor(input: PhaseInput) {
    this.#input = input;
  }

  #base(name: string, scale: number, weightBytes = 0) {
    const { phase, split } = this.#input;
    return { name: `${phase}_${name}`, scale, split, weightBytes };
  }

  /** 2-byte embedding rows; `rows` of the vocabulary are held by this GPU (§5.1). */
  embedding(rows: number): OpSpec {
    const { hidden } = this.#input.model;
    return {
      ...this.#base("embedding", 1, 2 * rows * hidden),
      kind: "memory",
      bytesPerToken: 2 * hidden,
    };
  }

  /** Elementwise from `input` to `output` elements a token. */
  elementwise(name: string, input: number, output: number): OpSpec {
    return {
      ...this.#base(name, this.#input.model.layers),
      kind: "memory",
      bytesPerToken: 2 * (input + output),
    };
  }

  gemm(
    name: string,
    { n, k }: Width,
    quant: string,
    options: { scale?: number; lowPrecisionInput?: boolean } = {},
  ): OpSpec {
    const scale = options.scale ?? this.#input.model.layers;
    return {
      ...this.#base(name, scale, n * k * quantMode(quant).bytes),
      kind: "gemm",
      n,
      k,
      quant,
      lowPrecisionInput: options.lowPrecisionInput ?? false,
    };
  }

  attention(
    options: {
      scale: number;
      window: number;
      headSize: number;
      qkNorm: boolean;
      kvHeads?: number;
      contextParallel?: number;
    },
  ): OpSpec {
    const { model, layout, quant, phase } = this.#input;
    const shared = {
      ...this.#base("attention", options.scale),
      heads: Math.floor(model.heads / layout.tp),
      kvHeads: options.kvHeads ?? Math.ceil(model.kvHeads / layout.tp),
      headSize: options.headSize,
      window: options.window,
      kv: quant.kv,
      contextParallel: options.contextParallel ??
        (phase === "context" ? layout.cp : 1),
    };
    return phase === "context"
      ? {
        ...shared,
        kind: "context_attention",
        fmha: quant.fmha,
        qkNorm: options.qkNorm,
      }
      : { ...shared, kind: "generation_attention" };
  }

  /** Gathers the KV of a context-parallel group (§6.6); nothing without one. */
  contextGather(): OpSpec[] {
    const { model, layout, quant, phase } = this.#input;
    if (phase !== "context" || layout.cp === 1) return [];
    const elements = model.mla === undefined
      ? Math.ceil(model.kvHeads / layout.tp) * model.headSize * 2
      : model.mla.kvLoraRank + model.mla.ropeHeadSize;
    const kvBytes = elements * (KV_BYTES[quant.kv] ?? 2);
    return [{
      ...this.#base("cp_all_gather", model.layers),
      split: 1,
      kind: "nccl",
      operation: "all_gather",
      gpus: layout.cp,
      width: kvBytes / 2,
      tokenMultiple: 1,
    }];
  }

  allReduce(name: string, scale: number): OpSpec {
    return {
      ...this.#base(name, scale),
      kind: "all_reduce",
      gpus: this.#input.layout.tp,
      width: this.#input.model.hidden,
    };
  }

  /** Vocabulary rows of this GPU, always bfloat16. */
  logits(): OpSpec {
    const { model, layout } = this.#input;
    return this.gemm(
      "logits_gemm",
      { n: Math.floor(model.vocab / layout.tp), k: model.hidden },
      "bfloat16",
      { scale: 1 },
    );
  }

  p2p(): OpSpec {
    const { model, layout } = this.#input;
    return {
      ...this.#base("p2p", layout.pp - 1),
      kind: "p2p",
      width: model.hidden,
    };
  }
}

/** Width of the fused QKV projection on one GPU. */
export function qkvWidth(
  { model, layout }: Pick<PhaseInput, "model" | "layout">,
): number {
  const heads = Math.floor(model.heads * model.headSize / layout.tp);
  return heads + 2 * model.headSize * Math.ceil(model.kvHeads / layout.tp);
}
