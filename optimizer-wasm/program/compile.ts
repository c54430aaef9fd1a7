/** Binds a model graph to the tables of a pack: from operators by name to a flat program. @module */

import type { ModelGraph, OpSpec } from "../graph/op_spec.ts";
import { bindContext, bindGeneration } from "./bind_attention.ts";
import { bindAllReduce, bindAllToAll, bindNccl } from "./bind_collectives.ts";
import { type BindContext, newOp } from "./bind_context.ts";
import { bindGemm } from "./bind_gemm.ts";
import { bindBlock, bindMla, bindMlaBmm } from "./bind_mla.ts";
import { bindMoe } from "./bind_moe.ts";
import { bindPower } from "./bind_power.ts";
import { memoryOpMs } from "./memory_op.ts";
import { type Address, KIND } from "./wasm_exports.ts";

/** A compiled model. */
export interface CompiledProgram {
  readonly address: Address;
  /** Operator names by phase, in list order. */
  readonly names: { readonly context: string[]; readonly generation: string[] };
}

function bindOp(context: BindContext, op: OpSpec): Address {
  context.tables?.takeUsed();
  const address = bindKind(context, op);
  bindPower(context, op, {
    address,
    used: context.tables?.takeUsed() ?? [],
    bind: (other) => bindKind(other, op),
  });
  return address;
}

function bindKind(context: BindContext, op: OpSpec): Address {
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
      context.wasm.appendOp(address, phase, bound);
      (phase === 0 ? names.context : names.generation).push(op.name);
    }
  }
  context.wasm.seal(address);
  return { address, names };
}
