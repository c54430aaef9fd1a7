/** Fields about load scaling: how live engine load becomes a step of one replica. @module */

import { z } from "zod";
import { field, whole } from "../field.ts";

const tokens = (description: string) =>
  field(
    z.number().min(0).optional(),
    description,
    "Write tokens of at least 0, the upper threshold above the lower one.",
  );
const kvRate = (description: string) =>
  field(
    z.number().min(0).max(100).optional(),
    description,
    "Write percent from 0 to 100, the upper threshold above the lower one.",
  );

export const load = {
  load_scaling_down_sensitivity: field(
    z.number().min(0).max(100).default(80),
    "Percent of the latency target that a step down may use up.",
    "Write percent from 0 to 100, for example 80.",
  ),
  load_min_observations: field(
    whole(1, 4096).default(5),
    "Samples before load scaling trusts its fit.",
    "Write a whole number of at least 1.",
  ),
  max_num_fpm_samples: field(
    whole(1, 4096).default(64),
    "Samples of engine steps that are kept for each side.",
    "Write a whole number of at least 1.",
  ),
  fpm_sample_bucket_size: field(
    whole(1, 4096).refine((size) => Number.isInteger(Math.sqrt(size)))
      .default(16),
    "Buckets that those samples are spread over.",
    "Write a perfect square: 1, 4, 9, 16, 25 and so on.",
  ),
  prefill_scale_up_queue_tokens: tokens(
    "Target load: queued prefill tokens of one engine that add a replica.",
  ),
  prefill_scale_down_queue_tokens: tokens(
    "Target load: queued prefill tokens of every engine that remove one.",
  ),
  decode_scale_up_kv_rate: kvRate(
    "Target load: filled KV cache of one engine that adds a replica.",
  ),
  decode_scale_down_kv_rate: kvRate(
    "Target load: filled KV cache of every engine that removes one.",
  ),
  speculative_nextn: field(
    whole(0, 64).default(0),
    "Drafted tokens a step of speculative decoding; a worker's model card wins.",
    "Write a whole number of at least 0; 0 without drafts.",
  ),
};
