/** Fields about the performance model and its search. @module */

import { z } from "zod";
import { ENGINE_SCHEMA } from "../engine_fields.ts";
import { field, positive, share, text, whole } from "../field.ts";
import { choice, coefficient, flag } from "./shared_words.ts";

export const optimizer = {
  enable_aic_optimizer: flag(
    false,
    "Let the performance model choose replicas and caps.",
  ),
  aic_interpolation: field(
    ENGINE_SCHEMA.optional(),
    "The engine that the performance model estimates.",
    "Write { system, backend, hf_id, isl, osl, prefill_pick, decode_pick }.",
  ),
  aic_system: field(
    text().optional(),
    "GPU system of the optimizer; falls back to aic_interpolation.system.",
    "Write the name of a GPU system, for example h200_sxm.",
  ),
  aic_reoptimize_interval: field(
    positive().default(300),
    "Shortest time between two searches.",
    "Write seconds above 0, for example 300.",
  ),
  aic_drift_relative_threshold: field(
    z.number().min(0).default(0.15),
    "How far above the predicted capacity throughput counts as drift.",
    "Write a share of at least 0, for example 0.15.",
  ),
  aic_drift_consecutive_ticks: field(
    whole(1).default(3),
    "Ticks in a row that make a drift.",
    "Write a whole number of at least 1.",
  ),
  aic_initial_c_power_prefill: coefficient(
    "Prefill power coefficient of a cold start.",
  ),
  aic_initial_c_power_decode: coefficient(
    "Decode power coefficient of a cold start.",
  ),
  aic_initial_c_power_agg: coefficient(
    "Aggregated power coefficient of a cold start.",
  ),
  aic_initial_c_ttft: coefficient("TTFT coefficient of a cold start."),
  aic_initial_c_itl: coefficient("ITL coefficient of a cold start."),
  aic_max_consecutive_failures: field(
    whole(1).default(5),
    "Failed searches in a row that turn the optimizer off.",
    "Write a whole number of at least 1.",
  ),
  aic_throughput_regression_warn_threshold: field(
    share().default(0.1),
    "Loss of predicted throughput that is warned about.",
    "Write a share from 0 to 1, for example 0.10.",
  ),
  picker_objective: choice(
    ["throughput", "efficiency"],
    "throughput",
    "What the search maximises: tokens/s, or tokens/s per watt.",
  ),
};
