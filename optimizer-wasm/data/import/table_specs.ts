/** The tables that are imported, one entry each (`aic-engine.md` §2.2, §5.10). @module */

import { ATTENTION_SPECS } from "./attention_specs.ts";
import { MLA_SPECS } from "./mla_specs.ts";
import { MOE_SPECS } from "./moe_specs.ts";
import { gemmFloor } from "./sol_floor.ts";
import {
  keys,
  optional,
  type TableSpec,
  whereWord,
  words,
} from "./table_spec.ts";

/** Weight formats whose GEMM rows nobody asks for. */
const SKIPPED_GEMM = ["awq", "gptq"];
/** The one system whose all-reduce is measured in eager mode alone. */
const EAGER_SYSTEM = "b60";

const GEMM: TableSpec = {
  stem: "gemm_perf",
  tables: ["gemm"],
  shape: "sites",
  columns: [...words("gemm_dtype"), ...keys("m", "n", "k")],
  key: (columns) => [columns.words("gemm_dtype")],
  axes: (columns) => ["m", "n", "k"].map((name) => columns.numbers(name)),
  keep: (columns) =>
    whereWord(
      columns.words("gemm_dtype"),
      (dtype) => !SKIPPED_GEMM.includes(dtype),
    ),
  floor: (system, [quant]) => gemmFloor(system, String(quant)),
};

function quantize(table: "computescale" | "scale_matrix"): TableSpec {
  return {
    stem: `${table}_perf`,
    tables: [table],
    shape: "grid",
    columns: [...words("quant_dtype"), ...keys("m", "k")],
    key: (columns) => [columns.words("quant_dtype")],
    axes: (columns) => [columns.numbers("m"), columns.numbers("k")],
  };
}

const CUSTOM_ALLREDUCE: TableSpec = {
  stem: "custom_allreduce_perf",
  tables: ["custom_allreduce"],
  shape: "grid",
  columns: [
    ...keys("num_gpus", "message_size"),
    ...optional(words("kernel_source", "backend")),
  ],
  key: (columns) => [columns.numbers("num_gpus")],
  axes: (columns) => [columns.numbers("message_size")],
  keep: (columns, { system }) => {
    if (system.name === EAGER_SYSTEM) return null;
    const kept = new Uint8Array(columns.rows).fill(1);
    for (const name of ["kernel_source", "backend"]) {
      const column = columns.optionalWords(name);
      if (column === null) continue;
      whereWord(column, (word) => !word.endsWith("_eager"))
        .forEach((passes, row) => kept[row]! &= passes);
    }
    return kept;
  },
};

function collectives(library: "nccl" | "oneccl"): TableSpec {
  return {
    stem: `${library}_perf`,
    tables: ["nccl"],
    shape: "grid",
    columns: [
      ...words("nccl_dtype", "op_name"),
      ...keys("num_gpus", "message_size"),
    ],
    key: (columns) => [
      columns.words("nccl_dtype"),
      columns.words("op_name"),
      columns.numbers("num_gpus"),
    ],
    axes: (columns) => [columns.numbers("message_size")],
  };
}

/** Collective libraries: versioned by the system's yaml, not by the backend (§1.2). */
export const LIBRARY_SPECS = {
  nccl: collectives("nccl"),
  oneccl: collectives("oneccl"),
} as const;

/** Tables versioned by the backend. */
export const TABLE_SPECS: readonly TableSpec[] = [
  GEMM,
  quantize("computescale"),
  quantize("scale_matrix"),
  ...ATTENTION_SPECS,
  ...MOE_SPECS,
  CUSTOM_ALLREDUCE,
  ...MLA_SPECS,
];
