/** The agent's metrics: names of `reference-agent.md` §2, plus what that lacks, each written once. @module */

import {
  type MetricDefinition,
  type MetricSample,
  renderMetrics,
} from "../service/mod.ts";
import type { Agent } from "./agent.ts";
import { type GpuStatus, limitWattsOf } from "./status.ts";

const P = "dynamo_power_agent_";
const GPU = ["gpu", "uuid"] as const;

function define(
  name: string,
  type: MetricDefinition["type"],
  labels: readonly string[],
  help: string,
): MetricDefinition {
  return { name: `${P}${name}`, type, labels, help };
}

/** Every family. Counters begin at 0, so that `increase()` sees the first event. */
export const AGENT_METRICS = {
  applied: define(
    "applied_limit_watts",
    "gauge",
    GPU,
    "Management limit last read back, watts.",
  ),
  requested: define(
    "requested_watts",
    "gauge",
    GPU,
    "What annotation or grant asks for, watts.",
  ),
  target: define(
    "target_watts",
    "gauge",
    GPU,
    "What the policy decided after clamping, watts.",
  ),
  enforced: define(
    "enforced_limit_watts",
    "gauge",
    GPU,
    "The larger of management and enforced limit as read, watts: what the ledger charges.",
  ),
  draw: define("power_draw_watts", "gauge", GPU, "Draw, watts."),
  state: define(
    "gpu_state",
    "gauge",
    [...GPU, "state"],
    "1 for the state a GPU is in.",
  ),
  trouble: define(
    "gpu_not_enforced",
    "gauge",
    GPU,
    "1 while a GPU is not as it should be; /readyz says why.",
  ),
  persistence: define(
    "persistence_mode",
    "gauge",
    GPU,
    "1 when an idle GPU keeps its limit by itself.",
  ),
  multiPod: define(
    "multi_pod_gpu_total",
    "counter",
    ["disposition"],
    "Times a GPU began to be shared by pods that asked for caps.",
  ),
  failures: define(
    "apply_failures_total",
    "counter",
    [],
    "Passes of a GPU whose cap is not live: refused, or not as read back.",
  ),
  safeDefault: define(
    "safe_default_applied_total",
    "counter",
    [],
    "Times the safe default began to be chosen.",
  ),
  clamped: define(
    "cap_clamped_total",
    "counter",
    ["direction"],
    "Times a request began to be outside the device's range.",
  ),
  unusable: define(
    "unusable_annotation_total",
    "counter",
    [],
    "Times a power limit began to be unreadable.",
  ),
  drift: define(
    "drift_total",
    "counter",
    [],
    "Times a limit was found changed by somebody else.",
  ),
  writes: define("writes_total", "counter", [], "Limits set on devices."),
  released: define("released_total", "counter", [], "GPUs given back."),
  gateOpened: define(
    "gate_opened_total",
    "counter",
    [],
    "Starts let through the gate.",
  ),
  gateWaiting: define(
    "gate_waiting_pods",
    "gauge",
    [],
    "Pods that stand at the gate.",
  ),
  passes: define("passes_total", "counter", ["result"], "Passes made."),
  passSeconds: define(
    "last_pass_seconds",
    "gauge",
    [],
    "Duration of the last pass, seconds.",
  ),
  goodAge: define(
    "last_good_pass_age_seconds",
    "gauge",
    [],
    "Time since the last good pass, seconds.",
  ),
  recorded: define(
    "recorded_gpus",
    "gauge",
    [],
    "GPUs with an entry in the record.",
  ),
  safeWatts: define(
    "safe_default_watts",
    "gauge",
    [],
    "The safe default, watts.",
  ),
  reports: define(
    "report_deliveries_total",
    "counter",
    ["result"],
    "Reports handed to a place that keeps them, the API server among them.",
  ),
  reportFault: define(
    "report_fault",
    "gauge",
    [],
    "1 while the newest report has not been delivered; /readyz says why.",
  ),
  memory: define(
    "resident_memory_bytes",
    "gauge",
    [],
    "Resident memory of the agent, bytes.",
  ),
} as const;

/** The exposition now. A GPU that is gone has no series. */
export function agentMetrics(agent: Agent): string {
  const { reconciler, clock, facts, sink } = agent.options;
  const { counts } = reconciler;
  const m = AGENT_METRICS;
  const gpus = reconciler.statuses();
  const perGpu = (
    value: (status: GpuStatus) => number | undefined,
  ): MetricSample[] =>
    gpus.flatMap((status) => {
      const found = value(status);
      return found === undefined
        ? []
        : [{ labels: gpuLabels(status), value: found }];
    });
  const one = (value: number | undefined): MetricSample[] =>
    value === undefined ? [] : [{ labels: [], value }];
  const good = reconciler.lastGoodAtMs;
  return renderMetrics([
    [m.applied, perGpu(({ outcome }) => outcome.limits?.managementWatts)],
    [m.requested, perGpu(({ decision }) => decision.requestedWatts)],
    [
      m.target,
      perGpu(({ decision }) =>
        "watts" in decision ? decision.watts : undefined
      ),
    ],
    [m.enforced, perGpu(({ outcome }) => limitWattsOf(outcome))],
    [m.draw, perGpu(({ telemetry }) => telemetry?.drawWatts)],
    [
      m.state,
      gpus.map((status) => ({
        labels: [...gpuLabels(status), status.outcome.state],
        value: 1,
      })),
    ],
    [m.trouble, perGpu((status) => agent.isTroubled(status) ? 1 : 0)],
    [
      m.persistence,
      perGpu(({ telemetry }) =>
        telemetry?.persistenceMode === undefined
          ? undefined
          : Number(telemetry.persistenceMode)
      ),
    ],
    [m.multiPod, [
      { labels: ["agree"], value: counts.multiPodAgree },
      { labels: ["conflict"], value: counts.multiPodConflict },
    ]],
    [m.failures, one(counts.applyFailures)],
    [m.safeDefault, one(counts.safeDefault)],
    [m.clamped, [
      { labels: ["min"], value: counts.clampedMin },
      { labels: ["max"], value: counts.clampedMax },
    ]],
    [m.unusable, one(counts.unusable)],
    [m.drift, one(counts.drifts)],
    [m.writes, one(counts.writes)],
    [m.released, one(counts.released)],
    [m.gateOpened, one(counts.gateOpened)],
    [m.gateWaiting, one(agent.gate.waiting().length)],
    [m.passes, [
      { labels: ["good"], value: counts.passes - counts.failedPasses },
      { labels: ["bad"], value: counts.failedPasses },
    ]],
    [m.passSeconds, one(reconciler.lastPassMs / 1000)],
    [
      m.goodAge,
      one(good === undefined ? undefined : (clock.now() - good) / 1e3),
    ],
    [m.recorded, one(reconciler.options.store.entries().length)],
    [m.safeWatts, one(facts.safeDefaultWatts)],
    [m.reports, [
      { labels: ["delivered"], value: sink.counts().delivered },
      { labels: ["failed"], value: sink.counts().failed },
    ]],
    [m.reportFault, one(sink.fault() === undefined ? 0 : 1)],
    [m.memory, one(Deno.memoryUsage().rss)],
  ]);
}

function gpuLabels({ identity }: GpuStatus): string[] {
  return [String(identity.index), identity.uuid];
}
