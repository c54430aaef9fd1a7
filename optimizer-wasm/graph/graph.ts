/** Builds the operator lists of a model in a layout (`aic-engine.md` §6.3–6.6). @module */

import type { Layout } from "../estimate_case.ts";
import type { ModelSpec } from "../model/model_spec.ts";
import type { QuantChoice } from "../model/quant_choice.ts";
import { denseBlock } from "./dense.ts";
import { mlaBlock } from "./mla.ts";
import { moeBlock } from "./moe.ts";
import type { ModelGraph, OpSpec } from "./op_spec.ts";

/** Everything a graph is built from. */
export interface GraphInput {
  readonly model: ModelSpec;
  readonly layout: Layout;
  readonly quant: QuantChoice;
  readonly backend: string;
  readonly smVersion: number;
  readonly gpusPerNode: number;
  /** Drafted tokens of multi-token prediction. */
  readonly nextn: number;
  /** Large expert parallelism: the all-to-all operators replace the ordinary dispatch (§5.10). */
  readonly largeExpertParallel: boolean;
  /** The built-in model knows latent attention by its kernels only, on every backend. */
  readonly latentKernels: boolean;
}

/** One phase under construction. */
export interface PhaseInput extends GraphInput {
  readonly phase: "context" | "generation";
  /** Context parallel ranks of this phase; generation has no split. */
  readonly split: number;
}

function buildPhase(input: PhaseInput): OpSpec[] {
  const ops = blockOf(input);
  if (input.phase === "context" || input.nextn === 0) return ops;
  // Drafted tokens pass through nextn further layers' worth of work (§6.6).
  const growth = (input.model.layers + input.nextn) / input.model.layers;
  return ops.map((op) => grow(op, growth));
}

/** Multiplies an operator, or the operators inside a block, which carry the multiplicity there. */
function grow(op: OpSpec, growth: number): OpSpec {
  switch (op.kind) {
    case "fallback":
      return {
        ...op,
        primary: grow(op.primary, growth),
        granular: op.granular.map((part) => grow(part, growth)),
      };
    case "overlap": {
      const [first, second] = op.groups;
      const all = (group: readonly OpSpec[]) =>
        group.map((part) => grow(part, growth));
      return { ...op, groups: [all(first), all(second)] };
    }
    default:
      return { ...op, scale: op.scale * growth };
  }
}

function blockOf(input: PhaseInput): OpSpec[] {
  switch (input.model.family) {
    case "LLAMA":
    case "GPT":
      return denseBlock(input);
    case "MOE":
      return moeBlock(input);
    case "DEEPSEEK":
    case "KIMIK25":
      return mlaBlock(input);
  }
}

/** Builds both phases. Layout checks are `checkLayout`'s; this only computes. */
export function buildGraph(input: GraphInput): ModelGraph {
  const context = buildPhase({
    ...input,
    phase: "context",
    split: input.layout.cp,
  });
  const generation = buildPhase({ ...input, phase: "generation", split: 1 });
  const weightBytes =
    context.reduce((sum, op) => sum + op.weightBytes * op.scale, 0) /
    input.layout.pp;
  return { context, generation, weightBytes };
}
