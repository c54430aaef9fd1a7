/** Binds a model graph to the tables of a pack: from operators by name to a flat program. @module */

import { type PowerFamily, powerShareOf } from "../data/power_rows.ts";
import type { SystemSpec } from "../data/system_spec.ts";
import type { DatabaseMode, EngineCase } from "../estimate_case.ts";
import type { ModelGraph, OpSpec } from "../graph/op_spec.ts";
import { quantMode } from "../model/quant_mode.ts";
import { bindAllReduce, bindAllToAll, bindNccl } from "./bind_collectives.ts";
import { bindContext, bindGeneration } from "./bind_attention.ts";
import { bindGemm } from "./bind_gemm.ts";
import { bindBlock, bindMla, bindMlaBmm } from "./bind_mla.ts";
import { bindMoe } from "./bind_moe.ts";
import { memoryOpMs } from "./memory_op.ts";
import type { RooflineModel } from "./roofline_model.ts";
import type { Tables } from "./tables.ts";
import {
  type Address,
  KIND,
  MODE,
  ROLE,
  type WasmExports,
} from "./wasm_exports.ts";

/** What binding needs beside the operator. */
export interface BindContext {
  readonly wasm: WasmExports;
  /** Absent in the roofline: there is no pack. */
  readonly tables: Tables | undefined;
  readonly system: SystemSpec;
  readonly backend: string;
  readonly mode: DatabaseMode;
  readonly transferPolicy: NonNullable<EngineCase["transferPolicy"]>;
  readonly roofline: RooflineModel;
  /** Set while the granular operators of a latent block are bound. */
  readonly insideBlock?: boolean;
}

/** A compiled model. */
export interface CompiledProgram {
  readonly address: Address;
  /** Operator names by phase, in list order. */
  readonly names: { readonly context: string[]; readonly generation: string[] };
}

/** Tensor-core rate of a quant mode, FLOP/s; 0 when the GPU has none (§1.3). */
export function flopsOf(system: SystemSpec, quant: string): number {
  return system.flopsPerSecond[quantMode(quant).dtype] ?? 0;
}

/** Whether tables may answer in this mode. */
export function readsTables(mode: DatabaseMode): boolean {
  return mode === "SILICON" || mode === "HYBRID";
}

/** Whether an empirical transfer may answer in this mode. */
export function readsSamples(mode: DatabaseMode): boolean {
  return mode === "HYBRID" || mode === "EMPIRICAL";
}

function roleOf(op: OpSpec): number {
  if (op.name === "context_attention") return ROLE.contextAttention;
  if (op.name === "generation_attention") return ROLE.generationAttention;
  return op.name.includes("logits_gemm") ? ROLE.logits : ROLE.plain;
}

/** Makes an operator of the module with the multiplicity and token rule of its spec. */
export function newOp(
  context: BindContext,
  op: OpSpec,
  kind: number,
  tokenMultiple = 1,
): Address {
  return context.wasm.newOp(
    kind,
    MODE[context.mode],
    roleOf(op),
    op.scale,
    op.floorSplit === true ? -op.split : op.split,
    tokenMultiple,
  );
}

function bindOp(context: BindContext, op: OpSpec): Address {
  switch (op.kind) {
    case "memory": {
      const address = newOp(context, op, KIND.linear);
      const { perByte, constant, solPerByte } = memoryOpMs(context.system);
      context.wasm.setLinear(
        address,
        op.bytesPerToken * perByte,
        constant,
        op.bytesPerToken * solPerByte,
      );
      return address;
    }
    case "p2p": {
      const address = newOp(context, op, KIND.linear);
      const { interNodeBytesPerSecond, p2pLatencySeconds } = context.system;
      const msPerToken = op.width * 2 / interNodeBytesPerSecond * 1000;
      context.wasm.setLinear(
        address,
        msPerToken,
        p2pLatencySeconds * 1000,
        msPerToken,
      );
      return address;
    }
    case "gemm":
      return bindGemm(context, op);
    case "context_attention":
      return bindContext(context, op);
    case "generation_attention":
      return bindGeneration(context, op);
    case "all_reduce":
      return bindAllReduce(context, op);
    case "nccl":
      return bindNccl(context, op);
    case "all_to_all":
      return bindAllToAll(context, op);
    case "moe":
      return bindMoe(context, op);
    case "context_mla":
    case "generation_mla":
      return bindMla(context, op);
    case "mla_bmm":
      return bindMlaBmm(context, op);
    case "fallback": {
      const granular = { ...context, insideBlock: true };
      const parts = op.granular.map((part) => bindOp(granular, part));
      if (context.mode === "ROOFLINE") {
        // The built-in model has no modules: the granular operators are the block.
        return bindBlock(context, op, {
          kind: KIND.overlap,
          addresses: parts,
          second: parts.length,
        });
      }
      // A module that HYBRID could only estimate yields to granular rows that were measured.
      const primary = bindOp(
        context.mode === "HYBRID" ? { ...context, mode: "SILICON" } : context,
        op.primary,
      );
      return bindBlock(context, op, {
        kind: KIND.fallback,
        addresses: [primary, ...parts],
        second: 1,
      });
    }
    case "overlap": {
      const [first, second] = op.groups;
      return bindBlock(context, op, {
        kind: KIND.overlap,
        addresses: [...first, ...second].map((part) => bindOp(context, part)),
        second: first.length,
      });
    }
  }
}

/** Sets how the operator's power is modelled where none is measured (R53). */
function bindPower(context: BindContext, op: OpSpec, address: Address): void {
  const share = powerShareOf(POWER_FAMILY[op.kind], context.backend);
  context.wasm.setPower(
    address,
    share.base,
    share.compute,
    share.computeExponent,
    share.memory,
    share.memoryExponent,
  );
}

const POWER_FAMILY: Readonly<
  Record<OpSpec["kind"], PowerFamily>
> = {
  memory: "memory",
  p2p: "communication",
  gemm: "gemm",
  context_attention: "contextAttention",
  context_mla: "contextAttention",
  generation_attention: "generationAttention",
  generation_mla: "generationAttention",
  mla_bmm: "gemm",
  moe: "moe",
  overlap: "moe",
  fallback: "gemm",
  all_reduce: "communication",
  nccl: "communication",
  all_to_all: "communication",
};

/** Compiles both phases of a graph into the module's memory. */
export function compileProgram(
  context: BindContext,
  graph: ModelGraph,
): CompiledProgram {
  const address = context.wasm.newProgram();
  const names = { context: [] as string[], generation: [] as string[] };
  for (const [phase, ops] of [graph.context, graph.generation].entries()) {
    for (const op of ops) {
      const bound = bindOp(context, op);
      bindPower(context, op, bound);
      context.wasm.appendOp(address, phase, bound);
      (phase === 0 ? names.context : names.generation).push(op.name);
    }
  }
  return { address, names };
}
