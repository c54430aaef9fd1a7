/** Turns the loop's events into metrics. @module */

import process from "node:process";
import {
  capWattsOf,
  type Observation,
  type PerSide,
  type SideInventory,
  type Transition,
} from "../core/mod.ts";
import type { FaultChange, LoopEvent, PlanRecord } from "../loop/mod.ts";
import { coreMetrics } from "./core_metrics.ts";
import { MetricRegistry } from "./metric_registry.ts";

/** What the metrics of a process are told besides events. */
export interface MetricsOptions {
  readonly legacyNames: boolean;
  readonly modelName: string | undefined;
  readonly streamReaders: () => number;
  readonly streamDropped: () => number;
  /** Seconds since 1970. */
  readonly startedAtSeconds: number;
  /** Brings in what is counted elsewhere, whenever somebody asks. */
  readonly collect?: ((registry: MetricRegistry) => void) | undefined;
}

/** The metrics of one planner. */
export class PlannerMetrics {
  readonly registry: MetricRegistry;
  readonly #options: MetricsOptions;
  readonly #alarms = new Set<string>();
  #lastLookMs: number | undefined;
  #budgetWatts: number | undefined;
  #cut: { readonly sinceMs: number } | undefined;

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.registry = new MetricRegistry({
      legacyNames: options.legacyNames,
      ...(options.modelName === undefined
        ? {}
        : { modelName: options.modelName }),
    });
    this.registry.set("startTime", options.startedAtSeconds);
  }

  /** Takes one event of the loop. */
  readonly listener = (event: LoopEvent): void => {
    const { registry } = this;
    switch (event.kind) {
      case "observed":
        return this.#observed(event.observation);
      case "decided":
        return this.#decided(event.record);
      case "staged":
        this.#fleet(event.snapshot.sides, event.snapshot.atMs);
        registry.set(
          "leader",
          event.snapshot.lease && Number(event.snapshot.lease.heldByUs),
        );
        registry.add("looks");
        registry.set("paused", Number(event.withheld === "paused"));
        registry.set(
          "pendingSteps",
          event.withheld === undefined ? 0 : event.transition.steps.length,
        );
        return this.#staged(event.transition, event.snapshot.atMs);
      case "step": {
        const { step, outcome } = event;
        return registry.add("steps", 1, {
          kind: step.kind,
          purpose: step.kind === "patch" ? step.purpose : "",
          outcome: outcome.kind,
        });
      }
      case "fault":
        return this.#fault(event.change);
      case "settings":
        return this.settings(event.inForce);
      case "tick_skipped":
        return registry.add("tickSkipped", event.ticks);
      case "tick_timeout":
        return registry.add("tickTimeout");
      case "clock_jump":
        return registry.add("clockJumps");
      case "started":
      case "stopped":
        return;
    }
  };

  /** Text for `/metrics`. */
  async exposition(): Promise<{ text: string; contentType: string }> {
    const { registry } = this;
    registry.set("residentMemory", Deno.memoryUsage().rss);
    const { user, system } = process.cpuUsage();
    registry.total("cpuSeconds", (user + system) / 1e6);
    this.#options.collect?.(registry);
    registry.set("streamClients", this.#options.streamReaders());
    registry.total("streamDropped", this.#options.streamDropped());
    return {
      text: await registry.text(),
      contentType: registry.registry.contentType,
    };
  }

  /** What is configured; called once at the start, and with every change. */
  settings({ config, generation }: PlanRecord["inForce"]): void {
    const { registry } = this;
    registry.set("generation", generation);
    registry.set("advisory", Number(config.advisory));
    registry.set("paused", Number(config.paused));
    registry.set("sloTtft", config.ttftMs);
    registry.set("sloItl", config.itlMs);
    registry.set("budget", config.power?.budgetWatts);
    this.#budgetWatts = config.power?.budgetWatts;
  }

  #observed(observation: Observation): void {
    const { registry } = this;
    const { live, requests, windowSeconds, oslTokens } = observation;
    if (requests !== undefined) {
      registry.set("observedRequests", requests / windowSeconds);
      registry.set("observedIsl", observation.islTokens);
      registry.set("observedOsl", oslTokens);
    }
    if (!live) return;
    registry.set("observedTtft", live.ttftMs);
    registry.set("observedItl", live.itlMs);
    registry.set(
      "observedDuration",
      live.requestDurationMs && live.requestDurationMs / 1000,
    );
    registry.set("observedPower", live.totalDrawWatts);
    for (
      const key of ["queuedPrefill", "queuedDecode", "inflightDecode"] as const
    ) {
      registry.clear(key);
    }
    for (const engine of live.engines ?? []) {
      const labels = {
        worker_id: engine.workerId,
        dp_rank: String(engine.dpRank),
      };
      registry.set("queuedPrefill", engine.queuedPrefillTokens, labels);
      registry.set("queuedDecode", engine.queuedDecodeKvTokens, labels);
      registry.set("inflightDecode", engine.scheduledDecodeKvTokens, labels);
    }
    this.#energy(observation);
  }

  /** Windows of the two cadences overlap: each counts for the time since the last one, not for its own length. */
  #energy({ atMs, windowSeconds, live }: Observation): void {
    const { registry } = this;
    const seconds = Math.min(
      windowSeconds,
      this.#energyAtMs === undefined
        ? windowSeconds
        : Math.max(0, (atMs - this.#energyAtMs) / 1000),
    );
    this.#energyAtMs = atMs;
    const joules = (live?.totalDrawWatts ?? NaN) * seconds;
    const tokens = (live?.tokensPerSecond ?? NaN) * seconds;
    registry.add("energy", joules);
    registry.add("outputTokens", tokens);
    registry.set("joulesPerToken", tokens > 0 ? joules / tokens : undefined);
  }
  #energyAtMs: number | undefined;

  #decided({ decision, due, durationMs, madeAtMs, inForce }: PlanRecord): void {
    const { registry } = this;
    this.settings(inForce);
    const cadence = due.throughput
      ? due.load ? "both" : "throughput"
      : due.load
      ? "load"
      : "configuration";
    registry.add("decisions", 1, { due: cadence });
    registry.observe("tickDuration", durationMs / 1000);
    registry.set("lastDecision", madeAtMs / 1000);
    for (const { kind } of decision.reasons) {
      registry.add("reasons", 1, { reason: kind });
    }
    // Never zeroed by ticks without a prediction.
    if (due.throughput && decision.predicted) {
      registry.set("predictedRequests", decision.predicted.requestsPerSecond);
      registry.set("predictedIsl", decision.predicted.islTokens);
      registry.set("predictedOsl", decision.predicted.oslTokens);
    }
    registry.set("capacity", decision.capacityRequestsPerSecond);
    registry.set(
      "estimatedTtft",
      decision.load?.estimatedTtftMs ?? decision.ttftMs,
    );
    registry.set(
      "estimatedItl",
      decision.load?.estimatedItlMs ?? decision.itlMs,
    );
    coreMetrics(registry, decision);
    const belowFloor = decision.reasons.some(({ kind }) =>
      kind === "below_floor"
    );
    for (const target of decision.targets) {
      const { side, replicas, capWatts, point } = target;
      registry.set("targetReplicas", replicas, { side });
      registry.set("targetCapWatts", capWatts, { side });
      registry.set("proposedReplicas", decision.proposed[side], { side });
      if (point) registry.set(CAPACITY[side], point.requestsPerSecond);
      const floor = inForce.config.floors[side];
      if (belowFloor && replicas < floor) {
        registry.add("sheds", floor - replicas, { side });
      }
    }
    const { power } = inForce.config;
    const known = power && power.budgetWatts > 0 &&
      decision.targets.every(({ capWatts }) => capWatts !== undefined);
    const projected = known ? capWattsOf(decision.targets) : undefined;
    registry.set("projected", projected);
    registry.set(
      "utilization",
      power && projected !== undefined
        ? projected / power.budgetWatts
        : undefined,
    );
  }

  #fleet(sides: PerSide<SideInventory>, atMs: number): void {
    const { registry } = this;
    registry.set("numPrefillReplicas", sides.prefill?.readyReplicas);
    registry.set("numDecodeReplicas", sides.decode?.readyReplicas);
    registry.set("numAggReplicas", sides.agg?.readyReplicas);
    // The first look adds nothing; a clock that went back adds nothing either.
    const hours = this.#lastLookMs === undefined
      ? 0
      : Math.max(0, atMs - this.#lastLookMs) / 3_600_000;
    this.#lastLookMs = atMs;
    for (const side of Object.values(sides)) {
      registry.add(
        "gpuHours",
        (side.readyReplicas ?? 0) * (side.gpusPerReplica ?? 0) * hours,
      );
    }
  }

  #staged(transition: Transition, atMs: number): void {
    const { registry } = this;
    registry.set("charged", transition.chargedWatts);
    registry.set("budgetInForce", transition.budgetInForceWatts);
    registry.set(
      "headroom",
      transition.budgetInForceWatts - transition.chargedWatts,
    );
    registry.set(
      "overBudget",
      this.#budgetWatts === undefined
        ? undefined
        : Math.max(0, transition.chargedWatts - this.#budgetWatts),
    );
    registry.set("compliant", Number(transition.compliant));
    registry.set("settled", Number(transition.settled));
    registry.set("missingWatts", transition.unreachable?.missingWatts ?? 0);
    const bySide: Record<string, number> = {};
    for (const { side = "unknown", watts, gpus } of transition.charges) {
      bySide[side] = (bySide[side] ?? 0) + watts * gpus;
    }
    registry.clear("chargedBySide");
    for (const [side, watts] of Object.entries(bySide)) {
      registry.set("chargedBySide", watts, { side });
    }
    this.#count("waits", transition.waits);
    this.#count("alarms", transition.alarms);
    this.#raisedAlarms(transition);
    this.#compliance(transition, atMs);
  }

  #count(
    key: "waits" | "alarms",
    entries: readonly { readonly kind: string }[],
  ): void {
    this.registry.clear(key);
    const counts: Record<string, number> = {};
    for (const { kind } of entries) counts[kind] = (counts[kind] ?? 0) + 1;
    for (const [kind, count] of Object.entries(counts)) {
      this.registry.set(key, count, { kind });
    }
  }

  #raisedAlarms({ alarms }: Transition): void {
    const now = new Set(
      alarms.map(({ kind, podName, nodeName, gpuUuid }) =>
        [kind, podName, nodeName, gpuUuid].join(" ")
      ),
    );
    for (const { kind, podName, nodeName, gpuUuid } of alarms) {
      const id = [kind, podName, nodeName, gpuUuid].join(" ");
      if (!this.#alarms.has(id)) {
        this.registry.add("alarmsRaised", 1, { kind });
      }
    }
    this.#alarms.clear();
    for (const id of now) this.#alarms.add(id);
  }

  /** R45: from the cut until the ledger is within it (C16). */
  #compliance({ cut }: Transition, atMs: number): void {
    if (!cut && this.#cut) {
      const seconds = Math.max(0, atMs - this.#cut.sinceMs) / 1000;
      this.registry.observe("complianceSeconds", seconds);
    }
    this.#cut = cut && (this.#cut ?? { sinceMs: atMs });
  }

  #fault(change: FaultChange): void {
    const { part } = change.fault;
    const raised = change.kind === "raised";
    this.registry.set("faults", Number(raised), { part });
    if (raised) this.registry.add("faultsRaised", 1, { part });
  }
}

const CAPACITY = {
  prefill: "prefillCapacity",
  decode: "decodeCapacity",
  agg: "aggCapacity",
} as const;
