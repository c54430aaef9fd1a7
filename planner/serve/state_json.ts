/** The planner right now, as JSON: `/api/v1/state`. @module */

import {
  chargeJson,
  faultJson,
  type Json,
  type PlannerLoop,
  transitionJson,
} from "../loop/mod.ts";
import { VERSION } from "../../service/mod.ts";
import { nodesJson } from "./nodes_json.ts";

/** Lines of the ledger in one answer; the total stands beside them. */
const MOST_CHARGES = 5_000;

/** What the answer is made from. */
export interface StateInput {
  readonly loop: Pick<
    PlannerLoop<unknown>,
    | "settings"
    | "last"
    | "snapshot"
    | "faults"
    | "time"
    | "untilTickMs"
    | "withheld"
    | "fleetName"
    | "sourceName"
  >;
  readonly startedAtMs: number;
}

/** Field names are snake_case with units and stable. */
export function stateJson({ loop, startedAtMs }: StateInput): Json {
  const { config, generation } = loop.settings.current();
  const { last, snapshot } = loop;
  const nowMs = loop.time.now();
  const charges = last?.transition?.charges ?? [];
  return {
    version: VERSION,
    now_ms: nowMs,
    started_at_ms: startedAtMs,
    environment: config.environment,
    mode: config.mode,
    served_model_name: config.servedModelName ?? null,
    fleet: loop.fleetName,
    source: loop.sourceName,
    advisory: config.advisory,
    paused: config.paused,
    withheld: loop.withheld ?? null,
    configuration_generation: generation,
    next_tick_in_ms: Math.min(loop.untilTickMs, Number.MAX_SAFE_INTEGER),
    slo: { ttft_ms: config.ttftMs, itl_ms: config.itlMs },
    budget_watts: config.power?.budgetWatts ?? null,
    gpu_budget: { min: config.minGpus ?? null, max: config.maxGpus ?? null },
    last_decision_id: last?.decision.sequence ?? null,
    sides: sidesJson(loop),
    snapshot: snapshot
      ? {
        at_ms: snapshot.atMs,
        consistent: snapshot.consistent,
        pods: snapshot.pods.length,
        reports: snapshot.reports.length,
        leader: snapshot.lease ? snapshot.lease.heldByUs : null,
      }
      : null,
    transition: last?.transition ? transitionJson(last.transition) : null,
    ...nodesJson(snapshot),
    charges_total: charges.length,
    charges: charges.slice(0, MOST_CHARGES).map(chargeJson),
    faults: loop.faults.list().map(faultJson),
  };
}

function sidesJson(loop: StateInput["loop"]): Json {
  const { last, snapshot } = loop;
  return Object.fromEntries(
    (last?.decision.targets ?? []).map((target) => {
      const there = snapshot?.sides[target.side];
      return [target.side, {
        target_replicas: target.replicas,
        ready_replicas: there?.readyReplicas ?? null,
        starting_replicas: there?.startingReplicas ?? null,
        scaler_replicas: there?.targetReplicas ?? null,
        rollout: there?.rollout ?? "unknown",
        gpus_per_replica: there?.gpusPerReplica ?? target.gpusPerReplica,
        cap_watts: target.capWatts ?? null,
      }];
    }),
  );
}
