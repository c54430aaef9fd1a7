/** A node in memory for tests of the reconciler: devices, pods, ownership and time, all movable. @module */

import {
  type SimulatedGpu,
  simulatedGpu,
  SimulatedNvml,
} from "../../../agent/nvml/mod.ts";
import type {
  Attribution,
  Clock,
  NodePowerReport,
  Ownership,
  Pod,
  PodAllocation,
  PodView,
  ViewFreshness,
} from "../../../agent/ports.ts";
import {
  Reconciler,
  type ReconcilerOptions,
} from "../../../agent/reconciler.ts";
import { StateStore } from "../../../agent/state.ts";
import { MemoryFiles } from "./memory_files.ts";
import { BOOT, CONFIG } from "./situations.ts";

/** Time that stands still until it is moved; sleepers wake in order. */
export class TestClock implements Clock {
  #now = 0;
  #sleepers: { at: number; wake: () => void }[] = [];
  /** Nobody has ever slept: moving on needs no settling. */
  #slept = false;

  now(): number {
    return this.#now;
  }
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      this.#slept = true;
      const sleeper = { at: this.#now + milliseconds, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers = this.#sleepers.filter((one) => one !== sleeper);
        resolve();
      }, { once: true });
    });
  }
  /** Moves on, waking who is due on the way and letting all of it settle. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    if (!this.#slept) {
      this.#now = end;
      return;
    }
    for (;;) {
      await settle();
      const next = this.#sleepers.sort((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      this.#now = Math.max(this.#now, next.at);
      this.#sleepers.shift();
      next.wake();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets everything that is ready run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((r) => setTimeout(r, 0));
}

/** One node. Restarting makes a new reconciler over the same devices and files. */
export class World {
  readonly clock = new TestClock();
  readonly files = new MemoryFiles();
  readonly gpus: SimulatedGpu[];
  readonly nvml: SimulatedNvml;
  pods: Pod[] = [];
  /** Pod UIDs on each GPU by index; `unknown` and `not_a_pod` stand for themselves. */
  placed = new Map<number, readonly string[] | "unknown" | "not_a_pod">();
  /** UIDs of which a process is left somewhere. */
  lingering = new Set<string>();
  freshness: ViewFreshness = { kind: "fresh", ageMs: 0 };
  consistent = true;
  bootId = BOOT;
  lastReport: NodePowerReport | undefined;
  /** Every place that may hold the last report has answered. */
  lastReportComplete = true;
  /** What the kubelet has given to pods, by `namespace/name`; undefined: nobody asks. */
  allocations: ReadonlyMap<string, PodAllocation> | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(gpus = 1) {
    this.gpus = Array.from({ length: gpus }, (_, i) => simulatedGpu(i));
    this.nvml = new SimulatedNvml(this.gpus);
  }

  readonly view: PodView = {
    snapshot: () => ({
      pods: this.pods,
      freshness: this.freshness,
      consistent: this.consistent,
    }),
    onChange: (listener) => {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    },
  };

  readonly ownership: Ownership = {
    observe: ({ gpus, departing, pods }) =>
      Promise.resolve({
        gpus: new Map(gpus.map(({ gpu }) => {
          const attribution = this.#attribution(gpu.index, pods);
          return [gpu.uuid, {
            attribution,
            pids: [],
            allocation: attribution.kind === "pods"
              ? "allocated" as const
              : attribution.kind === "unknown"
              ? "silent" as const
              : "none" as const,
            notes: [],
          }];
        })),
        departing: new Map([...departing].map((uid) => [
          uid,
          this.lingering.has(uid) ||
            [...this.placed.values()].some((on) =>
              Array.isArray(on) && on.includes(uid)
            )
            ? "present" as const
            : "gone" as const,
        ])),
        allocations: this.allocations,
      }),
  };

  #attribution(index: number, pods: readonly Pod[]): Attribution {
    const on = this.placed.get(index) ?? [];
    if (on === "unknown") return { kind: "unknown", reason: "silent" };
    if (on === "not_a_pod") return { kind: "not_a_pod" };
    if (on.length === 0) return { kind: "nobody" };
    return {
      kind: "pods",
      pods: on.map((uid) => {
        const pod = pods.find((one) => one.uid === uid);
        return {
          uid,
          namespace: pod?.namespace,
          name: pod?.name,
          evidence: "kubelet" as const,
        };
      }),
    };
  }

  /** Changes pods and tells the agent. */
  changed(pods: Pod[]): void {
    this.pods = pods;
    for (const listener of this.#listeners) listener();
  }

  /** Starts an agent's reconciler over what is there. */
  async start(change: Partial<ReconcilerOptions> = {}): Promise<Reconciler> {
    return new Reconciler({
      nvml: this.nvml,
      ownership: this.ownership,
      view: this.view,
      store: await StateStore.open(this.files),
      clock: this.clock,
      bootId: this.bootId,
      policy: CONFIG,
      dryRun: false,
      lastReport: () => ({
        report: this.lastReport,
        complete: this.lastReportComplete,
      }),
      ...change,
    });
  }

  watts(index = 0): number {
    return this.gpus[index]!.managementWatts;
  }
}
