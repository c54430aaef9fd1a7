/** Fields about latency targets, replicas and when to scale. @module */

import { z } from "zod";
import { field, positive, whole } from "../field.ts";
import { choice, flag, SECONDS } from "./shared_words.ts";

/** The block `scheduling`. */
export const SCHEDULING_SCHEMA = z.strictObject({
  scale_interval_seconds: field(
    positive().optional(),
    "Time between two runs of the loop.",
    `${SECONDS} that divide the intervals of the enabled kinds of scaling, or leave it out for their greatest common divisor.`,
  ),
  tick_max_duration_seconds: field(
    positive().default(30),
    "Longest time of one run.",
    `${SECONDS}, for example 30.`,
  ),
});

export const scaling = {
  ttft_ms: field(
    positive().default(500),
    "Target for the time to first token.",
    "Write milliseconds above 0, for example 500.",
  ),
  itl_ms: field(
    positive().default(50),
    "Target for the inter-token latency.",
    "Write milliseconds above 0, for example 50.",
  ),
  min_endpoint: field(
    whole(0).default(1),
    "Fewest replicas of a side.",
    "Write a whole number of at least 0.",
  ),
  prefill_min_endpoint: field(
    whole(0).optional(),
    "Fewest prefill replicas; overrides min_endpoint.",
    "Write a whole number of at least 0.",
  ),
  decode_min_endpoint: field(
    whole(0).optional(),
    "Fewest decode replicas; overrides min_endpoint.",
    "Write a whole number of at least 0.",
  ),
  max_gpu_budget: field(
    z.union([z.literal(-1), whole(1)]).default(8),
    "Most GPUs of all workers together.",
    "Write a whole number of at least 1, or -1 for no limit.",
  ),
  min_gpu_budget: field(
    z.union([z.literal(-1), whole(1)]).optional(),
    "Fewest GPUs of all workers together.",
    "Write a whole number of at least 1, or leave it out.",
  ),
  prefill_engine_num_gpu: field(
    whole(1, 1024).optional(),
    "GPUs of one prefill replica where no pick says so.",
    "Write a whole number of at least 1.",
  ),
  decode_engine_num_gpu: field(
    whole(1, 1024).optional(),
    "GPUs of one decode (or aggregated) replica where no pick says so.",
    "Write a whole number of at least 1.",
  ),
  throughput_adjustment_interval_seconds: field(
    positive().default(180),
    "Time between decisions from traffic.",
    "Write seconds above 0, for example 180.",
  ),
  load_adjustment_interval_seconds: field(
    positive().default(5),
    "Time between decisions from live engine load.",
    "Write seconds above 0, shorter than the throughput interval, for example 5.",
  ),
  enable_throughput_scaling: flag(true, "Scale from predicted traffic (R21)."),
  enable_load_scaling: flag(false, "Scale from live engine load (R22)."),
  optimization_target: choice(
    ["sla", "throughput", "latency", "load"],
    "sla",
    "What load scaling aims at: the latency targets, or thresholds of engine load alone (anything but sla turns load scaling on and throughput scaling off).",
  ),
  max_throughput_scaling_replicas: field(
    whole(1).optional(),
    "Most replicas by which one throughput decision changes a side.",
    "Write a whole number of at least 1, or leave it out for no limit.",
  ),
  scheduling: field(
    SCHEDULING_SCHEMA.default({ tick_max_duration_seconds: 30 }),
    "How often the loop runs, and how long one run may take.",
    "Write { scale_interval_seconds, tick_max_duration_seconds }.",
  ),
};
