/** A decision as JSON: snake_case, units in the names, stable (§13). @module */

import type { Decision, SideTarget } from "./decision.ts";
import { reasonText } from "./reason_text.ts";

/** A plain value for `JSON.stringify`; what is not known is null. */
export function decisionRecord(decision: Decision): Record<string, unknown> {
  const { observed, predicted } = decision;
  return {
    sequence: decision.sequence,
    at_ms: decision.atMs,
    observed: {
      window_seconds: observed.windowSeconds,
      requests: finite(observed.requests),
      isl_tokens: finite(observed.islTokens),
      osl_tokens: finite(observed.oslTokens),
    },
    predicted: predicted
      ? {
        requests_per_second: predicted.requestsPerSecond,
        isl_tokens: predicted.islTokens,
        osl_tokens: predicted.oslTokens,
        predictor: predicted.predictor,
      }
      : null,
    previous_replicas: decision.previous,
    proposed_replicas: decision.proposed,
    targets: decision.targets.map(targetRecord),
    gpus: decision.gpus,
    projected_watts: finite(decision.projectedWatts),
    budget_watts: finite(decision.budgetWatts),
    expected_draw_watts: finite(decision.expectedDrawWatts),
    capacity_requests_per_second: finite(decision.capacityRequestsPerSecond),
    demand_tokens_per_second: finite(decision.demandTokensPerSecond),
    served_tokens_per_second: finite(decision.servedTokensPerSecond),
    ttft_ms: finite(decision.ttftMs),
    itl_ms: finite(decision.itlMs),
    reasons: decision.reasons.map((reason) => ({
      ...snakeCase(reason),
      text: reasonText(reason),
    })),
  };
}

function targetRecord(target: SideTarget): Record<string, unknown> {
  const { point } = target;
  return {
    side: target.side,
    replicas: target.replicas,
    gpus_per_replica: target.gpusPerReplica,
    cap_watts: finite(target.capWatts),
    predicted_watts: finite(point?.predictedWatts),
    draw_watts: finite(point?.drawWatts),
    batch_size: finite(point?.batchSize),
    requests_per_second: finite(point?.requestsPerSecond),
    ttft_ms: finite(point?.ttftMs),
    itl_ms: finite(point?.itlMs),
    latency_source: point?.latencySource ?? null,
    power_source: point?.powerSource ?? null,
  };
}

/** JSON has no NaN and no infinity. */
function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

/** `budgetWatts` → `budget_watts`, one level deep; replicas by side stay as they are. */
function snakeCase(reason: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(reason).map(([key, value]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      typeof value === "number" ? finite(value) : value,
    ]),
  );
}
