/** Attention tables; they are kept apart by lane, the kernel that was measured (`aic-engine.md` §2.2). @module */

import type { Columns, WordColumn } from "./columns.ts";
import { generationAttentionFloor } from "./sol_floor.ts";
import {
  constantWord,
  keys,
  optional,
  sum,
  type TableSpec,
  words,
} from "./table_spec.ts";

const HEADS = keys("num_heads", "num_key_value_heads", "head_dim");
const LENGTHS = keys("batch_size", "isl");
const WINDOW = optional(keys("window_size"));
const LANE = optional(words("kernel_source"));

/** Context and generation attention. */
export const ATTENTION_SPECS: readonly TableSpec[] = [
  {
    stem: "context_attention_perf",
    tables: ["context_attention"],
    shape: "grid",
    columns: [
      ...words("attn_dtype", "kv_cache_dtype"),
      ...HEADS,
      ...LENGTHS,
      ...WINDOW,
      ...LANE,
    ],
    key: (columns) => [
      lane(columns),
      columns.words("attn_dtype"),
      columns.words("kv_cache_dtype"),
      ...shape(columns),
    ],
    axes: (columns) =>
      ["num_heads", "isl", "batch_size"].map((it) => columns.numbers(it)),
  },
  {
    stem: "generation_attention_perf",
    tables: ["generation_attention"],
    shape: "grid",
    columns: [
      ...words("kv_cache_dtype"),
      ...HEADS,
      ...LENGTHS,
      ...keys("step"),
      ...WINDOW,
      ...LANE,
    ],
    key: (columns) => [
      lane(columns),
      columns.words("kv_cache_dtype"),
      ...shape(columns),
    ],
    axes: (columns) => [
      columns.numbers("num_heads"),
      columns.numbers("batch_size"),
      sum(columns.numbers("isl"), columns.numbers("step")),
    ],
    floor: (system, [, kv, kvHeads, headDim, window]) =>
      generationAttentionFloor(system, {
        kv: String(kv),
        kvHeads: Number(kvHeads),
        headDim: Number(headDim),
        window: Number(window),
      }),
  },
];

function lane(columns: Columns): WordColumn {
  return columns.optionalWords("kernel_source") ??
    constantWord("default", columns.rows);
}

/** KV heads (0 = as many as query heads), head dimension, window (0 = none). */
function shape(columns: Columns): Float64Array[] {
  const heads = columns.numbers("num_heads");
  return [
    columns.numbers("num_key_value_heads").map((kvHeads, row) =>
      kvHeads === heads[row] ? 0 : kvHeads
    ),
    columns.numbers("head_dim"),
    columns.optionalNumbers("window_size") ?? new Float64Array(columns.rows),
  ];
}
