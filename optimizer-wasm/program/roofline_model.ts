/** What the roofline sets on an operator: efficiencies of a GPU generation (R54). @module */

import type {
  ContextAttentionOp,
  GemmOp,
  GenerationAttentionOp,
  MlaBmmOp,
  MlaOp,
  MoeOp,
} from "../graph/op_spec.ts";
import type { Address, WasmExports } from "./wasm_exports.ts";

/** Collectives that the roofline knows. */
export type Collective =
  | "custom_all_reduce"
  | "all_gather"
  | "reduce_scatter"
  | "all_reduce"
  | "alltoall";

/** Efficiencies by operator family. */
export interface RooflineModel {
  /** @param insideBlock whether the GEMM is a part of a latent-attention block */
  gemm(
    wasm: WasmExports,
    address: Address,
    op: GemmOp,
    insideBlock: boolean,
  ): void;
  /** A quantisation step that an fp8_static GEMM saves. */
  quantize(
    wasm: WasmExports,
    address: Address,
    step: "computescale" | "scale_matrix",
  ): void;
  attention(
    wasm: WasmExports,
    address: Address,
    op: ContextAttentionOp | GenerationAttentionOp,
  ): void;
  mla(wasm: WasmExports, address: Address, op: MlaOp): void;
  bmm(wasm: WasmExports, address: Address, op: MlaBmmOp): void;
  /** @param lowLatency the kernels for few tokens (§5.9) */
  moe(
    wasm: WasmExports,
    address: Address,
    op: MoeOp,
    lowLatency: boolean,
  ): void;
  collective(
    wasm: WasmExports,
    address: Address,
    collective: Collective,
    gpus: number,
  ): void;
}
