/** Operators of a graph, and the small kit from which graphs are put together (`aic-engine.md` §5, §6.6). @module */

import type { Layout } from "../../optimizer-wasm/estimate_case.ts";
import { exchange } from "./all_to_all.ts";
import type { Bench } from "./bench.ts";
import { customAllReduce, nccl } from "./collectives.ts";
import { dispatch } from "./dispatch.ts";
import { experts, type ExpertsOp } from "./experts.ts";
import { gemm } from "./gemm.ts";
import type { Value } from "./interpolate.ts";
import { memoryOp, pipelineHop } from "./memory_op.ts";
import type { Model } from "./model.ts";
import type { Quant } from "./quant_choice.ts";
import { modeOf } from "./quant_modes.ts";

/** What a pass hands to every operator (§5). */
export interface Pass {
  readonly b: number;
  readonly s: number;
  readonly prefix: number;
  readonly x: number;
}

/** One operator of a graph. */
export interface Operator {
  readonly name: string;
  readonly scale: number;
  /** Bytes of weights on one GPU, of one instance. */
  readonly weights: number;
  run(bench: Bench, pass: Pass): Value;
}

/** What a graph is made for. */
export interface GraphSetting {
  readonly model: Model;
  readonly layout: Layout;
  readonly quant: Quant;
  readonly backend: string;
  readonly nextn: number;
  /** Experts span nodes (§5.10). */
  readonly allToAll: boolean;
}

/** The two lists of a graph. */
export type Phase = "context" | "generation";

/** Floor division of non-negative integers. */
export const floorDiv = (a: number, b: number): number => Math.floor(a / b);

const latency = (ms: number): Value => ({ ms, wms: 0 });

/** Makes the operators of one phase of one graph. */
export class OperatorKit {
  readonly #setting: GraphSetting;
  readonly #phase: Phase;
  /** Context parallelism of the phase. */
  readonly cp: number;
  /** Every generation scale carries the draft layers (§6.6). */
  readonly drafts: number;
  /** Scale of a layer operator. */
  readonly layers: number;

  constructor(setting: GraphSetting, phase: Phase) {
    const { model, layout, nextn } = setting;
    this.#setting = setting;
    this.#phase = phase;
    this.cp = phase === "context" ? layout.cp : 1;
    this.drafts = phase === "context"
      ? 1
      : (model.layers + nextn) / model.layers;
    this.layers = model.layers * this.drafts;
  }

  #tokens(x: number): number {
    return Math.ceil(x / this.cp);
  }

  operator(
    name: string,
    scale: number,
    run: Operator["run"],
    weights = 0,
  ): Operator {
    return { name: `${this.#phase}_${name}`, scale, weights, run };
  }

  /** A GEMM to width N from width K; `scale` is the layers unless said. */
  matrix(
    name: string,
    [N, K]: readonly [number, number],
    options: {
      readonly mode?: string;
      readonly low?: boolean;
      readonly scale?: number;
    } = {},
  ): Operator {
    const {
      mode = this.#setting.quant.gemm,
      low = false,
      scale = this.layers,
    } = options;
    const run = (bench: Bench, { x }: Pass) =>
      gemm(bench, {
        m: this.#tokens(x),
        n: N,
        k: K,
        quant: mode,
        lowPrecisionInput: low,
      });
    return this.operator(name, scale, run, N * K * modeOf(mode).mem);
  }

  elementwise(name: string, din: number, dout: number): Operator {
    return this.operator(
      name,
      this.layers,
      (bench, { x }) =>
        latency(memoryOp(bench, 2 * (din + dout) * this.#tokens(x))),
    );
  }

  /** Tokens that one rank takes of a context pass when experts span nodes; all of them in decode. */
  shareOf(x: number): number {
    return this.#phase === "context" ? floorDiv(x, this.#setting.layout.tp) : x;
  }

  /** The same operator on a rank's share of the tokens. */
  shared(operator: Operator): Operator {
    const run: Operator["run"] = (bench, pass) =>
      operator.run(bench, { ...pass, x: this.shareOf(pass.x) });
    return { ...operator, run };
  }

  /** A table of `rows` tokens on one GPU. */
  embedding(rows: number): Operator {
    const h = this.#setting.model.hidden;
    const run = (bench: Bench, { x }: Pass) =>
      latency(memoryOp(bench, 2 * h * this.#tokens(x)));
    return this.operator("embedding", this.drafts, run, 2 * rows * h);
  }

  /** All-reduce over the tensor-parallel GPUs. */
  allReduce(name: string, scale: number): Operator {
    const { model, layout } = this.#setting;
    return this.operator(
      name,
      scale,
      (bench, { x }) =>
        customAllReduce(bench, layout.tp, this.#tokens(x) * model.hidden),
    );
  }

  /** Handing over to the next pipeline stage; latent-attention graphs hand over unsplit tokens. */
  hop(isSplit: boolean): Operator {
    const { model, layout } = this.#setting;
    return this.operator(
      "p2p",
      (layout.pp - 1) * this.drafts,
      (bench, { x }) =>
        latency(
          pipelineHop(
            bench,
            model.hidden,
            layout.pp,
            isSplit ? this.#tokens(x) : x,
          ),
        ),
    );
  }

  /** Gathering the KV of the other context-parallel ranks; nothing without them. */
  cpGather(elementsPerToken: number): Operator[] {
    if (this.cp <= 1) return [];
    const run = (bench: Bench, { x }: Pass) =>
      nccl(bench, "all_gather", this.cp, x * elementsPerToken);
    return [this.operator("cp_all_gather", this.layers, run)];
  }

  /** Dispatch, experts, dispatch; `cp` is the width that the dispatch knows of. */
  expertLayer(distribution: string, cp: number): Operator[] {
    const { model, layout, quant } = this.#setting;
    const { moeTp, moeEp, dp } = layout;
    const { hidden, expertInter: inter } = model;
    const shape: ExpertsOp = {
      ...{
        topk: model.topk,
        experts: model.experts,
        hidden,
        inter,
        tp: moeTp,
        ep: moeEp,
      },
      ...{ matrices: 3, quant: quant.moe, distribution },
    };
    const bytes = hidden * inter * model.experts * modeOf(quant.moe).mem * 3;
    const phase = this.#phase;
    const say = (stage: "pre" | "post") =>
      this.operator(
        `moe_${stage}_dispatch`,
        this.layers,
        (bench, { x }) =>
          latency(
            dispatch(bench, {
              stage,
              phase,
              h: hidden,
              moeTp,
              moeEp,
              dp,
              cp,
              quant: quant.moe,
            }, x),
          ),
      );
    const send = (step: "dispatch" | "combine") =>
      this.operator(
        `moe_${step}`,
        this.layers,
        (bench, { x }) =>
          latency(
            exchange(
              bench,
              { step, phase, model, ep: moeEp },
              this.shareOf(x),
            ),
          ),
      );
    const { allToAll } = this.#setting;
    return [
      allToAll ? send("dispatch") : say("pre"),
      this.operator(
        "moe",
        this.layers,
        (bench, { x }) => experts(bench, shape, x * dp),
        floorDiv(floorDiv(bytes, moeEp), moeTp),
      ),
      allToAll ? send("combine") : say("post"),
    ];
  }
}
