/** Expert tables: the fused experts and the all-to-all around them (`aic-engine.md` §2.2, §5.10). @module */

import type { Columns, WordColumn } from "./columns.ts";
import {
  keys,
  optional,
  type TableSpec,
  whereWord,
  words,
} from "./table_spec.ts";

/** Kernel whose rows are a table of their own, used for few tokens. */
const LOW_LATENCY_KERNEL = "moe_torch_flow_min_latency";

/** (dtype, kernel) pairs that are a mode of their own. */
const RENAMES: readonly {
  readonly dtype: string;
  readonly kernel: string;
  readonly to: string;
}[] = [
  {
    dtype: "w4a8_mxfp4_mxfp8",
    kernel: "sglang_mxfp4_flashinfer_trtllm_moe",
    to: "w4a8_mxfp4_mxfp8_trtllm",
  },
  {
    dtype: "w4a16_mxfp4",
    kernel: "sglang_flashinfer_cutlass_moe",
    to: "w4a16_mxfp4_cutlass",
  },
];

const SHAPE = [
  "topk",
  "num_experts",
  "hidden_size",
  "inter_size",
  "moe_tp_size",
  "moe_ep_size",
];

/** MoE and its all-to-all. */
export const MOE_SPECS: readonly TableSpec[] = [
  {
    stem: "moe_perf",
    tables: ["moe", "moe_low_latency"],
    shape: "grid",
    columns: [
      ...words("moe_dtype", "distribution"),
      ...keys(...SHAPE, "num_tokens"),
      ...optional(words("kernel_source")),
    ],
    key: (columns) => [
      modes(columns),
      columns.words("distribution"),
      ...SHAPE.map((name) => columns.numbers(name)),
    ],
    axes: (columns) => [columns.numbers("num_tokens")],
    tableOf: (columns) => {
      const kernels = columns.optionalWords("kernel_source");
      return kernels === null
        ? new Uint8Array(columns.rows)
        : whereWord(kernels, (kernel) => kernel === LOW_LATENCY_KERNEL);
    },
  },
  {
    stem: "moe_a2a_perf",
    tables: ["moe_a2a"],
    shape: "grid",
    columns: [
      ...words("comm_backend", "phase", "comm_dtype"),
      ...keys(
        ...["ep_size", "node_num", "hidden_size", "topk", "num_experts"],
        ...["sms", "num_tokens"],
      ),
    ],
    key: (columns) => [
      ...["comm_backend", "phase", "comm_dtype"].map((it) => columns.words(it)),
      ...["ep_size", "node_num", "hidden_size", "topk", "num_experts", "sms"]
        .map((it) => columns.numbers(it)),
    ],
    axes: (columns) => [columns.numbers("num_tokens")],
    // This table's latency column is in microseconds.
    unitsPerMs: 1000,
  },
];

function modes(columns: Columns): WordColumn {
  const dtypes = columns.words("moe_dtype");
  const kernels = columns.optionalWords("kernel_source");
  if (kernels === null) return dtypes;
  const words = [...dtypes.words];
  const codes = dtypes.codes.slice();
  for (const { dtype, kernel, to } of RENAMES) {
    const from = dtypes.words.indexOf(dtype);
    const by = kernels.words.indexOf(kernel);
    if (from < 0 || by < 0) continue;
    const renamed = words.push(to) - 1;
    for (let row = 0; row < codes.length; row++) {
      if (dtypes.codes[row] === from && kernels.codes[row] === by) {
        codes[row] = renamed;
      }
    }
  }
  return { words, codes };
}
