/**
 * The modelled part of power (R53): what a family of operators draws of (TDP − idle), from how busy it keeps tensor
 * cores and memory and how long it runs; and the intervals of measured, borrowed and modelled draws. `data fit
 * --tables` makes the parameters from measured tables (`power_model.json`); `docs/power.md` states their error.
 * @module
 */

import shipped from "./power_model.json" with { type: "json" };

/** Operators that draw alike. Communication is never measured: its figures are a stated guess. */
export type PowerFamily =
  | "gemm"
  | "contextAttention"
  | "generationAttention"
  | "moe"
  | "contextLatent"
  | "generationLatent"
  | "memory"
  | "communication";

/** Families that tables measure. */
export const MEASURED_FAMILIES = [
  "gemm",
  "contextAttention",
  "generationAttention",
  "moe",
  "contextLatent",
  "generationLatent",
  "memory",
] as const;

/** A family that tables measure. */
export type MeasuredFamily = typeof MEASURED_FAMILIES[number];

/** Ends of an interval around a draw, as factors: low ≤ 1 ≤ high. */
export interface PowerInterval {
  readonly low: number;
  readonly high: number;
}

/** The model of one family. */
export interface FamilyModel {
  /**
   * Of 1, a, b, t, a², ab, at, b², bt, t² with a = log2 of the compute utilisation, b of the memory utilisation (both
   * from 1e-4 to 1) and t = log2 of the kernel's milliseconds (from 0.002 to 10).
   */
  readonly coefficients: readonly number[];
  /** Held-out draws ÷ modelled ones: their 10th and 90th percentile. */
  readonly interval: PowerInterval;
}

/** Which tables a model was fitted on: one backend's, which differ by more than the fit does, or all. */
export type FittedOn = "any" | "vllm" | "trtllm";

/** Everything that fills a gap in measured power. */
export interface PowerModel {
  readonly families: Readonly<
    Record<FittedOn, Readonly<Record<MeasuredFamily, FamilyModel>>>
  >;
  /** Of a measured draw: what rows of equal work a step apart differ by. */
  readonly measured: Readonly<Record<MeasuredFamily, PowerInterval>>;
  /** Of a draw borrowed from another backend: what two measured backends differ by at the same shape. */
  readonly borrowed: Readonly<Record<MeasuredFamily, PowerInterval>>;
}

/** The model that the product ships. */
export const POWER_MODEL: PowerModel = shipped;

/** A quarter of (TDP − idle), from next to nothing to a little more than half of it. */
export const COMMUNICATION: FamilyModel = {
  coefficients: [0.25, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  interval: { low: 0.6, high: 1.75 },
};

/** The model of a family on a backend; a backend without measured tables has the one over all. */
export function familyModelOf(
  model: PowerModel,
  family: PowerFamily,
  backend: string,
): FamilyModel {
  if (family === "communication") return COMMUNICATION;
  const fitted = backend === "vllm" || backend === "trtllm" ? backend : "any";
  return model.families[fitted][family];
}
