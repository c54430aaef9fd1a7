/** Tables of multi-head latent attention (`aic-engine.md` §2.2). @module */

import type { Columns } from "./columns.ts";
import { invalidFile } from "./source_tree.ts";
import {
  keys,
  type LoadContext,
  optional,
  sum,
  type TableSpec,
  whereWord,
  words,
} from "./table_spec.ts";

/** Models whose modules were measured, with the attention heads of the unsplit model. */
const NATIVE_HEADS: Readonly<Record<string, number>> = {
  "deepseek-ai/DeepSeek-V3": 128,
  "deepseek-ai/DeepSeek-R1": 128,
  "nvidia/DeepSeek-V3.1-NVFP4": 128,
};
const BMM_OPERATIONS = ["mla_gen_pre", "mla_gen_post"];

const CONTEXT_AXES = ["num_heads", "isl", "batch_size"];
const contextAxes = (columns: Columns) =>
  CONTEXT_AXES.map((name) => columns.numbers(name));
const generationAxes = (columns: Columns) => [
  columns.numbers("num_heads"),
  columns.numbers("batch_size"),
  sum(columns.numbers("isl"), columns.numbers("step")),
];

/** MLA, its batched matrix products, and whole MLA modules. */
export const MLA_SPECS: readonly TableSpec[] = [
  {
    stem: "context_mla_perf",
    tables: ["context_mla"],
    shape: "grid",
    columns: [
      ...words("mla_dtype", "kv_cache_dtype"),
      ...keys(...CONTEXT_AXES),
    ],
    key: (columns) => [
      columns.words("mla_dtype"),
      columns.words("kv_cache_dtype"),
    ],
    axes: contextAxes,
  },
  {
    stem: "generation_mla_perf",
    tables: ["generation_mla"],
    shape: "grid",
    columns: [...words("kv_cache_dtype"), ...keys(...CONTEXT_AXES, "step")],
    key: (columns) => [columns.words("kv_cache_dtype")],
    axes: generationAxes,
  },
  {
    stem: "mla_bmm_perf",
    tables: ["mla_bmm"],
    shape: "grid",
    columns: [
      ...words("bmm_dtype", "op_name"),
      ...keys("num_heads", "num_tokens"),
    ],
    key: (columns) => [
      columns.words("bmm_dtype"),
      columns.words("op_name"),
      columns.numbers("num_heads"),
    ],
    axes: (columns) => [columns.numbers("num_tokens")],
    keep: (columns) =>
      whereWord(columns.words("op_name"), (it) => BMM_OPERATIONS.includes(it)),
  },
  {
    stem: "mla_context_module_perf",
    tables: ["mla_context_module"],
    shape: "grid",
    columns: [
      ...words("mla_dtype", "kv_cache_dtype", "gemm_type", "model"),
      ...keys(...CONTEXT_AXES),
      ...optional(keys("tp_size")),
    ],
    key: (columns, context) => [
      columns.words("mla_dtype"),
      columns.words("kv_cache_dtype"),
      columns.words("gemm_type"),
      nativeHeads(columns, context),
    ],
    axes: contextAxes,
  },
  {
    stem: "mla_generation_module_perf",
    tables: ["mla_generation_module"],
    shape: "grid",
    columns: [
      ...words("kv_cache_dtype", "gemm_type", "model"),
      ...keys(...CONTEXT_AXES, "step"),
      ...optional(keys("tp_size")),
    ],
    key: (columns, context) => [
      columns.words("kv_cache_dtype"),
      columns.words("gemm_type"),
      nativeHeads(columns, context),
    ],
    axes: generationAxes,
  },
];

/** Head count of the unsplit model behind each row; of models that §2.2 does not name, as their config says. */
function nativeHeads(columns: Columns, context: LoadContext): Float64Array {
  const { words, codes } = columns.words("model");
  const heads = words.map((model) =>
    NATIVE_HEADS[model] ?? context.headsOfModel(model)
  );
  const perGpu = columns.numbers("num_heads");
  const split = columns.optionalNumbers("tp_size");
  return Float64Array.from(codes, (code, row) => {
    const native = heads[code];
    if (native === null || native === undefined) {
      throw invalidFile(
        columns.where,
        `Row ${row + 1} was measured on the model "${
          words[code]
        }", whose attention heads are not known.`,
      );
    }
    const tp = split?.[row] ?? 1;
    if (tp > 1 && perGpu[row]! * tp !== native) {
      throw invalidFile(
        columns.where,
        `Row ${row + 1} has ${
          perGpu[row]
        } heads on each of ${tp} GPUs; the model has ${native}.`,
      );
    }
    return native;
  });
}
