/** The block `aic_interpolation`: which engine the model estimates, and the parallelism that is deployed. @module */

import { z } from "zod";
import { field, text, whole } from "./field.ts";

const degree = (description: string) =>
  field(
    whole(1, 1024).default(1),
    description,
    "Write a whole number of at least 1.",
  );

/** One pick: the parallel sizes of one side, pinned to what is deployed. */
export const PICK_SCHEMA = z.strictObject({
  tp: field(
    whole(1, 1024),
    "Tensor-parallel size.",
    "Write a whole number of at least 1, for example 2.",
  ),
  pp: degree("Pipeline-parallel size."),
  dp: degree("Attention data-parallel size."),
  moe_tp: degree("Tensor-parallel size of the experts."),
  moe_ep: degree("Expert-parallel size."),
  num_gpus: field(
    whole(1, 1024).optional(),
    "GPUs of one replica.",
    "Write tp × pp × dp, or leave it out.",
  ),
});

/** The engine that the performance model estimates. */
export const ENGINE_SCHEMA = z.strictObject({
  system: field(
    text(),
    "GPU system.",
    "Write the name of a GPU system, for example h200_sxm.",
  ),
  backend: field(
    text().optional(),
    "Serving backend; falls back to the field backend.",
    "Write vllm, sglang or trtllm.",
  ),
  backend_version: field(
    text().optional(),
    "Version of the backend's performance data.",
    "Write a version that `data list` shows, or leave it out for the default.",
  ),
  hf_id: field(
    text().optional(),
    "Model by its Hugging Face id.",
    "Write an id, for example Qwen/Qwen3-32B; or write model_config instead.",
  ),
  model_config: field(
    text().optional(),
    "Model by the path of its config.json.",
    "Write a path; or write hf_id instead.",
  ),
  isl: field(
    whole(1, 10_000_000).optional(),
    "Input tokens of a request before traffic says otherwise; falls back to the field isl.",
    "Write tokens, a whole number of at least 1, for example 3000.",
  ),
  osl: field(
    whole(1, 10_000_000).optional(),
    "Output tokens of a request before traffic says otherwise; falls back to the field osl.",
    "Write tokens, a whole number of at least 1, for example 150.",
  ),
  prefill_pick: field(
    PICK_SCHEMA.optional(),
    "Parallelism of the prefill workers.",
    "Write { tp: 2 }, with pp, dp, moe_tp and moe_ep where they are not 1.",
  ),
  decode_pick: field(
    PICK_SCHEMA.optional(),
    "Parallelism of the decode workers, or of the aggregated ones.",
    "Write { tp: 2 }, with pp, dp, moe_tp and moe_ep where they are not 1.",
  ),
});

/** One pick as it stands in the file, defaults filled in. */
export type PickFields = z.infer<typeof PICK_SCHEMA>;
/** The block as it stands in the file, defaults filled in. */
export type EngineFields = z.infer<typeof ENGINE_SCHEMA>;
