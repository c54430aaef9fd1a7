/** Faults as data: what goes wrong, when, and for how long. @module */

import type { SimulatedSide } from "../cluster/mod.ts";

/** A value over the time of a fault; sine needs no transcendental function: it is made of two parabolas. */
export type Course =
  | { readonly value: number }
  /** Linear over the fault's duration, then it stays. */
  | { readonly ramp: { readonly from: number; readonly to: number } }
  /** `mean + amplitude · sin(2π · t / periodMs)`. */
  | {
    readonly sine: {
      readonly mean: number;
      readonly amplitude: number;
      readonly periodMs: number;
    };
  };

/** Hidden truths that a bias multiplies. */
export type BiasSignal =
  | "power_prefill"
  | "power_decode"
  | "ttft"
  | "itl"
  | "capacity";

/** Signals of a source that a fault can single out. */
export type SourceSignal =
  | "requests"
  | "ttft"
  | "itl"
  | "power_prefill"
  | "power_decode"
  | "capacity"
  | "engines";

/** Whose watch: every planner's, one planner's by its holder's name, every agent's, everybody's, or one node's agent by the node's name. */
export type Watcher = string;

/** Pods and reports are watched over streams of their own: one can be late without the other. */
export type Watched = "pods" | "reports";

/** Writes that an API server refuses by permission. */
export type ForbiddenWrite = "patch" | "scale" | "lease" | "report";

/** One pod, by its side and its number among the side's pods, oldest first; counted round when there are fewer. */
interface PodFault {
  readonly side: SimulatedSide;
  readonly index: number;
}

/** What goes wrong. Watts are watts of one GPU, shares lie in 0…1. */
export type FaultWhat =
  // ── Agents and nodes ──
  /** The agent's process is gone; it starts again with its record at the end. */
  | { readonly kind: "agent_down"; readonly node: string }
  /** The agent runs and has no API server. */
  | { readonly kind: "agent_cut_off"; readonly node: string }
  /** The whole node has no network: its kubelet hears nothing either. Its pods run on. */
  | { readonly kind: "node_silent"; readonly node: string }
  /** Down for `downMs`; then limits are at default and every start passes its gate. */
  | {
    readonly kind: "node_reboot";
    readonly node: string;
    readonly downMs: number;
  }
  /** Dead hardware. With `outOfService` a person says so (C28). It comes back, rebooted, at the end, if there is one. */
  | {
    readonly kind: "node_lost";
    readonly node: string;
    readonly outOfService?: boolean;
  }
  | { readonly kind: "gpu_reset"; readonly node: string; readonly gpu: number }
  /** The hardware holds itself down to a share of its greatest limit. */
  | {
    readonly kind: "gpu_thermal";
    readonly node: string;
    readonly gpu: number;
    readonly share: number;
  }
  /** Setting a limit fails; of one GPU, or of all. */
  | {
    readonly kind: "nvml_refuses";
    readonly node: string;
    readonly gpu?: number;
  }
  /** The device takes less than its range says, and says so only when read back. */
  | {
    readonly kind: "nvml_clamps";
    readonly node: string;
    readonly minWatts?: number;
    readonly maxWatts?: number;
  }
  /** Root sets a limit (A2); with a duration again and again. */
  | {
    readonly kind: "foreign_limit";
    readonly node: string;
    readonly gpu: number;
    readonly watts: number;
  }
  /**
   * The kubelet gives up the devices of a pod that terminates before its processes have ended, and the driver no longer
   * lists them: its cgroup alone says that it is there (C24).
   */
  | { readonly kind: "devices_freed_early"; readonly node: string }
  /** The agent's record is gone at its next start, which is now (C22). */
  | { readonly kind: "record_lost"; readonly node: string }
  // ── The API server ──
  | {
    readonly kind: "foreign_annotation";
    readonly limit?: string;
    readonly grant?: string;
  } & PodFault
  | {
    readonly kind: "watch_lag";
    readonly who: Watcher;
    readonly lagMs: number;
    /** Absent: both. */
    readonly what?: Watched;
  }
  | {
    readonly kind: "watch_frozen";
    readonly who: Watcher;
    readonly what?: Watched;
  }
  /** Somebody deletes a node's report; its agent writes it anew with its next one. */
  | { readonly kind: "report_deleted"; readonly node: string }
  | { readonly kind: "api_down" }
  /** Answers come so late; the write lands on the way. */
  | { readonly kind: "api_slow"; readonly answerMs: number }
  /** A share of the planner's writes has no answer; half of those landed. */
  | { readonly kind: "write_lost"; readonly share: number }
  /** A share of the planner's writes finds that somebody else wrote first. */
  | { readonly kind: "write_conflict"; readonly share: number }
  | { readonly kind: "forbidden"; readonly what: ForbiddenWrite }
  // ── Pods and controllers ──
  | { readonly kind: "pod_killed" } & PodFault
  | { readonly kind: "pod_evicted" } & PodFault
  | { readonly kind: "pod_force_deleted" } & PodFault
  | {
    readonly kind: "foreign_scale";
    readonly side: SimulatedSide;
    readonly replicas: number;
  }
  /** Every pod of the side is replaced, one surge pod at a time. */
  | { readonly kind: "rollout"; readonly side: SimulatedSide }
  // ── The planner ──
  | {
    readonly kind: "planner_crash";
    readonly downMs: number;
    /** Not at once, but with the first grant or raise that the leader sends before the end. */
    readonly onWrite?: boolean;
    /** What it had sent is held up on its way for so long, milliseconds: a network has no bound. */
    readonly heldMs?: number;
  }
  /** Frozen; what it had sent lands at the end. */
  | {
    readonly kind: "planner_paused";
    readonly forMs: number;
    /** Not at once, but with the first grant or raise that the leader sends before the end. */
    readonly onWrite?: boolean;
    /** Its clock stands still too, as a suspended machine's does: afterwards it takes itself for the leader until it next renews. */
    readonly unaware?: boolean;
  }
  /** Another process with the same configuration, until the end. */
  | { readonly kind: "second_planner" }
  /** The planner's wall clock moves. */
  | { readonly kind: "clock_jump"; readonly byMs: number }
  /** The configuration's budget is another one from now on, watts of the fleet. */
  | { readonly kind: "budget"; readonly watts: number }
  // ── What the planner sees ──
  | {
    readonly kind: "prometheus_down";
    readonly signals?: readonly SourceSignal[];
  }
  | {
    readonly kind: "prometheus_stale";
    readonly lagMs: number;
    readonly signals?: readonly SourceSignal[];
  }
  | {
    readonly kind: "prometheus_nan";
    readonly signals?: readonly SourceSignal[];
  }
  | {
    readonly kind: "prometheus_lies";
    readonly factor: number;
    readonly signals?: readonly SourceSignal[];
  }
  | { readonly kind: "batched_tokens_unknown" }
  /** A share of the frontends refuses its admission thresholds. */
  | { readonly kind: "frontend_refuses"; readonly share: number }
  | { readonly kind: "model_raises" }
  | { readonly kind: "model_infeasible" }
  // ── The truth ──
  | { readonly kind: "bias"; readonly signal: BiasSignal } & Course
  | { readonly kind: "traffic"; readonly factor: number }
  /** GPUs draw this share of their greatest limit while they warm up, as far as their limit lets them. */
  | { readonly kind: "warmup_draw"; readonly share: number };

