/** Routed experts: curve by exact shape, low-latency kernels, and the empirical ladder (`aic-engine.md` §5.9, §5.12). @module */

import type { PackSlice } from "../data/pack/format.ts";
import type { MoeOp } from "../graph/op_spec.ts";
import { QUANT_MODES, quantMode } from "../model/quant_mode.ts";
import {
  type BindContext,
  flopsOf,
  newOp,
  readsSamples,
  readsTables,
} from "./bind_context.ts";
import { efficiencyOf, nearestShape, sampled, transfers } from "./transfer.ts";
import { type Address, KIND, STATUS } from "./wasm_exports.ts";

/** Matrices of a gated expert. */
const GATED_GEMMS = 3;

/** Efficiency by profile (bytes, factor), for transfers between profiles (§5.12). */
const MOE_EFFICIENCY = [
  [2, 1, 0.53],
  [1, 1, 0.45],
  [9 / 16, 1, 0.07],
  [0.5, 1, 0.07],
  [1, 2, 0.4],
  [0.5, 2, 0.15],
  [1, 4, 0.3],
  [0.5, 4, 0.23],
  [9 / 16, 4, 0.23],
] as const;
const MOE_EFFICIENCY_OTHER = 0.3;

/** A MoE slice with its key named. */
interface MoeSlice {
  readonly slice: PackSlice;
  readonly quant: string;
  readonly distribution: string;
  /** topk, experts, hidden, inter. */
  readonly shape: readonly number[];
  readonly moeTp: number;
  readonly moeEp: number;
}

function named(slice: PackSlice): MoeSlice {
  const [quant, distribution, topk, experts, hidden, inter, tp, ep] = slice.key;
  return {
    slice,
    quant: String(quant),
    distribution: String(distribution),
    shape: [topk, experts, hidden, inter].map(Number),
    moeTp: Number(tp),
    moeEp: Number(ep),
  };
}

function shapeOf(op: MoeOp): number[] {
  return [op.topk, op.experts, op.hidden, op.inter];
}

/** The distribution asked for, or `uniform` where the quant has none of it. */
function distributionOf(slices: readonly MoeSlice[], op: MoeOp, quant: string) {
  const has = slices.some((slice) =>
    slice.quant === quant && slice.distribution === op.distribution
  );
  return has ? op.distribution : "uniform";
}

/** Binds the experts of one phase. */
export function bindMoe(context: BindContext, op: MoeOp): Address {
  const { wasm, tables, mode } = context;
  const address = newOp(context, op, KIND.moe, op.attentionDp);
  setShape(context, address, op, op.quant, shapeOf(op));
  if (mode === "ROOFLINE") {
    context.roofline.moe(wasm, address, op, false);
    if (op.quant === "nvfp4" && context.backend === "trtllm") {
      const low = newOp(context, op, KIND.moe, op.attentionDp);
      setShape(context, low, op, op.quant, shapeOf(op));
      context.roofline.moe(wasm, low, op, true);
      wasm.setLowReference(address, low);
    }
    return address;
  }
  if (readsSamples(mode) && !hasRows(context)) {
    const refused = newOp(context, op, KIND.fail);
    const isKnownRate = flopsOf(context.system, op.quant) > 0;
    context.wasm.setFailure(
      refused,
      isKnownRate ? STATUS.notMeasured : STATUS.missingFlops,
    );
    return refused;
  }
  const slices = (tables?.of("moe") ?? []).map(named);
  const key = [
    op.quant,
    distributionOf(slices, op, op.quant),
    ...shapeOf(op),
    op.moeTp,
    op.moeEp,
  ];
  const low = op.quant === "nvfp4"
    ? tables?.find("moe_low_latency", ...key)
    : undefined;
  if (readsTables(mode)) {
    wasm.setGrid(address, tables?.grid(tables.find("moe", ...key)) ?? 0);
    wasm.setLowLatency(address, tables?.grid(low) ?? 0);
  }
  if (readsSamples(mode)) {
    if (low !== undefined && sampled(context, low)) {
      const reference = referTo(context, op, low, op.quant, shapeOf(op));
      wasm.setLowReference(address, reference);
    }
    bindSamples(context, op, slices, address);
  }
  return address;
}

