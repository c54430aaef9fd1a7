/** Which tables make up which family of operators. @module */

import type { PackDirectory, PackTable } from "../pack/mod.ts";

/** Families of operators, as listings show them. */
export const OP_FAMILIES = [
  "gemm",
  "quantize",
  "attention",
  "moe",
  "comm",
  "mla",
] as const;
/** A family of operators. */
export type OpFamily = (typeof OP_FAMILIES)[number];

/** Tables of each family. */
export const TABLES_OF_FAMILY: Readonly<
  Record<OpFamily, readonly PackTable[]>
> = {
  gemm: ["gemm"],
  quantize: ["computescale", "scale_matrix"],
  attention: ["context_attention", "generation_attention"],
  moe: ["moe", "moe_low_latency", "moe_a2a"],
  comm: ["custom_allreduce", "nccl"],
  mla: [
    "context_mla",
    "generation_mla",
    "mla_bmm",
    "mla_context_module",
    "mla_generation_module",
  ],
};

/** Tables without which no model can be estimated. */
export const ESSENTIAL_TABLES: readonly PackTable[] = [
  "gemm",
  "context_attention",
  "generation_attention",
  "custom_allreduce",
  "nccl",
];

/** Counts of a set of leaves. */
export interface Coverage {
  readonly slices: number;
  readonly leaves: number;
  readonly primaryLeaves: number;
  /** Leaves with measured power. */
  readonly poweredLeaves: number;
}

/** What a pack holds of some tables; of all when none are named. */
export function coverageOf(
  { slices }: PackDirectory,
  tables?: readonly PackTable[],
): Coverage {
  const own = slices.filter(({ table }) => tables?.includes(table) ?? true);
  const sum = (of: (slice: (typeof own)[number]) => number) =>
    own.reduce((total, slice) => total + of(slice), 0);
  return {
    slices: own.length,
    leaves: sum((it) => it.leaves),
    primaryLeaves: sum((it) => it.primaryLeaves),
    poweredLeaves: sum((it) => it.poweredLeaves),
  };
}
