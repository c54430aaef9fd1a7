/** Where a figure comes from, in the words of R17 and R53, and how far it may be off. @module */

import type { Interval } from "../plan/uncertainty.ts";
import { NOTHING } from "./format.ts";

const MEANINGS: Readonly<Record<string, string>> = {
  silicon: "measured on the GPU, read from tables",
  empirical: "fitted from neighbouring measurements",
  sol: "speed of light: the hardware's limit",
  mixed: "some operators measured, some fitted",
  roofline: "built-in model from public specifications",
  measured: "power measured at this shape",
  borrowed: "power measured at this shape with another version or backend",
  modelled: "power from the fitted model",
  tdp: "no power known: the GPU's maximum",
  chosen: "chosen by the search; a limit, not an estimate",
};

/** A small word with its meaning on hover and for screen readers. */
export function Source({ word }: { readonly word: string }) {
  return (
    <span class="source" title={MEANINGS[word] ?? word}>
      {word}
    </span>
  );
}

/** `540–690`, or a dash of the same size where nothing is declared. */
export function Range(
  { interval, show }: {
    readonly interval: Interval | undefined;
    readonly show: (value: number) => string;
  },
) {
  return (
    <span
      class="range"
      title={interval
        ? "declared interval"
        : "no error is declared for this figure"}
    >
      {interval ? `${show(interval.low)} to ${show(interval.high)}` : NOTHING}
    </span>
  );
}
