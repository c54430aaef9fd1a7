/** A decision with everything around it, as JSON: snake_case, units in the names, bounded in size (§13, R24). @module */

import { formatGeneration } from "../../cluster/portable.ts";
import {
  type Alarm,
  type Charge,
  decisionRecord,
  type Step,
  type StepOutcome,
  type Transition,
  type Wait,
} from "../core/mod.ts";
import type { PlanRecord } from "./event.ts";
import type { Fault } from "./faults.ts";

/** Entries of one list in one record; the totals beside them count all. */
const MOST_ENTRIES = 50;

/** A JSON object. */
export type Json = Record<string, unknown>;

/** The record of one decision: what `--decisions`, `/api/v1/decisions` and `explain` show. */
export function recordJson(record: PlanRecord): Json {
  const { decision, inForce, transition } = record;
  const { config } = inForce;
  return {
    id: decision.sequence,
    ...decisionRecord(decision),
    duration_ms: Math.round(record.durationMs * 1000) / 1000,
    carried_replicas: record.carried,
    configuration_generation: inForce.generation,
    environment: config.environment,
    mode: config.mode,
    faults: record.faults.map(faultJson),
    transition: transition ? transitionJson(transition) : null,
  };
}

/** A transition without its charges line by line. */
export function transitionJson(transition: Transition): Json {
  const { steps, waits, alarms, unreachable } = transition;
  return {
    settled: transition.settled,
    compliant: transition.compliant,
    charged_watts: finite(transition.chargedWatts),
    budget_in_force_watts: finite(transition.budgetInForceWatts),
    headroom_watts: finite(
      transition.budgetInForceWatts - transition.chargedWatts,
    ),
    unreachable: unreachable
      ? { missing_watts: unreachable.missingWatts }
      : null,
    cut: transition.cut
      ? {
        from_watts: transition.cut.fromWatts,
        to_watts: transition.cut.toWatts,
        since_ms: transition.cut.sinceMs,
      }
      : null,
    steps_total: steps.length,
    steps: steps.slice(0, MOST_ENTRIES).map(stepJson),
    waits_total: waits.length,
    waits: waits.slice(0, MOST_ENTRIES).map(waitJson),
    alarms_total: alarms.length,
    alarms: alarms.slice(0, MOST_ENTRIES).map(alarmJson),
  };
}

export function stepJson(step: Step): Json {
  switch (step.kind) {
    case "lease":
      return {
        kind: "lease",
        epoch: step.epoch,
        budget_watts: step.budgetWatts ?? null,
        text: `renew the Lease in epoch ${step.epoch}${
          step.budgetWatts === undefined
            ? ""
            : ` with a budget of ${step.budgetWatts} W`
        }`,
      };
    case "patch": {
      const { pod, grant, purpose } = step;
      return {
        kind: "patch",
        purpose,
        pod: { namespace: pod.namespace, name: pod.name, uid: pod.uid },
        grant: {
          watts: grant.watts,
          bound_watts: grant.boundWatts,
          generation: formatGeneration(grant.generation),
        },
        text: `${purpose} ${pod.namespace}/${pod.name} to ${grant.watts} W (${
          formatGeneration(grant.generation)
        })`,
      };
    }
    case "scale":
      return {
        kind: "scale",
        side: step.side,
        replicas: step.replicas,
        from_replicas: step.fromReplicas ?? null,
        fence: step.fenceEpoch !== undefined,
        text: step.fenceEpoch !== undefined
          ? `fence ${step.side} in epoch ${step.fenceEpoch}`
          : `scale ${step.side} from ${
            step.fromReplicas ?? "unknown"
          } to ${step.replicas}`,
      };
  }
}

export function outcomeJson(outcome: StepOutcome): Json {
  return "reason" in outcome
    ? { kind: outcome.kind, reason: outcome.reason }
    : { kind: outcome.kind };
}

export function waitJson(wait: Wait): Json {
  return {
    kind: wait.kind,
    pod_name: wait.podName ?? null,
    node_name: wait.nodeName ?? null,
    gpu_uuid: wait.gpuUuid ?? null,
    generation: wait.generation ? formatGeneration(wait.generation) : null,
    watts: finite(wait.watts),
    since_ms: wait.sinceMs,
    text: waitText(wait),
  };
}

export function alarmJson(alarm: Alarm): Json {
  return {
    kind: alarm.kind,
    message: alarm.message,
    node_name: alarm.nodeName ?? null,
    pod_name: alarm.podName ?? null,
    gpu_uuid: alarm.gpuUuid ?? null,
    watts: finite(alarm.watts),
  };
}

export function chargeJson(charge: Charge): Json {
  return {
    gpu_uuid: charge.gpuUuid ?? null,
    gpus: charge.gpus,
    node_name: charge.nodeName ?? null,
    pod_name: charge.podName ?? null,
    side: charge.side ?? null,
    watts: finite(charge.watts),
    because: charge.because,
  };
}

export function faultJson(fault: Fault): Json {
  return {
    part: fault.part,
    message: fault.message,
    since_ms: fault.sinceMs,
  };
}

/** One wait as a sentence. */
export function waitText(wait: Wait): string {
  const on = wait.podName ?? wait.gpuUuid ?? wait.nodeName;
  const watts = wait.watts === undefined ? "" : ` (${wait.watts} W)`;
  const where = on === undefined ? "" : `${on}: `;
  switch (wait.kind) {
    case "lower_not_confirmed":
      return `${where}its agent has not confirmed the lower cap yet${watts}`;
    case "pod_not_placed":
      return `${where}no report places it on its GPUs yet`;
    case "pod_terminating":
      return `${where}it terminates, its GPUs are charged until they are free${watts}`;
    case "gate_not_ready":
      return `${where}it has not reached its gate yet`;
    case "write_unresolved":
      return `${where}a write to it has no answer yet${watts}`;
    case "take_over":
      return `${where}the take-over stamps every pod first`;
    case "rollout":
      return `${where}a rollout is under way`;
    case "agent_silent":
      return `${where}its agent is silent`;
    case "budget_room":
      return `${where}there is no room in the budget yet${watts}`;
    case "start_up":
      return `${where}it loads at a lower cap until it serves${watts}`;
    case "other_scaler":
      return `${where}somebody else scales this side`;
  }
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
