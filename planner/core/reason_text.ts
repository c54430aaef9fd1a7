/** Reasons as sentences. @module */

import type { CoefficientName } from "./coefficient_watch.ts";
import { sidesIn } from "./gpu_budget.ts";
import type { DriftTrigger, SearchTrigger } from "./outcome.ts";
import type { Reason, Replicas } from "./reason.ts";
import type { PerSide } from "./side.ts";

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
      return `${boundText(reason.boundBy)} ${
        reason.capacityRequestsPerSecond.toFixed(2)
      } of ${
        reason.forecastRequestsPerSecond.toFixed(2)
      } requests/s within the latency targets.`;
    case "source_problem":
      return `${reason.what}: ${reason.message}`;
    case "predict_failed":
      return `The ${reason.predictor} predictor failed, so the last targets stay: ${reason.message}`;
    case "coefficients_held":
      return "Latencies and power were not seen, so the coefficients are held; the budget is kept all the same.";
    case "clock_went_back":
      return `The clock went back by ${
        grouped((reason.fromMs - reason.toMs) / 1000)
      } s; ages begin anew.`;
    case "change_limited":
      return `A decision changes ${reason.side} by at most ${reason.limit}: ${reason.from} → ${reason.to} of the ${reason.asked} asked for.`;
    case "ceiling":
      return `The last search allows ${reason.ceiling} ${reason.side} replicas at its caps; ${reason.needed} were asked for.`;
    case "lower_bounds":
      return `Throughput sets the lower bounds ${
        replicasText(reason.bounds)
      }; load decides above them.`;
    case "load_scaled":
      return `Live load asks for ${reason.to} ${reason.side} replicas instead of ${reason.from}.`;
    case "consolidation_refused":
      return `${reason.side} has little load, but one replica less could not carry it.`;
    case "down_capped_by_throughput":
      return `Live load asks for ${reason.asked} ${reason.side} replicas; throughput needs ${reason.bound}.`;
    case "startup_cancelled":
      return `${reason.startingReplicas} ${reason.side} replicas that start up are not needed: ${reason.from} → ${reason.to}.`;
    case "gpu_guard_hold":
      return `The band of GPUs leaves no step from ${
        replicasText(reason.current)
      } towards ${replicasText(reason.asked)}.`;
    case "gpu_reconcile":
      return `The replicas are outside the band of GPUs or below their floors: ${
        change(reason.from, reason.to)
      }.`;
    case "rollout_hold":
      return `${reason.side} waits for a rollout to end before it grows${
        reason.held === undefined ? "" : ` from ${reason.held}`
      } to ${reason.wanted}.`;
    case "rebalance_staged":
      return `${reason.grows} waits at ${reason.held} for ${reason.shrinks} to shrink before it grows to ${reason.wanted}: both together would take ${
        watts(reason.peakWatts)
      } of ${watts(reason.budgetWatts)}.`;
    case "waiting_step":
      return `The step of ${reason.side} to ${reason.wanted} that had to wait goes on: ${
        reason.from ?? "an unknown count"
      } → ${reason.to}.`;
    case "scale_up_suppressed":
      return `The other side holds ${
        watts(reason.peerWatts)
      }, so ${reason.side} stays at ${reason.to} of the ${reason.wanted} asked for; ${
        watts(reason.missingWatts)
      } are missing.`;
    case "authored_cap_unknown":
      return `The deployment owns its caps and says none for ${reason.side}: each GPU is charged ${
        watts(reason.chargedWatts)
      }.`;
    case "optimized":
      return `The optimizer searched (${searchText(reason.trigger)}) and set ${
        capsText(reason.caps)
      }${
        reason.ceilings === undefined
          ? ""
          : `, at most ${replicasText(reason.ceilings)}`
      }: ${grouped(reason.tokensPerSecond)} output tokens/s.`;
    case "search_slow":
      return `The search took ${
        grouped(reason.searchMs)
      } ms of the ${reason.limitMs} ms that a tick can spare.`;
    case "search_infeasible":
      return `The search (${
        searchText(reason.trigger)
      }) found nothing feasible, so the last configuration stays${
        failures(reason)
      }. ${reason.message}`;
    case "search_failed":
      return `The search (${
        searchText(reason.trigger)
      }) failed with ${reason.code}, so the last configuration stays${
        failures(reason)
      }: ${reason.message}`;
    case "optimizer_disabled":
      return `The optimizer is off until a restart (${reason.because}); configured caps and the static clamp stay.`;
    case "throughput_regression":
      return `The new configuration predicts ${
        grouped(reason.toTokensPerSecond)
      } output tokens/s after ${
        grouped(reason.fromTokensPerSecond)
      }; it is applied.`;
    case "drift":
      return `${
        reason.triggers.map(driftText).join(", ")
      } above what was promised, ${reason.ticks} of ${reason.ticksNeeded} times in a row.`;
    case "coefficient_pegged":
      return `CRITICAL: the coefficient ${
        coefficientText(reason.coefficient)
      } stands at its limit of ${reason.value} for more than five minutes; the model does not fit this fleet.`;
    case "coefficient_probed":
      return `The caps hide what the GPUs want, and watts are free: ${
        coefficientText(reason.coefficient)
      } ${reason.from.toFixed(3)} → ${reason.to.toFixed(3)} to see it.`;
    case "batched_tokens_unknown":
      return "CRITICAL: no prefill worker says how many tokens it batches, so the absolute prefill threshold is left out.";
  }
}

