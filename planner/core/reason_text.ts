/** Reasons as sentences. @module */

import type { Reason, Replicas } from "./reason.ts";
import { sidesIn } from "./gpu_budget.ts";

/** One sentence for a reason, with its numbers and units. */
export function reasonText(reason: Reason): string {
  switch (reason.kind) {
    case "observation_rejected":
      return `The observed ${reason.field} of ${reason.found} is not physical and was ignored.`;
    case "no_traffic_data":
      return "The traffic is unknown, so the last targets stay.";
    case "idle":
      return "No request is expected, so every side goes to its floor.";
    case "floor_raised":
      return `Demand needs ${reason.needed} ${reason.side} replicas; the floor is ${reason.floor}.`;
    case "model_not_ready":
      return `The model has no answer for ${reason.side} (${reason.code}), so its replicas stay: ${reason.message}`;
    case "infeasible":
      return `No ${reason.side} configuration meets the targets, so its replicas stay. ${reason.message}`;
    case "prediction_replaced":
      return `The model's ${
        watts(reason.predictedWatts)
      } for ${reason.side} is not physical; ${
        watts(reason.usedWatts)
      }, the TDP, was used.`;
    case "gpu_budget":
      return `The GPU budget of ${reason.limitGpus} is ${reason.overGpus} GPUs short: ${
        change(reason.from, reason.to)
      }.`;
    case "gpu_floor":
      return `At least ${reason.minGpus} GPUs are kept: ${
        change(reason.from, reason.to)
      }.`;
    case "gpu_floor_yields":
      return `The watts win over the ${reason.minGpus} GPUs to keep: ${reason.gpus} run.`;
    case "power_budget":
      return reason.overWatts > 0
        ? `The power budget of ${watts(reason.budgetWatts)} is ${
          watts(reason.overWatts)
        } short of the ${watts(reason.askedWatts)} asked for: ${
          change(reason.from, reason.to)
        } (${reason.method}).`
        : `Within the power budget of ${
          watts(reason.budgetWatts)
        } the best choice is ${replicasText(reason.to)} (${reason.method}).`;
    case "cap_lowered":
      return `The ${reason.side} cap goes from ${reason.fromWatts} W, its own draw, to ${reason.toWatts} W: slower GPUs, and more of them in the same watts.`;
    case "below_floor":
      return `The floors need ${
        watts(reason.floorWatts)
      } at the caps in force, ${
        watts(reason.lowestFloorWatts)
      } at the lowest, and the budget is ${
        watts(reason.budgetWatts)
      } (${reason.policy}).`;
    case "caps_to_lowest":
      return `The ${reason.side} cap goes down to ${reason.capWatts} W for the floor to fit; latency targets are not kept there.`;
    case "over_budget":
      return `CRITICAL: the floor is held ${
        watts(reason.overBudgetWatts)
      } over the budget.`;
    case "demand_not_met":
      return `${reason.boundBy === "watts" ? "The watts" : "The GPUs"} serve ${
        reason.capacityRequestsPerSecond.toFixed(2)
      } of ${
        reason.forecastRequestsPerSecond.toFixed(2)
      } requests/s within the latency targets.`;
  }
}

/** A number of watts, with thousands apart. */
export function watts(value: number): string {
  return `${grouped(value)} W`;
}

/** A whole number with thousands apart, the same in every locale. */
export function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

function change(from: Replicas, to: Replicas): string {
  return `${replicasText(from)} → ${replicasText(to)}`;
}

function replicasText(replicas: Replicas): string {
  return sidesIn(replicas).map((side) => `${replicas[side]} ${side}`).join(
    " + ",
  );
}
