/** What every binder works with: the module, the tables, the mode. @module */

import type { SystemSpec } from "../data/system_spec.ts";
import type { DatabaseMode, EngineCase } from "../estimate_case.ts";
import type { OpSpec } from "../graph/op_spec.ts";
import { quantMode } from "../model/quant_mode.ts";
import type { PowerContext } from "./bind_power.ts";
import type { RooflineModel } from "./roofline_model.ts";
import type { Tables } from "./tables.ts";
import { type Address, MODE, ROLE, type WasmExports } from "./wasm_exports.ts";

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
  readonly power: PowerContext;
  /** Set while the granular operators of a latent block are bound. */
  readonly insideBlock?: boolean;
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
