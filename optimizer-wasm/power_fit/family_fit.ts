/** Fits one family of operators and judges it on shapes that the fit did not see. @module */

import type { FamilyModel, PowerInterval } from "../data/power_model.ts";
import { leastAbsolute } from "./regression.ts";
import type { PackSamples, Samples } from "./samples.ts";
import type { MeasuredFamily } from "../data/power_model.ts";

/** Rows of several packs that one model is fitted on. */
export interface Rows {
  /** log2 of compute and memory utilisation and of the time, three values a row. */
  readonly logs: Float64Array;
  readonly watts: Float64Array;
  /** Static draw and the span from there to the TDP, by row. */
  readonly staticWatts: Float64Array;
  readonly spanWatts: Float64Array;
  /** Number of the row's shape, and whether it is held out (one in {@linkcode FOLDS}), by row. */
  readonly shape: Int32Array;
  readonly fold: Uint8Array;
  readonly shapeCount: number;
}

/** Error of draws against the measured ones. */
export interface FitError {
  /** Median and 90th percentile of |modelled ÷ measured − 1|, by row. */
  readonly median: number;
  readonly p90: number;
  /** Measured energy ÷ modelled energy of a shape: 10th and 90th percentile over shapes. */
  readonly interval: PowerInterval;
  readonly rows: number;
  readonly shapes: number;
}

/** Shapes are dealt into so many folds by their name; the first is what (a) holds out. */
export const FOLDS = 5;
/** Rows that a fit looks at; more are thinned evenly. */
const MOST_ROWS = 16_000;

const LEAST_LOAD = 1e-4;
const SHORTEST_MS = 2e-3;
const LONGEST_MS = 10;

const log2In = (value: number, low: number, high: number) =>
  Math.log2(Math.min(Math.max(value, low), high));

/** Which fold a shape belongs to: FNV-1a of its name. */
export function foldOf(shape: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < shape.length; i++) {
    hash = Math.imul(hash ^ shape.charCodeAt(i), 0x01000193) >>> 0;
  }
  return (hash >>> 8) % FOLDS;
}

/** Rows of one family over packs. */
export function rowsOf(
  packs: readonly PackSamples[],
  family: MeasuredFamily,
): Rows {
  const count = packs.reduce(
    (sum, { families }) => sum + families[family].watts.length,
    0,
  );
  const rows = {
    logs: new Float64Array(count * 3),
    watts: new Float64Array(count),
    staticWatts: new Float64Array(count),
    spanWatts: new Float64Array(count),
    shape: new Int32Array(count),
    fold: new Uint8Array(count),
  };
  let at = 0;
  let shapeCount = 0;
  for (const { families, staticWatts, system } of packs) {
    const samples: Samples = families[family];
    const folds = samples.shapes.map(foldOf);
    for (let i = 0; i < samples.watts.length; i++, at++) {
      const ms = samples.latencyMs[i] ?? 0;
      const shape = samples.shape[i] ?? 0;
      rows.logs.set([
        log2In((samples.computeMs[i] ?? 0) / ms, LEAST_LOAD, 1),
        log2In((samples.memoryMs[i] ?? 0) / ms, LEAST_LOAD, 1),
        log2In(ms, SHORTEST_MS, LONGEST_MS),
      ], at * 3);
      rows.watts[at] = samples.watts[i] ?? 0;
      rows.staticWatts[at] = staticWatts;
      rows.spanWatts[at] = system.tdpWatts - staticWatts;
      rows.shape[at] = shapeCount + shape;
      rows.fold[at] = folds[shape] ?? 0;
    }
    shapeCount += samples.shapes.length;
  }
  return { ...rows, shapeCount };
}

const WIDTH = 10;

function featuresAt({ logs }: Rows, row: number): number[] {
  const a = logs[row * 3] ?? 0;
  const b = logs[row * 3 + 1] ?? 0;
  const t = logs[row * 3 + 2] ?? 0;
  return [1, a, b, t, a * a, a * b, a * t, b * b, b * t, t * t];
}

/** Draw of a row under coefficients, watts. */
export function modelledWatts(
  coefficients: readonly number[],
  rows: Rows,
  row: number,
): number {
  const share = featuresAt(rows, row).reduce(
    (sum, feature, i) => sum + feature * (coefficients[i] ?? 0),
    0,
  );
  return (rows.staticWatts[row] ?? 0) +
    (rows.spanWatts[row] ?? 0) * Math.min(Math.max(share, 0), 1);
}

/** Coefficients with the least relative error in the median, over the rows that `takes` says. */
export function fitCoefficients(
  rows: Rows,
  takes: (row: number) => boolean,
): number[] {
  const taken: number[] = [];
  for (let row = 0; row < rows.watts.length; row++) {
    if (takes(row)) taken.push(row);
  }
  const step = Math.max(1, Math.ceil(taken.length / MOST_ROWS));
  const kept = taken.filter((_, index) => index % step === 0);
  const features = new Float64Array(kept.length * WIDTH);
  const target = new Float64Array(kept.length);
  const weights = new Float64Array(kept.length);
  kept.forEach((row, index) => {
    const span = rows.spanWatts[row] ?? 1;
    const watts = rows.watts[row] ?? 0;
    features.set(featuresAt(rows, row), index * WIDTH);
    target[index] = (watts - (rows.staticWatts[row] ?? 0)) / span;
    weights[index] = span / watts;
  });
  return leastAbsolute({ features, width: WIDTH, target, weights });
}

/** Error of coefficients on the rows that `takes` says. */
export function errorOf(
  rows: Rows,
  modelled: (row: number) => number,
  takes: (row: number) => boolean,
): FitError {
  const errors: number[] = [];
  const measuredSum = new Float64Array(rows.shapeCount);
  const modelledSum = new Float64Array(rows.shapeCount);
  for (let row = 0; row < rows.watts.length; row++) {
    if (!takes(row)) continue;
    const watts = rows.watts[row] ?? 0;
    const found = modelled(row);
    errors.push(Math.abs(found / watts - 1));
    measuredSum[rows.shape[row] ?? 0]! += watts;
    modelledSum[rows.shape[row] ?? 0]! += found;
  }
  const ratios: number[] = [];
  measuredSum.forEach((sum, shape) => {
    if (sum > 0) ratios.push(sum / (modelledSum[shape] ?? sum));
  });
  return {
    median: quantile(errors, 0.5),
    p90: quantile(errors, 0.9),
    interval: around(ratios),
    rows: errors.length,
    shapes: ratios.length,
  };
}

/** 10th and 90th percentile of ratios, never on the wrong side of 1. */
export function around(ratios: readonly number[]): PowerInterval {
  if (ratios.length === 0) return { low: 1, high: 1 };
  return {
    low: Math.min(1, quantile(ratios, 0.1)),
    high: Math.max(1, quantile(ratios, 0.9)),
  };
}

/** A quantile, interpolated; NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((x, y) => x - y);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** A family's model with its error on held-out shapes: five fits, each judged on the fold that it did not see. */
export function fitFamily(
  rows: Rows,
): { readonly model: FamilyModel; readonly error: FitError } {
  const byFold = Array.from(
    { length: FOLDS },
    (_, fold) => fitCoefficients(rows, (row) => rows.fold[row] !== fold),
  );
  const error = errorOf(
    rows,
    (row) => modelledWatts(byFold[rows.fold[row] ?? 0] ?? [], rows, row),
    () => true,
  );
  const coefficients = fitCoefficients(rows, () => true);
  return { model: { coefficients, interval: error.interval }, error };
}
