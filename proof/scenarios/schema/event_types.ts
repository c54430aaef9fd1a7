/** What can happen in a scenario: the reference's events and every fault of the simulated world, one discriminated union. @module */

import { z } from "zod";
import { BIAS_SIGNALS, SOURCE_SIGNALS } from "./blocks.ts";

const tick = z.int().min(0);
const ticks = z.int().min(1);
const share = z.number().min(0).max(1);
const seconds = z.number().min(0);
const node = z.string().min(1);
const gpu = z.int().min(0).max(15);
const side = z.enum(["prefill", "decode", "agg"]);
const watts = z.number().positive();
const biasSignal = z.enum(BIAS_SIGNALS);
const sourceSignals = z.array(z.enum(SOURCE_SIGNALS)).min(1)
  .default([...SOURCE_SIGNALS]);

/** Events of the reference, timed in ticks (`reference-testbed.md` §8). */
const REFERENCE = {
  bias_step: {
    at_tick: tick,
    signal: biasSignal,
    value: z.number().positive(),
    auto_inject_window_cross: z.boolean().default(false),
  },
  bias_ramp: {
    start_tick: tick,
    end_tick: tick,
    signal: biasSignal,
    from: z.number().positive(),
    to: z.number().positive(),
  },
  bias_sine: {
    at_tick: tick.default(0),
    signal: biasSignal,
    amplitude: z.number().min(0).max(0.99),
    period_ticks: z.number().positive(),
    offset: z.number().default(0),
  },
  actuation_fault: {
    at_tick: tick,
    duration_ticks: ticks,
    mode: z.enum([
      "none",
      "nvml_low",
      "nvml_high",
      "rbac_denied",
      "daemonset_absent",
    ]),
    /** The limit that the device stops at, watts; absent: the SKU's own. */
    limit_w: watts.optional(),
    auto_inject: z.boolean().optional(),
  },
  node_down: {
    at_tick: tick,
    n_prefill_lost: tick.default(0),
    n_decode_lost: tick.default(0),
    /** A person says that the nodes are dead (C28); absent: yes, as the reference's replicas are gone at once. */
    out_of_service: z.boolean().default(true),
  },
  node_up: {
    at_tick: tick,
    n_prefill_restored: tick.default(0),
    n_decode_restored: tick.default(0),
  },
  prom_outage: {
    at_tick: tick,
    duration_ticks: ticks,
    signals: sourceSignals,
  },
  prom_stale: {
    at_tick: tick,
    duration_ticks: ticks,
    lag_ticks: ticks.default(5),
  },
  prom_window_cross_event: {
    at_tick: tick,
    signal: z.enum(["power_p", "power_d"]),
    weight_old: share.default(0.66),
  },
  budget_change: { at_tick: tick, new_total_w: z.int().min(1) },
  frontend_post_fault: {
    at_tick: tick,
    duration_ticks: ticks,
    failing_fraction: share.default(0.33),
  },
  mdc_unavailable: { at_tick: tick, duration_ticks: ticks },
  aic_failure: {
    at_tick: tick,
    mode: z.enum(["raises", "empty_pareto"]),
    n_consecutive: ticks.default(1),
  },
} as const;

const pod = { side, index: z.int().min(0).default(0) };
const what = z.enum(["pods", "reports"]).optional();
const signals = { signals: sourceSignals.optional() };