/** Without a single row of experts there is nothing to transfer from: a gap of the data, not of the method. */
function hasRows(context: BindContext): boolean {
  const { tables } = context;
  return [...tables?.of("moe") ?? [], ...tables?.of("moe_low_latency") ?? []]
    .some((slice) => sampled(context, slice));
}

function setShape(
  context: BindContext,
  address: Address,
  op: MoeOp,
  quant: string,
  shape: readonly number[],
): void {
  const [topk = 0, experts = 0, hidden = 0, inter = 0] = shape;
  context.wasm.setPrecision(
    address,
    flopsOf(context.system, quant),
    quantMode(quant).bytes,
  );
  context.wasm.setMoe(
    address,
    hidden,
    inter,
    topk,
    experts,
    op.moeTp,
    op.moeEp,
    GATED_GEMMS,
  );
}

/** A reference operator: the rows of `slice`, their speed of light under `quant` and `shape`. */
function referTo(
  context: BindContext,
  op: MoeOp,
  slice: PackSlice,
  quant: string,
  shape: readonly number[],
): Address {
  const reference = newOp(context, op, KIND.moe, op.attentionDp);
  setShape(context, reference, op, quant, shape);
  context.wasm.setGrid(reference, context.tables?.grid(slice) ?? 0);
  return reference;
}

/** Own curve, then another shape, then another quant of the profile, then the nearest profile. */
function bindSamples(
  context: BindContext,
  op: MoeOp,
  all: readonly MoeSlice[],
  address: Address,
): void {
  const slices = all.filter(({ slice }) => sampled(context, slice));
  const nearest = (quants: readonly string[]) => {
    const candidates = slices
      .filter((slice) =>
        quants.includes(slice.quant) &&
        slice.distribution === distributionOf(slices, op, slice.quant) &&
        slice.moeTp === op.moeTp && slice.moeEp === op.moeEp
      )
      .sort((a, b) => compareShapes(a.shape, b.shape));
    return nearestShape(candidates, ({ shape }) => shape, shapeOf(op));
  };
  const use = (found: MoeSlice, quant: string, ratio: number) =>
    context.wasm.setReference(
      address,
      referTo(context, op, found.slice, quant, found.shape),
      ratio,
    );
  const own = nearest([op.quant]);
  if (own !== undefined) {
    const exact = compareShapes(own.shape, shapeOf(op)) === 0;
    if (exact || transfers(context, "xshape")) return use(own, op.quant, 1);
  }
  const wanted = quantMode(op.quant);
  const quants = [...new Set(slices.map(({ quant }) => quant))]
    .filter((quant) => quant !== op.quant && QUANT_MODES[quant] !== undefined);
  if (transfers(context, "xquant")) {
    const same = quants.filter((quant) =>
      quantMode(quant).bytes === wanted.bytes &&
      quantMode(quant).factor === wanted.factor
    );
    const found = nearest(same);
    if (found !== undefined) return use(found, op.quant, 1);
  }
  if (!transfers(context, "xprofile")) return;
  const distance = (quant: string) =>
    Math.abs(quantMode(quant).bytes - wanted.bytes) +
    Math.abs(quantMode(quant).factor - wanted.factor);
  for (const quant of quants.sort((a, b) => distance(a) - distance(b))) {
    if (distance(quant) === 0) continue;
    const found = nearest([quant]);
    if (found === undefined) continue;
    const efficiency = (name: string) =>
      efficiencyOf(MOE_EFFICIENCY, MOE_EFFICIENCY_OTHER, quantMode(name));
    return use(found, quant, efficiency(op.quant) / efficiency(quant));
  }
}

function compareShapes(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const d = value - (b[index] ?? 0);
    if (d !== 0) return d;
  }
  return 0;
}
