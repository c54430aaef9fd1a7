/** From a file's events to what really happens, on one clock: faults of the world, and the few things that are none. @module */

import type {
  BiasSignal as WorldBias,
  Fault,
  FaultWhat,
  SourceSignal as WorldSignal,
} from "../../../simulator/mod.ts";
import {
  type BiasBlock,
  type BiasSignal,
  type FaultEvent,
  type ReferenceEvent,
  type Scenario,
  SOURCE_SIGNALS,
  type SourceSignal,
} from "../schema/mod.ts";
import { BIAS_OF, biasCourses } from "./bias_courses.ts";
import type { WindowCross } from "./source.ts";

/** Nodes that go down together with their replicas, and come back when they come back. */
export interface NodesDown {
  readonly prefill: number;
  readonly decode: number;
  /** Undefined: never. */
  readonly durationMs: number | undefined;
  readonly outOfService: boolean;
}

/** Everything that happens, by kind. */
export interface Happenings {
  readonly faults: readonly Fault[];
  readonly crosses: readonly { atMs: number; cross: WindowCross }[];
  readonly nodesDown: readonly ({ readonly atMs: number } & NodesDown)[];
  readonly crashes: readonly {
    readonly atMs: number;
    readonly node: string;
    readonly downMs: number;
  }[];
  readonly configurations: readonly {
    readonly atMs: number;
    readonly set: Readonly<Record<string, unknown>>;
  }[];
}

/** What events need to know of their scenario. */
export interface EventContext {
  readonly tickMs: number;
  readonly nodes: readonly string[];
  readonly bias: BiasBlock;
  /** What the device takes. */
  readonly minWatts: number;
  readonly maxWatts: number;
  /** Node that an agent's absence is about when the event names none. */
  readonly usualNode: string;
}

/** Resolves every event once. */
export function resolveEvents(
  events: Scenario["events"],
  context: EventContext,
): Happenings {
  const faults: Fault[] = biasCourses(events, context);
  const crosses: Happenings["crosses"][number][] = [];
  const nodesDown: Happenings["nodesDown"][number][] = [];
  const configurations: Happenings["configurations"][number][] = [];
  const crashes: Happenings["crashes"][number][] = [];
  for (const event of events) {
    if ("at_s" in event) {
      const timed = {
        atMs: event.at_s * 1000,
        ...(event.for_s === undefined
          ? {}
          : { durationMs: event.for_s * 1000 }),
      };
      if (event.type === "configuration") {
        configurations.push({ atMs: timed.atMs, set: event.set });
      } else if (event.type === "agent_crash") {
        crashes.push({
          atMs: timed.atMs,
          node: event.node,
          downMs: event.down_s * 1000,
        });
      } else faults.push({ ...timed, ...faultOf(event) });
      continue;
    }
    switch (event.type) {
      case "bias_step":
        if (event.auto_inject_window_cross) {
          const side = event.signal === "power_bias_prefill"
            ? "prefill"
            : "decode";
          crosses.push({
            atMs: (event.at_tick + 1) * context.tickMs,
            cross: { side, weightOld: 0.66 },
          });
        }
        break;
      case "prom_window_cross_event":
        crosses.push({
          atMs: event.at_tick * context.tickMs,
          cross: {
            side: event.signal === "power_p" ? "prefill" : "decode",
            weightOld: event.weight_old,
          },
        });
        break;
      case "node_down":
        nodesDown.push({
          atMs: event.at_tick * context.tickMs,
          prefill: event.n_prefill_lost,
          decode: event.n_decode_lost,
          durationMs: untilUp(events, event, context),
          outOfService: event.out_of_service,
        });
        break;
      default:
        faults.push(...referenceFaults(event, context));
    }
  }
  return { faults, crosses, nodesDown, configurations, crashes };
}

/** A node that comes back ends the loss before it. */
function untilUp(
  events: Scenario["events"],
  down: Extract<ReferenceEvent, { type: "node_down" }>,
  { tickMs }: EventContext,
): number | undefined {
  const up = events.find((event) =>
    event.type === "node_up" && event.at_tick > down.at_tick
  );
  return up?.type === "node_up"
    ? (up.at_tick - down.at_tick) * tickMs
    : undefined;
}

function referenceFaults(
  event: ReferenceEvent,
  context: EventContext,
): readonly Fault[] {
  const { tickMs } = context;
  const timed = (
    { at_tick, duration_ticks }: {
      readonly at_tick: number;
      readonly duration_ticks: number;
    },
    ...what: readonly FaultWhat[]
  ) =>
    what.map((one) => ({
      ...one,
      atMs: at_tick * tickMs,
      durationMs: duration_ticks * tickMs,
    }));
  switch (event.type) {
    case "actuation_fault":
      return timed(event, ...actuation(event, context));
    case "prom_outage":
      return timed(event, {
        kind: "prometheus_down",
        ...signalsOf(event.signals),
      });
    case "prom_stale":
      return timed(event, {
        kind: "prometheus_stale",
        lagMs: event.lag_ticks * tickMs,
      });
    case "budget_change":
      return [{
        kind: "budget",
        atMs: event.at_tick * tickMs,
        watts: event.new_total_w,
      }];
    case "frontend_post_fault":
      return timed(event, {
        kind: "frontend_refuses",
        share: event.failing_fraction,
      });
    case "mdc_unavailable":
      return timed(event, { kind: "batched_tokens_unknown" });
    case "aic_failure":
      return timed(
        { at_tick: event.at_tick, duration_ticks: event.n_consecutive },
        {
          kind: event.mode === "raises" ? "model_raises" : "model_infeasible",
        },
      );
    case "bias_step":
    case "bias_ramp":
    case "bias_sine":
    case "node_down":
    case "node_up":
    case "prom_window_cross_event":
      return [];
  }
}

