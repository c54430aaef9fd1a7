/** The loop's events as Events for people. Pure but for what it remembers of the last one. @module */

import {
  type Reason,
  reasonText,
  type Transition,
  type Wait,
} from "../../../core/mod.ts";
import type { LoopEvent } from "../../../loop/mod.ts";
import type { EventReason, FleetEvent } from "./fleet_event.ts";

/** A wait that lasts longer is stuck, milliseconds. */
const STUCK_MS = 120_000;

/** Turns the loop's events into Events; says each thing when it begins, and again while it lasts. */
export class LoopTeller {
  #compliant = true;

  tell(event: LoopEvent): readonly FleetEvent[] {
    switch (event.kind) {
      case "decided":
        return event.record.decision.reasons.flatMap((reason) =>
          ofReason(reason)
        );
      case "staged":
        return this.#staged(event.transition, event.atMs);
      case "step": {
        const { step, outcome } = event;
        if (outcome.kind === "refused") {
          const what = step.kind === "scale"
            ? `Scaling ${step.side} to ${step.replicas}`
            : step.kind === "patch"
            ? `The ${step.purpose} of pod ${step.pod.name}`
            : "The write of the Lease";
          return [{
            reason: "StepRefused",
            type: "Warning",
            action: step.kind === "scale" ? "Scale" : "Cap",
            key: `${step.kind} ${step.kind === "scale" ? step.side : ""}`,
            message: `${what} was refused: ${outcome.reason}`,
          }];
        }
        return step.kind === "scale" && outcome.kind === "done" &&
            step.fenceEpoch === undefined
          ? [{
            reason: "Scaled",
            type: "Normal",
            action: "Scale",
            key: step.side,
            message: `Scaled ${step.side} from ${
              step.fromReplicas ?? "unknown"
            } to ${step.replicas} replicas.`,
          }]
          : [];
      }
      default:
        return [];
    }
  }

  #staged(transition: Transition, nowMs: number): FleetEvent[] {
    const events: FleetEvent[] = transition.alarms.map((alarm) => ({
      reason: ALARMS[alarm.kind],
      type: "Warning",
      action: "Watch",
      key: [alarm.kind, alarm.nodeName, alarm.podName, alarm.gpuUuid].join(" "),
      message: alarm.message,
    }));
    const { cut, compliant, unreachable, chargedWatts, budgetInForceWatts } =
      transition;
    if (cut) {
      events.push({
        reason: "BudgetCut",
        type: "Warning",
        action: "Cap",
        key: `${cut.fromWatts} ${cut.toWatts}`,
        message:
          `The budget was cut from ${cut.fromWatts} W to ${cut.toWatts} W, and ${chargedWatts} W are charged: caps and replicas go down until it is met.`,
      });
    }
    if (compliant && !this.#compliant) {
      events.push({
        reason: "BudgetMet",
        type: "Normal",
        action: "Cap",
        key: "",
        message:
          `${chargedWatts} W are charged, within the budget of ${budgetInForceWatts} W.`,
      });
    }
    this.#compliant = compliant;
    if (unreachable) {
      events.push({
        reason: "TargetUnreachable",
        type: "Warning",
        action: "Cap",
        key: "",
        message:
          `The targets have no safe path: ${unreachable.missingWatts} W are missing even with every cap at its minimum.`,
      });
    }
    for (const wait of transition.waits) {
      if (wait.kind === "other_scaler" || wait.kind === "agent_silent") {
        continue;
      }
      if (nowMs - wait.sinceMs >= STUCK_MS) events.push(stuck(wait, nowMs));
    }
    return events;
  }
}

const ALARMS: Readonly<
  Record<Transition["alarms"][number]["kind"], EventReason>
> = {
  deadline_missed: "StepStuck",
  agent_silent: "AgentSilent",
  node_lost: "AgentSilent",
  gate_missing: "PowerAlarm",
  persistence_off: "PowerAlarm",
  foreign_raise: "PowerAlarm",
  safe_default_differs: "PowerAlarm",
  rollout_blocked: "StepStuck",
  step_down: "LeaderElected",
  over_budget: "OverBudget",
};

function stuck(wait: Wait, nowMs: number): FleetEvent {
  const minutes = Math.floor((nowMs - wait.sinceMs) / 60_000);
  const on = wait.podName ?? wait.nodeName;
  return {
    reason: "StepStuck",
    type: "Warning",
    action: "Cap",
    key: `${wait.kind} ${on ?? ""}`,
    message: `Waiting for ${minutes} min: ${wait.kind.replaceAll("_", " ")}${
      on === undefined ? "" : ` (${on})`
    }${wait.watts === undefined ? "" : `, ${wait.watts} W`}.`,
  };
}

/** Reasons that people ask about; the rest is in the decision's record. */
function ofReason(reason: Reason): FleetEvent[] {
  const found = DECISIONS[reason.kind];
  return found === undefined ? [] : [{
    ...found,
    action: "Plan",
    key: "side" in reason ? `${reason.kind} ${reason.side}` : reason.kind,
    message: reasonText(reason),
  }];
}

const DECISIONS: Readonly<
  Partial<
    Record<Reason["kind"], Pick<FleetEvent, "reason" | "type">>
  >
> = {
  power_budget: { reason: "PowerClamped", type: "Normal" },
  gpu_budget: { reason: "GpusClamped", type: "Normal" },
  cap_lowered: { reason: "CapsLowered", type: "Normal" },
  caps_to_lowest: { reason: "CapsLowered", type: "Warning" },
  below_floor: { reason: "BelowFloor", type: "Warning" },
  over_budget: { reason: "OverBudget", type: "Warning" },
  infeasible: { reason: "Infeasible", type: "Warning" },
  search_infeasible: { reason: "Infeasible", type: "Warning" },
  optimizer_disabled: { reason: "OptimizerDisabled", type: "Warning" },
  authored_cap_unknown: { reason: "FleetProblem", type: "Warning" },
};
