/** How much measured draws disagree: two backends at the same shape, and the rows of one shape among themselves. @module */

import type { MeasuredFamily, PowerInterval } from "../data/power_model.ts";
import { around, quantile } from "./family_fit.ts";
import type { PackSamples, Samples } from "./samples.ts";

/** Draws of two backends at identical shapes. */
export interface Disagreement {
  readonly rows: number;
  readonly shapes: number;
  /** Median of the first ÷ the second, − 1. */
  readonly bias: number;
  /** Median and 90th percentile of |first ÷ second − 1|. */
  readonly median: number;
  readonly p90: number;
  /** Energy of a shape on the one ÷ on the other, both ways round: 10th and 90th percentile. */
  readonly interval: PowerInterval;
}

/** Attention keys begin with the kernel, which backends name differently. */
function commonName(shape: string): string {
  return shape
    .replace(/^(context_attention|generation_attention)\|[^|]*\|/, "$1|")
    .replace(/^moe_low_latency\|/, "moe|");
}

/** Compares two packs of one system. */
export function disagreementOf(
  first: PackSamples,
  second: PackSamples,
  family: MeasuredFamily,
): Disagreement {
  const ratios: number[] = [];
  const sums = new Map<string, [number, number]>();
  const others = byPlace(second.families[family]);
  for (const [place, watts] of byPlace(first.families[family])) {
    const other = others.get(place);
    if (other === undefined) continue;
    ratios.push(watts / other);
    const shape = place.slice(0, place.lastIndexOf("@"));
    const sum = sums.get(shape) ?? [0, 0];
    sum[0] += watts;
    sum[1] += other;
    sums.set(shape, sum);
  }
  const sizes = ratios.map((ratio) => Math.abs(ratio - 1));
  const both = [...sums.values()].flatMap(([a, b]) => [a / b, b / a]);
  return {
    rows: ratios.length,
    shapes: sums.size,
    bias: quantile(ratios, 0.5) - 1,
    median: quantile(sizes, 0.5),
    p90: quantile(sizes, 0.9),
    interval: around(both),
  };
}

function byPlace(
  { shape, shapes, point, watts }: Samples,
): Map<string, number> {
  const names = shapes.map(commonName);
  const places = new Map<string, number>();
  watts.forEach((value, row) => {
    const place = `${names[shape[row] ?? 0]}@${point[row]}`;
    if (!places.has(place)) places.set(place, value);
  });
  return places;
}

/** What measured draws differ by where nothing differs: half of the rows of a shape against the other half. */
export function scatterOf(
  packs: readonly PackSamples[],
  family: MeasuredFamily,
): PowerInterval {
  const ratios: number[] = [];
  for (const { families } of packs) {
    const { shape, watts } = families[family];
    let first = 0;
    while (first < watts.length) {
      let end = first;
      while (end < watts.length && shape[end] === shape[first]) end++;
      let outer = 0;
      let inner = 0;
      // One with two between it and the next: token counts come in pairs (16, 17), which would bias every other row.
      for (let row = first; row + 3 < end; row += 4) {
        outer += (watts[row] ?? 0) + (watts[row + 3] ?? 0);
        inner += (watts[row + 1] ?? 0) + (watts[row + 2] ?? 0);
      }
      // Few rows say more about chance than about the shape.
      if (end - first >= 8) ratios.push(outer / inner, inner / outer);
      first = end;
    }
  }
  return around(ratios);
}
