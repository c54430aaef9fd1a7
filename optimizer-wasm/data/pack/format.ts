/**
 * The pack: every table of one (system, backend, version), resolved over all its sources, laid out so that the
 * WebAssembly engine reads it in place.
 *
 * ```text
 * 0    8   magic "WKPACK\0\0"
 * 8    4   u32 format version
 * 12   4   u32 directory length in bytes (UTF-8 JSON, a PackDirectory)
 * 16   4   u32 payload length in bytes, a multiple of 8
 * 20   4   u32 zero
 * 24   32  SHA-256 of directory bytes followed by payload bytes
 * 56   8   zero
 * 64   –   directory, padded with spaces to a multiple of 8
 *      –   payload
 * ```
 *
 * All numbers are little-endian. The payload is a row of *blocks*; a slice of the directory names its block by
 * byte offset from the start of the payload (a multiple of 8). Two shapes of block:
 *
 * A **grid** block holds up to three nested, sorted, ragged axes. Curves (MoE tokens, message sizes) are grids with
 * one key 0 on the first and on the second axis; two-axis tables have one key 0 on the first.
 *
 * ```text
 * i32 keys0Count, i32 rowCount, i32 leafCount, i32 flags      flags: 1 = has power, 2 = every leaf is primary
 * f64 keys0[keys0Count]            ascending
 * i32 rowStart[keys0Count + 1]     rows of keys0[i] are rowStart[i] .. rowStart[i + 1]     (padded to 8)
 * f64 keys1[rowCount]              ascending within one key of axis 0
 * i32 leafStart[rowCount + 1]      leaves of row r are leafStart[r] .. leafStart[r + 1]    (padded to 8)
 * f64 keys2[leafCount]             ascending within a row
 * f64 latencyMs[leafCount]
 * f64 powerWatts[leafCount]        only with flag 1: the *blend power* of `aic-engine.md` §3; 0 = not measured
 * u8  primary[leafCount]           only without flag 2: 1 = the row comes from the primary source (padded to 8)
 * ```
 *
 * A **sites** block (GEMM) holds scattered (n, k) sites in insertion order (§3.4), each with a curve over m. Curves
 * with identical m keys share one axis.
 *
 * ```text
 * i32 siteCount, i32 axisCount, i32 leafCount, i32 flags
 * i32 axisStart[axisCount + 1]                                   (padded to 8)
 * f64 axisKeys[axisStart[axisCount]]     ascending within an axis
 * f64 n[siteCount]; f64 k[siteCount]
 * i32 axisOf[siteCount]                                          (padded to 8)
 * i32 leafStart[siteCount + 1]                                   (padded to 8)
 * f64 latencyMs[leafCount]; f64 powerWatts[leafCount] (flag 1); u8 primary[leafCount] (without flag 2, padded to 8)
 * ```
 *
 * Leaves carry what loading leaves them with: first row wins over all sources, the SOL floor applied where §2.2
 * says so (latency raised, `powerWatts` = loaded power × loaded latency / raised latency). The modes EMPIRICAL and
 * SOL see primary leaves only, which is why each leaf says whether it is one.
 *
 * @module
 */

import type { SystemSpec } from "../system_spec.ts";

/** First eight bytes of a pack. */
export const PACK_MAGIC = "WKPACK\0\0";
/** Version of the layout above; a reader refuses every other one. */
export const PACK_FORMAT_VERSION = 1;
/** Bytes before the directory. */
export const PACK_HEADER_BYTES = 64;
/** Bit of a block's flags: the block has a `powerWatts` array. */
export const FLAG_HAS_POWER = 1;
/** Bit of a block's flags: every leaf comes from the primary source, so there is no `primary` array. */
export const FLAG_ALL_PRIMARY = 2;

/** Who was measured. */
export interface PackIdentity {
  readonly system: string;
  readonly backend: string;
  /** Version of the backend, as upstream spells it. */
  readonly version: string;
}

/** One file that went into a table, in priority order (`aic-engine.md` §1.2). */
export interface PackSource {
  /** File stem, `gemm_perf`. */
  readonly table: string;
  readonly role: "primary" | "declared" | "older" | "other_framework";
  readonly backend: string;
  readonly version: string;
  readonly rows: number;
}

/**
 * Names of tables. Their keys, in order (`aic-engine.md` §2.2; numbers as numbers, `lane` is the kernel source):
 * `gemm` [quant] · `computescale`, `scale_matrix` [quant] ·
 * `context_attention` [lane, fmha, kv, nKv, headDim, window] ·
 * `generation_attention` [lane, kv, nKv, headDim, window] ·
 * `moe`, `moe_low_latency` [quant, distribution, topk, experts, hidden, inter, moeTp, moeEp] ·
 * `custom_allreduce` [gpus] · `nccl` [dtype, operation, gpus] ·
 * `context_mla` [mla, kv] · `generation_mla` [kv] · `mla_bmm` [dtype, operation, heads] ·
 * `mla_context_module` [mla, kv, gemm, nativeHeads] · `mla_generation_module` [kv, gemm, nativeHeads] ·
 * `moe_a2a` [kernel, phase, dtype, ep, nodes, hidden, topk, experts, sms]
 */
export type PackTable =
  | "gemm"
  | "computescale"
  | "scale_matrix"
  | "context_attention"
  | "generation_attention"
  | "moe"
  | "moe_low_latency"
  | "custom_allreduce"
  | "nccl"
  | "context_mla"
  | "generation_mla"
  | "mla_bmm"
  | "mla_context_module"
  | "mla_generation_module"
  | "moe_a2a";

/** One slice: an exact key and the block that holds its grid, curve or sites. */
export interface PackSlice {
  readonly table: PackTable;
  readonly key: readonly (string | number)[];
  /** Byte offset of the block from the start of the payload. */
  readonly offset: number;
  readonly leaves: number;
  readonly primaryLeaves: number;
  /** Leaves with measured power. */
  readonly poweredLeaves: number;
}

/** The JSON directory of a pack. */
export interface PackDirectory {
  readonly formatVersion: typeof PACK_FORMAT_VERSION;
  readonly identity: PackIdentity;
  readonly system: SystemSpec;
  /** Attention lane that is asked first (§2.2), or null. */
  readonly pinnedLane: string | null;
  /**
   * Power limits met in the tables, watts, ascending; empty without a power column. Leaves are those of the highest limit
   * of their file.
   */
  readonly powerLimitsWatts: readonly number[];
  /** Present in a pack of rows at one lower limit, which stands beside the identity's own (R17). */
  readonly limitWatts?: number;
  readonly sources: readonly PackSource[];
  /** In the order of first appearance over the sources: lanes and quant modes are ranked by it. */
  readonly slices: readonly PackSlice[];
}
