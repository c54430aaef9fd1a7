/** What admission has counted since the start; the metrics of P85 are made from it. @module */

import type { PostOutcome } from "./post.ts";

/** Counters, never falling. */
export interface AdmissionCounters {
  /** Posts that a frontend took. */
  readonly set: number;
  /** Posts that failed, by reason. */
  readonly failed: Readonly<
    Record<Extract<PostOutcome, { readonly kind: "failed" }>["reason"], number>
  >;
  /** Applies that reached some frontends and not others. */
  readonly partial: number;
  /** Applies that had to leave the absolute prefill threshold out. */
  readonly batchedTokensUnknown: number;
  /** Applies for which the frontends could not be listed. */
  readonly listFailed: number;
}

export const NO_POSTS: AdmissionCounters = {
  set: 0,
  failed: {
    no_address: 0,
    not_enabled: 0,
    unreachable: 0,
    timeout: 0,
    redirect: 0,
    status: 0,
  },
  partial: 0,
  batchedTokensUnknown: 0,
  listFailed: 0,
};

/** Adds the outcomes of one apply. */
export function counted(
  counters: AdmissionCounters,
  outcomes: readonly PostOutcome[],
): AdmissionCounters {
  const failed = { ...counters.failed };
  let set = 0;
  for (const outcome of outcomes) {
    if (outcome.kind === "set") set++;
    else failed[outcome.reason]++;
  }
  return {
    ...counters,
    set: counters.set + set,
    failed,
    partial: counters.partial +
      (set > 0 && set < outcomes.length ? 1 : 0),
  };
}
