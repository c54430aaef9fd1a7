/** The blocks of a scenario file, by the names that they have in the file (`reference-testbed.md` §2). @module */

import { z } from "zod";

const positive = z.number().positive();
const share = z.number().min(0).max(1);
const whole = z.int().min(0);

/** Truth ÷ prediction (§2, `bias`). */
export const BIAS_SIGNALS = [
  "power_bias_prefill",
  "power_bias_decode",
  "ttft_bias",
  "itl_bias",
  "capacity_bias",
] as const;
/** One of them. */
export type BiasSignal = typeof BIAS_SIGNALS[number];

/** What a source can lose. */
export const SOURCE_SIGNALS = [
  "ttft",
  "itl",
  "power_p",
  "power_d",
  "capacity",
] as const;
/** One of them. */
export type SourceSignal = typeof SOURCE_SIGNALS[number];

/** GPUs that the reference's table describes. */
export const SYSTEMS = ["h200_sxm", "h100_sxm", "h100_pcie"] as const;
/** One of them. */
export type SystemName = typeof SYSTEMS[number];

const bias = z.strictObject({
  power_bias_prefill: positive.default(1),
  power_bias_decode: positive.default(1),
  ttft_bias: positive.default(1),
  itl_bias: positive.default(1),
  capacity_bias: positive.default(1),
});

const noiseOf = (sigma: number) =>
  z.strictObject({
    model: z.enum(["gaussian", "uniform", "ar1"]).default("gaussian"),
    sigma: z.number().min(0).max(1).default(sigma),
    half_width: z.number().min(0).max(1).default(sigma),
    rho: z.number().min(0).max(1).default(0.9),
  }).prefault({});

const noise = z.strictObject({
  power_per_gpu: noiseOf(0.07),
  ttft: noiseOf(0.05),
  itl: noiseOf(0.04),
  capacity: noiseOf(0.03),
});

/** Noise of one signal. */
export type NoiseModel = z.infer<typeof noise>["ttft"];

const fleet = z.strictObject({
  system: z.enum(SYSTEMS).default("h200_sxm"),
  gpus_per_prefill_engine: z.int().min(1).max(8).default(1),
  gpus_per_decode_engine: z.int().min(1).max(8).default(2),
  decode_power_floor_w: positive.optional(),
  bias: bias.prefault({}),
  noise: noise.prefault({}),
  /** `table`: the reference's row a SKU; `built_in`: the product's own engine model and power curve. */
  engines: z.enum(["table", "built_in"]).default("table"),
  gpus_per_agg_engine: z.int().min(1).max(8).default(2),
  /** GPUs of each node; absent: three nodes of one prefill engine each, and six of one decode engine. */
  node_gpus: z.array(z.int().min(1).max(8)).min(1).max(64).optional(),
  /** Nodes on which one GPU belongs to somebody else's pod. */
  strangers: z.array(z.string()).default([]),
  /** Replicas that the scalers are set to before the planner starts; absent: the floors. */
  prefill_replicas: whole.optional(),
  decode_replicas: whole.optional(),
  agg_replicas: whole.optional(),
  start_s: z.number().min(0).default(3),
  load_s: z.number().min(0).default(30),
  grace_s: z.number().min(0).default(10),
  watch_s: z.number().min(0).default(0.2),
  /** From a node's silence until its pods are evicted. */
  evict_s: z.number().min(0).default(300),
  /** Share of the limit that a GPU draws while its engine loads (T5). */
  load_draw_share: share.default(0.7),
  /** Pods start behind the gate; absent: with `start_mode: gate`. */
  gated: z.boolean().optional(),
  safe_default_w: positive.optional(),
});

const mocker = z.strictObject({
  trace_file: z.string().nullable().default(null),
  synthetic_workload: z.boolean().default(false),
  arrival_rate: positive.default(200),
  isl: z.int().min(1).default(3000),
  osl: z.int().min(2).default(150),
  trace_block_size: z.int().min(1).default(512),
  arrival_speedup_ratio: z.number().positive().max(1_000).default(1),
  num_prefill_workers: z.int().min(1).max(64).default(1),
  num_decode_workers: z.int().min(1).max(64).default(4),
  router_mode: z.enum(["kv_router", "round_robin"]).default("kv_router"),
  prefill_engine_args: z.record(z.string(), z.number()).default({}),
  decode_engine_args: z.record(z.string(), z.number()).default({}),
});

const overlay = z.strictObject({
  system: z.enum(SYSTEMS).default("h200_sxm"),
  bias: bias.prefault({}),
  noise: noise.prefault({}),
});

const load = z.strictObject({
  profile: z.enum(["constant", "ramp", "spike", "sine"]).default("constant"),
  tokens_per_sec: z.number().min(0).default(2000),
  ramp_start_tick: whole.default(0),
  ramp_end_tick: whole.default(50),
  ramp_from: z.number().min(0).default(200),
  ramp_to: z.number().min(0).default(2000),
  spike_tick: whole.default(50),
  spike_duration_ticks: whole.default(10),
  spike_tokens_per_sec: z.number().min(0).default(5000),
  sine_offset_tps: z.number().min(0).default(2000),
  sine_amplitude: z.number().min(0).default(500),
  sine_period_ticks: positive.default(40),
  /** Input and output tokens of one request. */
  isl: z.int().min(1).default(3000),
  osl: z.int().min(2).default(150),
});

/** What a scenario is for, in words; the table of `docs/scenarios.md` is made from it. */
const about = z.strictObject({
  shows: z.string(),
  /** What proved little where the idea comes from, and what stands in its place. */
  instead: z.string().optional(),
  /** What is broken on purpose so that this scenario turns red. */
  mutation: z.string().optional(),
});

/** Everything but `extends`, `planner`, `events` and `assertions`. */
export const BLOCKS = {
  name: z.string().min(1),
  class: z.enum(["alpha", "gamma"]).default("alpha"),
  description: z.string().default(""),
  seed: z.int().min(0).default(42),
  ticks: z.int().min(1).max(100_000).default(200),
  interval_s: z.number().min(1).max(3_600).default(60),
  about: about.optional(),
  fleet: fleet.prefault({}),
  mocker: mocker.optional(),
  overlay: overlay.prefault({}),
  load: load.prefault({}),
  /** Length of one step of the world, seconds. */
  step_s: z.number().min(0.1).max(60).default(5),
  /** Longest time between two looks of the planner at a fleet in which nothing happens, seconds. */
  look_s: z.number().min(1).max(600).default(20),
};

/** The fleet block with its defaults. */
export type FleetBlock = z.infer<typeof fleet>;
/** The load block with its defaults. */
export type LoadBlock = z.infer<typeof load>;
/** The mocker block with its defaults. */
export type MockerBlock = z.infer<typeof mocker>;
/** The bias block with its defaults. */
export type BiasBlock = z.infer<typeof bias>;
/** The noise block with its defaults. */
export type NoiseBlock = z.infer<typeof noise>;

/** All blocks as one schema. */
export const BLOCKS_SCHEMA = z.strictObject(BLOCKS);
/** All blocks with their defaults. */
export type Blocks = z.infer<typeof BLOCKS_SCHEMA>;
