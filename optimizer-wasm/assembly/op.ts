/** One operator of a compiled program: everything that does not depend on batch or length, folded in. */

import { Grid } from "./grid";
import { HoldIndex } from "./hold_index";
import { Sites } from "./sites";

/** Kinds of operator. */
export namespace Kind {
  /** Latency linear in tokens: elementwise, embedding, point-to-point (§5.1, §5.8). */
  export const LINEAR: i32 = 1;
  export const GEMM: i32 = 2;
  export const CONTEXT_ATTENTION: i32 = 3;
  export const GENERATION_ATTENTION: i32 = 4;
  /** All-reduce and NCCL: a curve over message size (§5.5, §5.6). */
  export const MESSAGE: i32 = 5;
  export const MOE: i32 = 6;
  /** compute_scale and scale_matrix (§3.5), parts of an fp8_static GEMM only. */
  export const QUANTIZE: i32 = 8;
  /** Multi-head latent attention (§5.11): granular kernels, whole modules, and the batched GEMM around decode. */
  export const CONTEXT_MLA: i32 = 9;
  export const GENERATION_MLA: i32 = 10;
  export const MLA_BMM: i32 = 11;
  export const GENERATION_MLA_MODULE: i32 = 12;
  /** The first child, or when it is not measured the sum of the others (§5.11). */
  export const FALLBACK: i32 = 13;
  /** Two groups of children that run at the same time (§5.11). */
  export const OVERLAP: i32 = 14;
  /** Cannot be answered: `failure` says why. */
  export const FAIL: i32 = 7;
}

/** Database modes (§5.12) and the built-in roofline (R54). */
export namespace Mode {
  export const SILICON: i32 = 0;
  export const HYBRID: i32 = 1;
  export const EMPIRICAL: i32 = 2;
  export const SOL: i32 = 3;
  export const ROOFLINE: i32 = 4;
}

/** What a composition needs to know of an operator beyond its value (§7.1, §7.3). */
export namespace Role {
  export const PLAIN: i32 = 0;
  /** Named `context_attention`: pass 2 of a mixed step. */
  export const CONTEXT_ATTENTION: i32 = 1;
  /** Named `generation_attention`: pass 3 of a mixed step. */
  export const GENERATION_ATTENTION: i32 = 2;
  /** Name contains `logits_gemm`: its tokens are the requests. */
  export const LOGITS: i32 = 3;
}

@unmanaged
export class Op {
  kind: i32;
  mode: i32;
  role: i32;
  /** Status that a FAIL operator ends with. */
  failure: i32;
  /** Multiplicity (layers) that latency and energy are multiplied with. */
  scale: f64;
  /** Tokens of the operator = ⌈x / split⌉ · multiple; a negative split rounds down instead. */
  split: f64;
  multiple: f64;

  /** Last answer, already multiplied by `scale`: milliseconds, watt-milliseconds. */
  lastMs: f64;
  lastEnergy: f64;
  lastFlags: i32;

  /** Tensor-core rate, FLOP/s, and bytes an element of the weights (§2.1). */
  flops: f64;
  elementBytes: f64;

  /** GENERATION_MLA_MODULE: tensor-core rate of the projections inside, FLOP/s. */
  projectionFlops: f64;

  /** FALLBACK, OVERLAP: addresses of the children (u32 each), and where the second group begins. */
  children: usize;
  childCount: i32;
  secondGroup: i32;

  /** LINEAR: milliseconds a token and a call, and the same in SOL mode. */
  msPerToken: f64;
  constantMs: f64;
  solMsPerToken: f64;

  /** GEMM: output and input width. */
  n: f64;
  k: f64;
  sites: Sites;
  /** Index of the exact site, or -1. */
  site: i32;
  /** Sites by distance (i32 each) with the distances (f64 each), nearest first; for a scattered site. */
  nearSites: usize;
  nearDistance: usize;
  /**
   * Scattered site whose neighbours are the same for every m (all sites span one axis): a table, see `gemm.ts`, and the
   * sum of their weights; 0 where they have to be chosen anew for every m.
   */
  neighbours: usize;
  neighbourWeight: f64;
  /** fp8_static (§5.2): the quantize operators whose time is subtracted, or null. */
  computeScale: Op;
  scaleMatrix: Op;
  /** QUANTIZE: bounds of k over the whole table. */
  lowKey: f64;
  highKey: f64;

  /** Attention: heads, kv heads, kv heads in a roofline (0 = as many as heads), head size, window, kv bytes. */
  heads: f64;
  kvHeads: f64;
  headSize: f64;
  window: f64;
  kvBytes: f64;
  /** Token-independent extra latency (§5.3), ms; and the same in SOL mode. */
  extraMs: f64;
  contextParallel: f64;

  /** Grid of an attention operator, curve of a message or MoE operator; null in modes without tables. */
  grid: Grid;
  /** Where a query beyond the grid finds its neighbours (§3.2). */
  hold: HoldIndex;
  /** MOE: the low-latency curve (§5.9), or null. */
  lowLatency: Grid;

  /** MESSAGE: expert dispatch, whose energy never counts (§5.10). */
  isDispatch: bool;
  /** MESSAGE: elements a token, milliseconds an element at the speed of light, factor beyond the table. */
  elements: f64;
  solMsPerElement: f64;
  beyond: f64;

  /** MOE shape (§4). */
  hidden: i64;
  inter: i64;
  topk: i64;
  experts: i64;
  moeTp: i64;
  moeEp: i64;
  gemms: i64;

  /**
   * Empirical transfer (§5.12): the operator whose rows are the samples, with the shape and precision that their
   * speed of light is taken under, and the ratio ρ; null when the ladder found none.
   */
  reference: Op;
  lowReference: Op;
  ratio: f64;
  /** Samples of this operator as a reference; made on first need, see `empirical.ts`. */
  samples: usize;
  sampleCount: i32;
  low0: f64;
  low1: f64;
  low2: f64;
  span0: f64;
  span1: f64;
  span2: f64;

  /** Roofline (R54): constant ms, compute and memory efficiency, blend exponent, and the family's own terms. */
  roofMs: f64;
  roofCompute: f64;
  roofMemory: f64;
  roofExponent: f64;
  roofTile: f64;
  roofScale: f64;
  roofIssue: f64;
  /** Floor of a kernel that the host cannot launch faster, ms; 0 without. */
  roofHost: f64;
  /** Streaming multiprocessors of the GPU. */
  processors: f64;

  /** Power (R53): what its family shares (`power.ts`), and whether every row of its tables has measured power. */
  powerFamily: usize;
  wholePower: bool;
  /** The same operator over the powered rows of its own tables, and over those of another pack; or null. */
  poweredRows: Op;
  borrowed: Op;
  /** Ends of the interval of a borrowed draw, factors. */
  borrowedLow: f64;
  borrowedHigh: f64;
  /** Least share of the time that scales with the clock (R17): 0 of communication, a tenth elsewhere. */
  clockLeast: f64;
}
