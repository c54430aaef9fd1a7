/** Roofline formulas (`aic-engine.md` §4), milliseconds. @module */

import type { SystemSpec } from "../../optimizer-wasm/data/system_spec.ts";
import {
  decodeFlops,
  flopsOf,
  kvBytes,
  modeOf,
  type QuantMode,
} from "./quant_modes.ts";

/** GEMM of m×k by k×n. */
export function gemmSol(
  system: SystemSpec,
  q: QuantMode,
  { m, n, k }: { m: number; n: number; k: number },
): number {
  const math = 2 * m * n * k / flopsOf(system, q);
  const memory = q.mem * (m * n + m * k + n * k) /
    system.memoryBandwidthBytesPerSecond;
  return Math.max(math, memory) * 1000;
}

/** Dynamic quantisation: reading scales of an m×k matrix. */
export function computeScaleSol(
  system: SystemSpec,
  m: number,
  k: number,
): number {
  return 2 * m * k / system.memoryBandwidthBytesPerSecond * 1000;
}

/** Dynamic quantisation: scaling an m×k matrix. */
export function scaleMatrixSol(
  system: SystemSpec,
  m: number,
  k: number,
): number {
  return 3 * m * k / system.memoryBandwidthBytesPerSecond * 1000;
}

/** Heads of one GPU and what surrounds them. */
export interface AttentionShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly window: number;
  readonly kv: string;
}

/** Context attention of b requests with S new tokens after p cached ones. */
export function contextAttentionSol(
  system: SystemSpec,
  { heads: n, kvHeads, headDim: d, window: w, kv, fmha }: AttentionShape & {
    readonly fmha: string;
  },
  { b, s, prefix: p }: { b: number; s: number; prefix: number },
): number {
  const full = s + p;
  const flops = w > 0 && full > w
    ? 4 * b * (full - p) * w * n * d
    : 2 * b * (full * full - p * p) * n * d;
  const bytes = 4 * b * n * (full - p) * d +
    kvBytes(kv) * b * 2 * kvHeads * full * d;
  const math = flops / flopsOf(system, modeOf(fmha));
  return Math.max(math, bytes / system.memoryBandwidthBytesPerSecond) * 1000;
}

/** Decode attention of b requests at position s. */
export function generationAttentionSol(
  system: SystemSpec,
  { heads: n, kvHeads, headDim: d, window: w, kv }: AttentionShape,
  { b, s }: { b: number; s: number },
): number {
  const length = w > 0 ? Math.min(s - 1, w) : s - 1;
  const math = 4 * b * n * d * length / decodeFlops(system, kv);
  const bytes = b *
    (2 * n * d + 2 * kvHeads * length * d * kvBytes(kv) + 2 * n * d);
  return Math.max(math, bytes / system.memoryBandwidthBytesPerSecond) * 1000;
}

/** Experts of one layer. */
export interface ExpertShape {
  readonly topk: number;
  readonly experts: number;
  readonly hidden: number;
  readonly inter: number;
  readonly tp: number;
  readonly ep: number;
  /** 3 for gated experts, else 2. */
  readonly matrices: number;
}

/** Experts over t tokens; exact integers, floor divisions from left to right. */
export function moeSol(
  system: SystemSpec,
  q: QuantMode,
  shape: ExpertShape,
  t: number,
): number {
  const h = BigInt(shape.hidden);
  const i = BigInt(shape.inter);
  const E = BigInt(shape.experts);
  const tp = BigInt(shape.tp);
  const ep = BigInt(shape.ep);
  const g = BigInt(shape.matrices);
  const T = BigInt(roundHalfEven(t)) * BigInt(shape.topk);
  const flops = T * h * i * g * 2n / ep / tp;
  const perRank = T / ep;
  const active = E / ep < perRank ? E / ep : perRank;
  const elements = perRank * h * 2n + perRank * i * g / tp +
    h * i * g / tp * active;
  const math = Number(flops) / flopsOf(system, q);
  const memory = Number(elements) * q.mem /
    system.memoryBandwidthBytesPerSecond;
  return Math.max(math, memory) * 1000;
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** p2p(n): bandwidth tier of a collective over n GPUs (§1.3). */
export function tierBandwidth(system: SystemSpec, gpus: number): number {
  if (gpus <= system.gpusPerNode) return system.intraNodeBytesPerSecond;
  if (gpus <= (system.gpusPerRack ?? Infinity)) {
    return system.interNodeBytesPerSecond;
  }
  return system.interRackBytesPerSecond ?? system.interNodeBytesPerSecond;
}

/** Custom all-reduce of `size` elements (§5.7). */
export function allReduceSol(
  system: SystemSpec,
  tp: number,
  size: number,
): number {
  return 2 * (2 * size) / tp * (tp - 1) / tierBandwidth(system, tp) * 1000;
}

/** NCCL collective of `size` elements in half precision. */
export function ncclSol(
  system: SystemSpec,
  operation: string,
  gpus: number,
  size: number,
): number {
  const phases = operation === "all_reduce" ? 2 : 1;
  return phases * 2 * size * (gpus - 1) / gpus / tierBandwidth(system, gpus) *
    1000;
}

/** Memory op at full bandwidth. */
export function memorySol(system: SystemSpec, bytes: number): number {
  return bytes / system.memoryBandwidthBytesPerSecond * 1000;
}
