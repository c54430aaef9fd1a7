/** What a state file must hold; parsed at the boundary, trusted inside. @module */

import { z } from "zod";
import { initialState } from "../core/mod.ts";
import type { SavedState } from "../loop/mod.ts";
import { HISTORY_WINDOWS } from "../predict/mod.ts";

/** What parsing gives. */
export type Parsed =
  | { readonly kind: "saved"; readonly saved: SavedState }
  | { readonly kind: "bad"; readonly problem: string };

const positive = z.number().positive();
const coefficient = z.number().min(0.5).max(2);
const series = z.array(z.number().nonnegative()).max(HISTORY_WINDOWS);
const lastTarget = z.object({
  replicas: z.int().nonnegative(),
  capWatts: positive.optional(),
  rawWatts: positive.optional(),
  rawTtftMs: positive.optional(),
  rawItlMs: positive.optional(),
}).transform(({ capWatts, ...rest }) => ({ ...rest, capWatts }));

/** What a predictor has learned is not in it: it is learned again from the series. */
const SCHEMA = z.object({
  nowMs: z.number().nonnegative(),
  sequence: z.int().nonnegative(),
  history: z.object({
    requestsPerSecond: series,
    islTokens: series,
    oslTokens: series,
    awaitingTraffic: z.literal(true).optional(),
    lastAtMs: z.number().optional(),
  }).transform(({ awaitingTraffic, lastAtMs, ...rest }) => ({
    ...rest,
    ...(awaitingTraffic === undefined ? {} : { awaitingTraffic }),
    ...(lastAtMs === undefined ? {} : { lastAtMs }),
  })),
  signals: z.object({
    kvHitRate: z.number().min(0).max(1).optional(),
    acceptLength: z.number().min(1).optional(),
  }),
  last: z.partialRecord(z.enum(["prefill", "decode", "agg"]), lastTarget),
  coefficients: z.object({
    powerPrefill: coefficient,
    powerDecode: coefficient,
    powerAgg: coefficient,
    ttft: coefficient,
    itl: coefficient,
  }),
});

/** The part of the state that is worth keeping, as it is written. */
export function savedBody({ nowMs, state }: SavedState): unknown {
  const { learned: _, ...history } = state.history;
  return {
    nowMs,
    sequence: state.sequence,
    history,
    signals: state.signals,
    last: state.last,
    coefficients: state.coefficients,
  };
}

/** Reads the body of a state file. */
export function parseSavedState(body: unknown): Parsed {
  const parsed = SCHEMA.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return {
      kind: "bad",
      problem: `${issue?.path.join(".") ?? "it"} is wrong: ${issue?.message}`,
    };
  }
  const { nowMs, history, signals, coefficients, sequence, last } = parsed.data;
  const lengths = new Set([
    history.requestsPerSecond.length,
    history.islTokens.length,
    history.oslTokens.length,
  ]);
  if (lengths.size > 1) {
    return {
      kind: "bad",
      problem: "the series of its history differ in length",
    };
  }
  return {
    kind: "saved",
    saved: {
      nowMs,
      state: {
        ...initialState(coefficients),
        sequence,
        history,
        signals: {
          kvHitRate: signals.kvHitRate,
          acceptLength: signals.acceptLength,
        },
        last,
      },
    },
  };
}
