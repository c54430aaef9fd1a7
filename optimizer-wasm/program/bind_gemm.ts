/** GEMM operators (`aic-engine.md` §5.2) and their empirical ladder (§5.12). @module */

import type { PackSlice } from "../data/pack/format.ts";
import type { GemmOp } from "../graph/op_spec.ts";
import { QUANT_MODES, quantMode } from "../model/quant_mode.ts";
import {
  type BindContext,
  flopsOf,
  newOp,
  readsSamples,
  readsTables,
} from "./bind_context.ts";
import { efficiencyOf, sampled, transfers } from "./transfer.ts";
import { type Address, KIND, MODE, ROLE } from "./wasm_exports.ts";

/** Bytes that the quantisation steps move an element; the module tells them apart by it. */
const COMPUTE_SCALE_BYTES = 2;
const SCALE_MATRIX_BYTES = 3;

/** The table that a mode is looked up in: fp8_static is the dynamic kernel without its quantisation. */
function tableQuant(quant: string): string {
  return quant === "fp8_static" ? "fp8" : quant;
}

/** Efficiency by profile (bytes, factor), for transfers between profiles (§5.12). */
const GEMM_EFFICIENCY = [
  [2, 1, 0.7],
  [1, 1, 0.55],
  [9 / 16, 1, 0.45],
  [0.5, 1, 0.45],
  [1, 2, 0.45],
  [0.5, 2, 0.35],
  [1, 4, 0.3],
  [0.5, 4, 0.3],
  [9 / 16, 4, 0.3],
] as const;
const GEMM_EFFICIENCY_OTHER = 0.45;

/** Binds one GEMM. */
export function bindGemm(context: BindContext, op: GemmOp): Address {
  const { wasm, tables } = context;
  const quant = tableQuant(op.quant);
  const flops = flopsOf(context.system, quant);
  const address = newOp(context, op, KIND.gemm);
  wasm.setGemm(address, op.n, op.k);
  wasm.setPrecision(address, flops, quantMode(quant).bytes);
  if (context.mode === "ROOFLINE") {
    context.roofline.gemm(wasm, address, op, context.insideBlock === true);
    if (op.quant === "fp8_static") bindQuantize(context, op, address);
    return address;
  }
  const slice = tables?.find("gemm", quant);
  if (readsTables(context.mode) && slice !== undefined && flops > 0) {
    wasm.setSites(address, tables?.sites(slice) ?? 0);
  }
  if (op.quant === "fp8_static" && context.mode !== "SOL") {
    bindQuantize(context, op, address);
  }
  if (readsSamples(context.mode)) bindSamples(context, op, quant, address);
  return address;
}

function bindQuantize(
  context: BindContext,
  op: GemmOp,
  address: Address,
): void {
  const { wasm, tables } = context;
  const step = (
    table: "computescale" | "scale_matrix",
    bytes: number,
  ): Address => {
    const slice = tables?.find(table, "fp8");
    const formula = context.mode === "ROOFLINE";
    const quantize = wasm.newOp(
      slice === undefined && !formula ? KIND.fail : KIND.quantize,
      MODE[context.mode],
      ROLE.plain,
      1,
      1,
      1,
    );
    wasm.setPrecision(quantize, 1, bytes);
    if (formula) context.roofline.quantize(wasm, quantize, table);
    if (slice !== undefined) wasm.setGrid(quantize, tables?.grid(slice) ?? 0);
    return quantize;
  };
  wasm.setQuantize(
    address,
    step("computescale", COMPUTE_SCALE_BYTES),
    op.lowPrecisionInput ? step("scale_matrix", SCALE_MATRIX_BYTES) : 0,
  );
}

/** Own quant, then a quant of the same profile, then the nearest profile. */
function bindSamples(
  context: BindContext,
  op: GemmOp,
  quant: string,
  address: Address,
): void {
  const slices =
    context.tables?.of("gemm").filter((slice) => sampled(context, slice)) ?? [];
  const own = slices.find((slice) => slice.key[0] === quant);
  if (own !== undefined) return refer(context, op, own, quant, 1, address);
  const wanted = quantMode(quant);
  const others = slices.flatMap((slice) => {
    const name = String(slice.key[0]);
    const mode = QUANT_MODES[name];
    return mode === undefined ? [] : [{ slice, name, mode }];
  });
  const same = others.find(({ mode }) =>
    mode.bytes === wanted.bytes && mode.factor === wanted.factor
  );
  if (same !== undefined && transfers(context, "xquant")) {
    return refer(context, op, same.slice, quant, 1, address);
  }
  if (!transfers(context, "xprofile")) return;
  const nearest = others
    .filter(({ mode }) =>
      mode.bytes !== wanted.bytes || mode.factor !== wanted.factor
    )
    .sort((a, b) =>
      Math.abs(a.mode.factor - wanted.factor) -
        Math.abs(b.mode.factor - wanted.factor) ||
      Math.abs(a.mode.bytes - wanted.bytes) -
        Math.abs(b.mode.bytes - wanted.bytes)
    )[0];
  if (nearest === undefined) return;
  const efficiency = (mode: { bytes: number; factor: number }) =>
    efficiencyOf(GEMM_EFFICIENCY, GEMM_EFFICIENCY_OTHER, mode);
  const ratio = efficiency(wanted) / efficiency(nearest.mode);
  refer(context, op, nearest.slice, nearest.name, ratio, address);
}

/** Lends the rows of a slice, their speed of light taken under `quant`. */
function refer(
  context: BindContext,
  op: GemmOp,
  slice: PackSlice,
  quant: string,
  ratio: number,
  address: Address,
): void {
  const { wasm, tables } = context;
  const reference = newOp(context, op, KIND.gemm);
  wasm.setPrecision(
    reference,
    flopsOf(context.system, quant),
    quantMode(quant).bytes,
  );
  wasm.setReferenceSites(reference, tables?.sites(slice) ?? 0);
  wasm.setReference(address, reference, ratio);
}
