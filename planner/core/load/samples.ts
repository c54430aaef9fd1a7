/** Samples of engine steps, and the lines through them (P29, P35). @module */

import type { ScalingConfig } from "../../config/mod.ts";
import type { EngineLoad } from "../observation.ts";
import type { Side } from "../side.ts";
import type { LoadSample } from "./memory.ts";

/** Takes the steps of one tick in; when full, the oldest of the fullest bucket goes. */
export function withSamples(
  samples: readonly LoadSample[],
  engines: readonly EngineLoad[],
  { side, scaling }: { readonly side: Side; readonly scaling: ScalingConfig },
): readonly LoadSample[] {
  const fresh = engines.filter((engine) => isSample(engine, side));
  if (fresh.length === 0) return samples;
  const kept = [...samples];
  // A thousand engines say in a hundred samples what there is to say.
  const stride = Math.max(1, Math.ceil(fresh.length / scaling.maxSamples));
  for (let index = 0; index < fresh.length; index += stride) {
    const engine = fresh[index];
    if (!engine) continue;
    kept.push({
      prefillTokens: engine.scheduledPrefillTokens,
      kvTokens: engine.scheduledDecodeKvTokens,
      wallTimeMs: engine.wallTimeMs,
    });
    if (kept.length > scaling.maxSamples) {
      kept.splice(oldestOfFullest(kept, side, scaling.sampleBuckets), 1);
    }
  }
  return kept;
}

/** Wall time 0 is a heartbeat; a step without tokens of the side says nothing about it. */
function isSample(engine: EngineLoad, side: Side): boolean {
  const prefill = engine.scheduledPrefillTokens;
  const kv = engine.scheduledDecodeKvTokens;
  if (![engine.wallTimeMs, prefill, kv].every(Number.isFinite)) return false;
  if (!(engine.wallTimeMs > 0) || prefill < 0 || kv < 0) return false;
  return side === "prefill"
    ? prefill > 0
    : side === "decode"
    ? kv > 0
    : prefill + kv > 0;
}

function oldestOfFullest(
  samples: readonly LoadSample[],
  side: Side,
  buckets: number,
): number {
  const across = side === "agg" ? Math.round(Math.sqrt(buckets)) : buckets;
  const most = (pick: (sample: LoadSample) => number) =>
    samples.reduce((max, sample) => Math.max(max, pick(sample)), 1);
  const mostPrefill = most(({ prefillTokens }) => prefillTokens);
  const mostKv = most(({ kvTokens }) => kvTokens);
  const cell = (value: number, top: number) =>
    Math.min(across - 1, Math.floor(value / top * across));
  const bucketOf = ({ prefillTokens, kvTokens }: LoadSample) => {
    switch (side) {
      case "prefill":
        return cell(prefillTokens, mostPrefill);
      case "decode":
        return cell(kvTokens, mostKv);
      case "agg":
        return cell(prefillTokens, mostPrefill) * across +
          cell(kvTokens, mostKv);
    }
  };
  const counts = new Map<number, number>();
  for (const sample of samples) {
    const bucket = bucketOf(sample);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  const fullest = Math.max(...counts.values());
  return samples.findIndex((sample) =>
    counts.get(bucketOf(sample)) === fullest
  );
}

/** Step time = base + per prefill token + per KV token, milliseconds. */
export interface StepTime {
  readonly baseMs: number;
  readonly perPrefillTokenMs: number;
  readonly perKvTokenMs: number;
}

/**
 * Least squares. Slopes that are not positive are refused: more work never takes less time.
 *
 * @returns undefined with fewer than `minObservations` samples or without a usable slope
 */
export function fitStepTime(
  samples: readonly LoadSample[],
  side: Side,
  minObservations: number,
): StepTime | undefined {
  if (samples.length < minObservations) return undefined;
  const prefill = samples.map(({ prefillTokens }) => prefillTokens);
  const kv = samples.map(({ kvTokens }) => kvTokens);
  const wall = samples.map(({ wallTimeMs }) => wallTimeMs);
  switch (side) {
    case "prefill": {
      const line = fitLine(prefill, wall);
      return line &&
        { baseMs: line.base, perPrefillTokenMs: line.slope, perKvTokenMs: 0 };
    }
    case "decode": {
      const line = fitLine(kv, wall);
      return line &&
        { baseMs: line.base, perPrefillTokenMs: 0, perKvTokenMs: line.slope };
    }
    case "agg":
      return fitPlane(prefill, kv, wall);
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function covariance(x: readonly number[], y: readonly number[]): number {
  const [meanX, meanY] = [mean(x), mean(y)];
  return mean(
    x.map((value, index) => (value - meanX) * ((y[index] ?? 0) - meanY)),
  );
}

function fitLine(
  x: readonly number[],
  y: readonly number[],
): { readonly base: number; readonly slope: number } | undefined {
  const variance = covariance(x, x);
  if (!(variance > 0)) return undefined;
  const slope = covariance(x, y) / variance;
  if (!(slope > 0) || !Number.isFinite(slope)) return undefined;
  return { slope, base: Math.max(0, mean(y) - slope * mean(x)) };
}

/** Two slopes at once; where only one of them can be told, a line along it. */
function fitPlane(
  prefill: readonly number[],
  kv: readonly number[],
  wall: readonly number[],
): StepTime | undefined {
  const xx = covariance(prefill, prefill);
  const yy = covariance(kv, kv);
  const xy = covariance(prefill, kv);
  const determinant = xx * yy - xy * xy;
  if (determinant > 1e-9 * xx * yy) {
    const xz = covariance(prefill, wall);
    const yz = covariance(kv, wall);
    const perPrefillTokenMs = (xz * yy - yz * xy) / determinant;
    const perKvTokenMs = (yz * xx - xz * xy) / determinant;
    if (perPrefillTokenMs > 0 && perKvTokenMs > 0) {
      const baseMs = mean(wall) - perPrefillTokenMs * mean(prefill) -
        perKvTokenMs * mean(kv);
      return { baseMs: Math.max(0, baseMs), perPrefillTokenMs, perKvTokenMs };
    }
  }
  const alongKv = fitLine(kv, wall);
  if (alongKv) {
    return {
      baseMs: alongKv.base,
      perPrefillTokenMs: 0,
      perKvTokenMs: alongKv.slope,
    };
  }
  const alongPrefill = fitLine(prefill, wall);
  return alongPrefill && {
    baseMs: alongPrefill.base,
    perPrefillTokenMs: alongPrefill.slope,
    perKvTokenMs: 0,
  };
}
