/** A decision as JSON: snake_case, units in the names, stable (§13). @module */

import type { Decision, SideTarget } from "./decision.ts";
import type { LiveSignals } from "./observation.ts";
import { reasonText, severityOf } from "./reason_text.ts";

/** Version of the record. Fields are added without a new one; a field that goes or changes its meaning needs one. */
export const DECISION_RECORD_VERSION = 1;

/** A plain value for `JSON.stringify`; what is not known is null. */
export function decisionRecord(decision: Decision): Record<string, unknown> {
  const { observed, predicted, coefficients, optimizer, load } = decision;
  return {
    version: DECISION_RECORD_VERSION,
    sequence: decision.sequence,
    at_ms: finite(decision.atMs),
    now_ms: finite(decision.nowMs),
    due: decision.due,
    paused: decision.paused,
    advisory: decision.advisory,
    goals: plain(decision.goals),
    observed: {
      window_seconds: finite(observed.windowSeconds),
      requests: finite(observed.requests),
      isl_tokens: finite(observed.islTokens),
      osl_tokens: finite(observed.oslTokens),
      live: observed.live ? liveRecord(observed.live) : null,
      problems: plain(observed.problems ?? []),
    },
    predicted: predicted ? plain(predicted) : null,
    found: decision.found ? plain(decision.found) : null,
    previous_replicas: decision.previous,
    proposed_replicas: plain(decision.proposed),
    lower_bounds: plain(decision.lowerBounds),
    decided: decision.decided,
    targets: decision.targets.map(targetRecord),
    throughput_decision: decision.throughput ?? null,
    load_decision: load?.decision ?? null,
    estimated_ttft_ms: finite(load?.estimatedTtftMs),
    estimated_itl_ms: finite(load?.estimatedItlMs),
    gpus: decision.gpus,
    projected_watts: finite(decision.projectedWatts),
    budget_watts: finite(decision.budgetWatts),
    headroom_watts: finite(
      decision.budgetWatts === undefined ||
        decision.projectedWatts === undefined
        ? undefined
        : decision.budgetWatts - decision.projectedWatts,
    ),
    expected_draw_watts: finite(decision.expectedDrawWatts),
    capacity_requests_per_second: finite(decision.capacityRequestsPerSecond),
    demand_tokens_per_second: finite(decision.demandTokensPerSecond),
    served_tokens_per_second: finite(decision.servedTokensPerSecond),
    ttft_ms: finite(decision.ttftMs),
    itl_ms: finite(decision.itlMs),
    coefficients: {
      before: plain(coefficients.before),
      after: plain(coefficients.after),
      updates: coefficients.updates.map((update) => ({
        ...plainObject(update),
        coefficient: snake(update.coefficient),
      })),
      pegged_since_ms: plain(coefficients.pegged),
      pegged_total: plain(coefficients.peggedTotal),
      censored_ticks: plain(coefficients.censoredTicks),
    },
    optimizer: plain(optimizer),
    admission: decision.admission ? plain(decision.admission) : null,
    transition: decision.transition ? plain(decision.transition) : null,
    reasons: decision.reasons.map((reason) => ({
      ...plainObject(reason),
      severity: severityOf(reason),
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

/** A thousand engines are a count here; each of them is a metric of its own. */
function liveRecord(
  { engines, ...signals }: LiveSignals,
): Record<string, unknown> {
  return { ...plainObject(signals), engines: engines?.length ?? null };
}

/** JSON has no NaN and no infinity. */
function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

/** `budgetWatts` → `budget_watts`. */
function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Names in snake_case at every depth; what is absent, NaN or infinite is null. */
function plain(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === "number") return finite(value);
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === "object" ? plainObject(value) : value;
}

function plainObject(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [snake(name), plain(inner)]),
  );
}