/** One fault, milliseconds since the world began. Absent duration: an instant, or until the end for what lasts. */
export type Fault =
  & { readonly atMs: number; readonly durationMs?: number }
  & FaultWhat;

/** The faults of one kind. */
export type FaultOf<Kind extends Fault["kind"]> = Extract<
  Fault,
  { readonly kind: Kind }
>;

/** Every kind, in the order above. */
export const FAULT_KINDS = [
  "agent_down",
  "agent_cut_off",
  "node_silent",
  "node_reboot",
  "node_lost",
  "gpu_reset",
  "gpu_thermal",
  "nvml_refuses",
  "nvml_clamps",
  "foreign_limit",
  "devices_freed_early",
  "record_lost",
  "foreign_annotation",
  "watch_lag",
  "watch_frozen",
  "report_deleted",
  "api_down",
  "api_slow",
  "write_lost",
  "write_conflict",
  "forbidden",
  "pod_killed",
  "pod_evicted",
  "pod_force_deleted",
  "foreign_scale",
  "rollout",
  "planner_crash",
  "planner_paused",
  "second_planner",
  "clock_jump",
  "budget",
  "prometheus_down",
  "prometheus_stale",
  "prometheus_nan",
  "prometheus_lies",
  "batched_tokens_unknown",
  "frontend_refuses",
  "model_raises",
  "model_infeasible",
  "bias",
  "traffic",
  "warmup_draw",
] as const satisfies readonly Fault["kind"][];

/** When a fault is over: at once for an instant, never for what has no end. */
export function endOf(fault: Fault): number {
  switch (fault.kind) {
    case "node_reboot":
    case "planner_crash":
      return fault.atMs + fault.downMs;
    case "planner_paused":
      return fault.atMs + fault.forMs;
    case "gpu_reset":
    case "record_lost":
    case "report_deleted":
    case "foreign_annotation":
    case "pod_killed":
    case "pod_evicted":
    case "pod_force_deleted":
    case "foreign_scale":
    case "rollout":
    case "clock_jump":
    case "budget":
      return fault.atMs;
    case "foreign_limit":
      return fault.atMs + (fault.durationMs ?? 0);
    default:
      return fault.atMs + (fault.durationMs ?? Infinity);
  }
}

/** The value of a course, `sinceMs` after its beginning. */
export function courseAt(
  course: Course,
  sinceMs: number,
  durationMs: number,
): number {
  if ("value" in course) return course.value;
  if ("ramp" in course) {
    const { from, to } = course.ramp;
    const share = Number.isFinite(durationMs) && durationMs > 0
      ? Math.min(1, sinceMs / durationMs)
      : 1;
    return from + (to - from) * share;
  }
  const { mean, amplitude, periodMs } = course.sine;
  const turn = (sinceMs % periodMs) / periodMs;
  // Two parabolas through the zeros and peaks of a sine, corrected by their squares: within 0.0011 of it.
  const half = turn < 0.5 ? turn * 2 : (turn - 0.5) * 2;
  const parabola = 4 * half * (1 - half);
  const arch = 0.225 * (parabola * parabola - parabola) + parabola;
  return mean + amplitude * (turn < 0.5 ? arch : -arch);
}
