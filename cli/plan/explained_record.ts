/** The record of one decision as `explain` reads it; anything may be missing in an old file. @module */

import { z } from "zod";

const side = z.enum(["prefill", "decode", "agg"]);
const number = z.number().nullish();
const replicas = z.partialRecord(side, z.number());
const sentence = z.object({ text: z.string() });

const TRANSITION = z.object({
  settled: z.boolean(),
  compliant: z.boolean(),
  charged_watts: number,
  budget_in_force_watts: number,
  unreachable_missing_watts: number,
  steps_total: z.number().default(0),
  steps: z.array(sentence).default([]),
  waits_total: z.number().default(0),
  waits: z.array(sentence).default([]),
  alarms: z.array(z.object({ message: z.string() })).default([]),
});

const RECORD = z.object({
  id: z.number().optional(),
  sequence: z.number(),
  at_ms: z.number(),
  made_at_ms: number,
  due: z.object({ throughput: z.boolean(), load: z.boolean() }).optional(),
  environment: z.string().optional(),
  advisory: z.boolean().optional(),
  paused: z.boolean().optional(),
  slo: z.object({ ttft_ms: z.number(), itl_ms: z.number() }).optional(),
  max_gpus: number,
  observed: z.object({
    window_seconds: z.number(),
    requests: number,
    isl_tokens: number,
    osl_tokens: number,
  }),
  predicted: z.object({
    requests_per_second: z.number(),
    isl_tokens: z.number(),
    osl_tokens: z.number(),
    predictor: z.string(),
  }).nullish(),
  previous_replicas: replicas.default({}),
  proposed_replicas: replicas.default({}),
  carried_replicas: replicas.default({}),
  targets: z.array(z.object({
    side,
    replicas: z.number(),
    gpus_per_replica: z.number(),
    cap_watts: number,
    draw_watts: number,
    requests_per_second: number,
    ttft_ms: number,
    itl_ms: number,
  })),
  gpus: z.number(),
  projected_watts: number,
  budget_watts: number,
  ttft_ms: number,
  itl_ms: number,
  demand_tokens_per_second: number,
  served_tokens_per_second: number,
  reasons: z.array(z.object({ kind: z.string(), text: z.string() })),
  source_problems: z.array(
    z.object({ what: z.string(), message: z.string() }),
  ).default([]),
  faults: z.array(z.object({ part: z.string(), message: z.string() }))
    .default([]),
  transition: TRANSITION.nullish(),
});

/** A decision's record. */
export type ExplainedRecord = z.infer<typeof RECORD>;

/** Reads a record. @returns undefined when it is none, with what is wrong */
export function readRecord(
  value: unknown,
): { readonly record: ExplainedRecord } | { readonly problem: string } {
  const parsed = RECORD.safeParse(value);
  if (parsed.success) return { record: parsed.data };
  const [issue] = parsed.error.issues;
  return {
    problem: `${issue?.path.join(".") || "it"}: ${issue?.message ?? "unknown"}`,
  };
}