/** Faults of the world, timed in seconds. */
const FAULTS = {
  agent_down: { node },
  agent_cut_off: { node },
  node_silent: { node },
  node_reboot: { node, down_s: seconds },
  node_lost: { node, out_of_service: z.boolean().default(false) },
  gpu_reset: { node, gpu },
  gpu_thermal: { node, gpu, share },
  nvml_refuses: { node, gpu: gpu.optional() },
  nvml_clamps: { node, min_w: watts.optional(), max_w: watts.optional() },
  foreign_limit: { node, gpu, watts },
  devices_freed_early: { node },
  record_lost: { node },
  foreign_annotation: {
    ...pod,
    limit: z.string().optional(),
    grant: z.string().optional(),
  },
  watch_lag: { who: z.string().default("planner"), lag_s: seconds, what },
  watch_frozen: { who: z.string().default("planner"), what },
  report_deleted: { node },
  api_down: {},
  api_slow: { answer_s: seconds },
  write_lost: { share },
  write_conflict: { share },
  forbidden: { what: z.enum(["patch", "scale", "lease", "report"]) },
  pod_killed: pod,
  pod_evicted: pod,
  pod_force_deleted: pod,
  foreign_scale: { side, replicas: z.int().min(0).max(64) },
  rollout: { side },
  planner_crash: { down_s: seconds },
  planner_paused: { pause_s: seconds },
  second_planner: {},
  clock_jump: { by_s: z.number() },
  budget: { watts: z.int().min(1) },
  prometheus_down: signals,
  prometheus_stale: { lag_s: seconds, ...signals },
  prometheus_nan: signals,
  prometheus_lies: { factor: z.number().min(0), ...signals },
  batched_tokens_unknown: {},
  frontend_refuses: { share },
  model_raises: {},
  model_infeasible: {},
  bias: { signal: biasSignal, value: z.number().positive() },
  traffic: { factor: z.number().min(0) },
  warmup_draw: { share },
  /** The agent hears all that has happened, sets a limit, and dies before it records it; it is back after `down_s`. */
  agent_crash: { node, down_s: seconds },
  /** The planner's file is written anew with these fields in it; it may be wrong on purpose (R2). */
  configuration: { set: z.record(z.string(), z.unknown()) },
} as const;

const TIMED = { at_s: seconds, for_s: seconds.optional() };

type Shape = z.core.$ZodLooseShape;
const typed = <Type extends string, Fields extends Shape>(
  type: Type,
  fields: Fields,
) => z.strictObject({ type: z.literal(type), ...fields });

/** One schema for each type of the reference. */
export const REFERENCE_EVENTS = {
  bias_step: typed("bias_step", REFERENCE.bias_step),
  bias_ramp: typed("bias_ramp", REFERENCE.bias_ramp),
  bias_sine: typed("bias_sine", REFERENCE.bias_sine),
  actuation_fault: typed("actuation_fault", REFERENCE.actuation_fault),
  node_down: typed("node_down", REFERENCE.node_down),
  node_up: typed("node_up", REFERENCE.node_up),
  prom_outage: typed("prom_outage", REFERENCE.prom_outage),
  prom_stale: typed("prom_stale", REFERENCE.prom_stale),
  prom_window_cross_event: typed(
    "prom_window_cross_event",
    REFERENCE.prom_window_cross_event,
  ),
  budget_change: typed("budget_change", REFERENCE.budget_change),
  frontend_post_fault: typed(
    "frontend_post_fault",
    REFERENCE.frontend_post_fault,
  ),
  mdc_unavailable: typed("mdc_unavailable", REFERENCE.mdc_unavailable),
  aic_failure: typed("aic_failure", REFERENCE.aic_failure),
} as const;

type FaultTypes = typeof FAULTS;
type FaultSchemas = {
  readonly [Type in keyof FaultTypes]: ReturnType<
    typeof typed<Type, typeof TIMED & FaultTypes[Type]>
  >;
};

/** One schema for each fault. */
export const FAULT_EVENTS = Object.fromEntries(
  Object.entries(FAULTS).map(([type, fields]) => [
    type,
    typed(type, { ...TIMED, ...fields }),
  ]),
) as unknown as FaultSchemas;

/** An event as it stands in the file, defaults filled in. */
export type ReferenceEvent = {
  [Type in keyof typeof REFERENCE_EVENTS]: z.infer<
    (typeof REFERENCE_EVENTS)[Type]
  >;
}[keyof typeof REFERENCE_EVENTS];
/** A fault as it stands in the file. */
export type FaultEvent = {
  [Type in keyof FaultSchemas]: z.infer<FaultSchemas[Type]>;
}[keyof FaultSchemas];

/** Any event. */
export type ScenarioEvent = ReferenceEvent | FaultEvent;

/** Every type of event. */
export const EVENT_TYPES: readonly string[] = [
  ...Object.keys(REFERENCE_EVENTS),
  ...Object.keys(FAULT_EVENTS),
];

/** The schema of a type; undefined for a type that there is not. */
export function eventSchema(type: string): z.ZodType | undefined {
  const schemas: Readonly<Record<string, z.ZodType>> = {
    ...REFERENCE_EVENTS,
    ...FAULT_EVENTS,
  };
  return Object.hasOwn(schemas, type) ? schemas[type] : undefined;
}