function actuation(
  { mode, limit_w }: Extract<ReferenceEvent, { type: "actuation_fault" }>,
  { nodes, minWatts, maxWatts, usualNode }: EventContext,
): readonly FaultWhat[] {
  switch (mode) {
    case "none":
      return [];
    case "nvml_low":
      return nodes.map((node) => ({
        kind: "nvml_clamps",
        node,
        minWatts: limit_w ?? minWatts,
      }));
    case "nvml_high":
      return nodes.map((node) => ({
        kind: "nvml_clamps",
        node,
        maxWatts: limit_w ?? maxWatts,
      }));
    case "rbac_denied":
      return [
        { kind: "forbidden", what: "scale" },
        { kind: "forbidden", what: "patch" },
      ];
    case "daemonset_absent":
      return [{ kind: "agent_down", node: usualNode }];
  }
}

const SIGNAL_OF: Readonly<Record<SourceSignal, WorldSignal>> = {
  ttft: "ttft",
  itl: "itl",
  power_p: "power_prefill",
  power_d: "power_decode",
  capacity: "capacity",
};

/** All five are an outage of everything, the request counters too. */
function signalsOf(
  signals: readonly SourceSignal[] | undefined,
): { signals?: readonly WorldSignal[] } {
  return signals === undefined || signals.length === SOURCE_SIGNALS.length
    ? {}
    : { signals: signals.map((signal) => SIGNAL_OF[signal]) };
}

function faultOf(
  event: Exclude<FaultEvent, { type: "configuration" | "agent_crash" }>,
): FaultWhat {
  switch (event.type) {
    case "node_reboot":
      return {
        kind: event.type,
        node: event.node,
        downMs: event.down_s * 1000,
      };
    case "node_lost":
      return {
        kind: event.type,
        node: event.node,
        outOfService: event.out_of_service,
      };
    case "agent_down":
    case "agent_cut_off":
    case "node_silent":
    case "devices_freed_early":
    case "record_lost":
    case "report_deleted":
      return { kind: event.type, node: event.node };
    case "gpu_reset":
      return { kind: event.type, node: event.node, gpu: event.gpu };
    case "gpu_thermal":
      return {
        kind: event.type,
        node: event.node,
        gpu: event.gpu,
        share: event.share,
      };
    case "nvml_refuses":
      return {
        kind: event.type,
        node: event.node,
        ...(event.gpu === undefined ? {} : { gpu: event.gpu }),
      };
    case "nvml_clamps":
      return {
        kind: event.type,
        node: event.node,
        ...(event.min_w === undefined ? {} : { minWatts: event.min_w }),
        ...(event.max_w === undefined ? {} : { maxWatts: event.max_w }),
      };
    case "foreign_limit":
      return {
        kind: event.type,
        node: event.node,
        gpu: event.gpu,
        watts: event.watts,
      };
    case "foreign_annotation":
      return {
        kind: event.type,
        side: event.side,
        index: event.index,
        ...(event.limit === undefined ? {} : { limit: event.limit }),
        ...(event.grant === undefined ? {} : { grant: event.grant }),
      };
    case "watch_lag":
      return {
        kind: event.type,
        who: event.who,
        lagMs: event.lag_s * 1000,
        ...(event.what ? { what: event.what } : {}),
      };
    case "watch_frozen":
      return {
        kind: event.type,
        who: event.who,
        ...(event.what ? { what: event.what } : {}),
      };
    case "api_slow":
      return { kind: event.type, answerMs: event.answer_s * 1000 };
    case "write_lost":
    case "write_conflict":
    case "frontend_refuses":
    case "warmup_draw":
      return { kind: event.type, share: event.share };
    case "forbidden":
      return { kind: event.type, what: event.what };
    case "pod_killed":
    case "pod_evicted":
    case "pod_force_deleted":
      return { kind: event.type, side: event.side, index: event.index };
    case "foreign_scale":
      return { kind: event.type, side: event.side, replicas: event.replicas };
    case "rollout":
      return { kind: event.type, side: event.side };
    case "planner_crash":
      return { kind: event.type, downMs: event.down_s * 1000 };
    case "planner_paused":
      return { kind: event.type, forMs: event.pause_s * 1000 };
    case "clock_jump":
      return { kind: event.type, byMs: event.by_s * 1000 };
    case "budget":
      return { kind: event.type, watts: event.watts };
    case "prometheus_stale":
      return {
        kind: event.type,
        lagMs: event.lag_s * 1000,
        ...signalsOf(event.signals),
      };
    case "prometheus_lies":
      return {
        kind: event.type,
        factor: event.factor,
        ...signalsOf(event.signals),
      };
    case "prometheus_down":
    case "prometheus_nan":
      return { kind: event.type, ...signalsOf(event.signals) };
    case "bias":
      return {
        kind: event.type,
        signal: worldBias(event.signal),
        value: event.value,
      };
    case "traffic":
      return { kind: event.type, factor: event.factor };
    case "api_down":
    case "second_planner":
    case "batched_tokens_unknown":
    case "model_raises":
    case "model_infeasible":
      return { kind: event.type };
  }
}

function worldBias(signal: BiasSignal): WorldBias {
  return BIAS_OF[signal];
}