/** How urgent a reason is; a log line has this level. */
export function severityOf(
  { kind }: Reason,
): "info" | "warning" | "critical" {
  switch (kind) {
    case "over_budget":
    case "coefficient_pegged":
    case "batched_tokens_unknown":
      return "critical";
    case "observation_rejected":
    case "source_problem":
    case "predict_failed":
    case "coefficients_held":
    case "clock_went_back":
    case "model_not_ready":
    case "infeasible":
    case "prediction_replaced":
    case "below_floor":
    case "gpu_floor_yields":
    case "authored_cap_unknown":
    case "search_slow":
    case "search_infeasible":
    case "search_failed":
    case "optimizer_disabled":
    case "throughput_regression":
      return "warning";
    case "no_traffic_data":
    case "idle":
    case "floor_raised":
    case "gpu_budget":
    case "gpu_floor":
    case "power_budget":
    case "cap_lowered":
    case "caps_to_lowest":
    case "demand_not_met":
    case "change_limited":
    case "ceiling":
    case "lower_bounds":
    case "load_scaled":
    case "consolidation_refused":
    case "down_capped_by_throughput":
    case "startup_cancelled":
    case "gpu_guard_hold":
    case "gpu_reconcile":
    case "rollout_hold":
    case "rebalance_staged":
    case "waiting_step":
    case "scale_up_suppressed":
    case "optimized":
    case "drift":
    case "coefficient_probed":
      return "info";
  }
}

/** Name of a coefficient as metrics and people say it. */
export function coefficientText(name: CoefficientName): string {
  switch (name) {
    case "powerPrefill":
      return "c_power_prefill";
    case "powerDecode":
      return "c_power_decode";
    case "powerAgg":
      return "c_power_agg";
    case "ttft":
      return "c_ttft";
    case "itl":
      return "c_itl";
  }
}

function searchText(trigger: SearchTrigger): string {
  switch (trigger) {
    case "startup":
      return "at start";
    case "budget":
      return "another budget";
    case "settings":
      return "other settings";
    case "drift":
      return "drift";
    case "probe":
      return "probe of a capped side";
    case "demand_unmet":
      return "demand above its ceilings";
    case "watts_free":
      return "watts are free again";
    case "shape":
      return "other request lengths";
  }
}

function driftText(trigger: DriftTrigger): string {
  switch (trigger) {
    case "ttft":
      return "TTFT";
    case "itl":
      return "ITL";
    case "throughput":
      return "throughput";
  }
}

function failures(
  { consecutiveFailures, maxConsecutiveFailures }: {
    readonly consecutiveFailures: number;
    readonly maxConsecutiveFailures: number;
  },
): string {
  return consecutiveFailures === 0
    ? ""
    : ` (failure ${consecutiveFailures} of ${maxConsecutiveFailures})`;
}

function capsText(caps: PerSide<number>): string {
  return sidesIn(caps).map((side) => `${side} caps to ${caps[side]} W`).join(
    " and ",
  );
}

/** A number of watts, with thousands apart. */
export function watts(value: number): string {
  return `${grouped(value)} W`;
}

/** A whole number with thousands apart, the same in every locale. */
export function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

function boundText(
  boundBy: Extract<Reason, { kind: "demand_not_met" }>["boundBy"],
): string {
  switch (boundBy) {
    case "watts":
      return "The watts serve";
    case "gpus":
      return "The GPUs serve";
    case "waiting":
      return "Until the steps before are done, the fleet serves";
    case "change_limit":
      return "The limit of change serves";
    case "model":
      return "The fleet serves";
  }
}

function change(from: Replicas, to: Replicas): string {
  return `${replicasText(from)} → ${replicasText(to)}`;
}

function replicasText(replicas: Replicas): string {
  return sidesIn(replicas).map((side) => `${replicas[side]} ${side}`).join(
    " + ",
  );
}
