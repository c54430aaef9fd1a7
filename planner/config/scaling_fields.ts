/** From the fields of scaling to what the code works with. @module */

import type { Fields } from "./fields.ts";
import type { ScalingBand, ScalingConfig } from "./planner_config.ts";

type ScalingFields = Pick<
  Fields,
  | "optimization_target"
  | "enable_throughput_scaling"
  | "enable_load_scaling"
  | "throughput_adjustment_interval_seconds"
  | "load_adjustment_interval_seconds"
  | "scheduling"
>;

/** Any target but `sla` uses live load alone (C29–C31). */
export function scalingModes(
  fields: Pick<
    ScalingFields,
    "optimization_target" | "enable_throughput_scaling" | "enable_load_scaling"
  >,
): { readonly throughputScaling: boolean; readonly loadScaling: boolean } {
  return fields.optimization_target === "sla"
    ? {
      throughputScaling: fields.enable_throughput_scaling,
      loadScaling: fields.enable_load_scaling,
    }
    : { throughputScaling: false, loadScaling: true };
}

/** Settings of both kinds of scaling. */
export function scalingOf(fields: Fields): ScalingConfig {
  return {
    target: fields.optimization_target,
    maxReplicaChange: fields.max_throughput_scaling_replicas,
    downSensitivity: fields.load_scaling_down_sensitivity / 100,
    minObservations: fields.load_min_observations,
    maxSamples: fields.max_num_fpm_samples,
    sampleBuckets: fields.fpm_sample_bucket_size,
    prefillQueueTokens: band(
      fields.prefill_scale_up_queue_tokens,
      fields.prefill_scale_down_queue_tokens,
    ),
    decodeKvShare: band(
      share(fields.decode_scale_up_kv_rate),
      share(fields.decode_scale_down_kv_rate),
    ),
    draftTokens: fields.speculative_nextn,
  };
}

/** The written interval, else the greatest common divisor of the enabled ones, to the millisecond (P1). */
export function scaleInterval(fields: ScalingFields): number {
  return fields.scheduling.scale_interval_seconds ??
    enabledIntervals(fields).map((seconds) => Math.round(seconds * 1000))
        .reduce(commonDivisor, 0) / 1000;
}

/** Intervals of the kinds of scaling that are on, seconds. */
export function enabledIntervals(fields: ScalingFields): readonly number[] {
  const { throughputScaling, loadScaling } = scalingModes(fields);
  return [
    ...(throughputScaling
      ? [fields.throughput_adjustment_interval_seconds]
      : []),
    ...(loadScaling ? [fields.load_adjustment_interval_seconds] : []),
  ];
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

function share(percent: number | undefined): number | undefined {
  return percent === undefined ? undefined : percent / 100;
}

function band(
  up: number | undefined,
  down: number | undefined,
): ScalingBand | undefined {
  return up === undefined || down === undefined ? undefined : { up, down };
}
