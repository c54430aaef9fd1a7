/** What a state file must hold; parsed at the boundary, trusted inside. @module */

import { z } from "zod";
import type { SavedState } from "../loop/mod.ts";
import { HISTORY_WINDOWS } from "../predict/mod.ts";

/** What parsing gives. */
export type Parsed =
  | { readonly kind: "saved"; readonly saved: SavedState }
  | { readonly kind: "bad"; readonly problem: string };

const coefficient = z.number().min(0.5).max(2);
const series = z.array(z.number().nonnegative()).max(HISTORY_WINDOWS);
const lastTarget = z.object({
  replicas: z.int().nonnegative(),
  capWatts: z.number().positive().optional(),
}).transform(({ replicas, capWatts }) => ({ replicas, capWatts }));

const SCHEMA = z.object({
  nowMs: z.number().nonnegative(),
  state: z.object({
    sequence: z.int().nonnegative(),
    history: z.object({
      requestsPerSecond: series,
      islTokens: series,
      oslTokens: series,
    }),
    last: z.partialRecord(z.enum(["prefill", "decode", "agg"]), lastTarget),
    coefficients: z.object({
      powerPrefill: coefficient,
      powerDecode: coefficient,
      powerAgg: coefficient,
      ttft: coefficient,
      itl: coefficient,
    }),
  }),
});

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
  const { history } = parsed.data.state;
  const lengths = new Set(Object.values(history).map(({ length }) => length));
  return lengths.size > 1
    ? { kind: "bad", problem: "the series of its history differ in length" }
    : { kind: "saved", saved: parsed.data };
}
