/** A fleet of a thousand worker pods that does at once what it is told; for figures, not for proofs. @module */

import {
  formatGrant,
  type GpuPowerReport,
  type NodePowerReport,
} from "../../cluster/mod.ts";
import type {
  FleetPod,
  FleetSnapshot,
  LeaseFacts,
  Side,
  Step,
  StepOutcome,
} from "../../planner/core/mod.ts";
import type { Fleet } from "../../planner/fleets/mod.ts";
import type { LoopClock } from "../../planner/loop/mod.ts";
import { ONE_GPU_ENGINE } from "./one_gpu_engine.ts";

const GPUS_PER_NODE = 8;
const EPOCH = new Date(0);

/** The configuration of a planner over them, which decides this often. */
export function thousandPodsConfig(intervalSeconds: number): string {
  return `${ONE_GPU_ENGINE}
environment: virtual
max_gpu_budget: 1000
throughput_adjustment_interval_seconds: ${intervalSeconds}
total_gpu_power_limit: 500000
`;
}

/** Pods of one GPU each; scaling is noted and changes no pod, so that every look sees as many. */
export class ThousandPods implements Fleet {
  readonly name = "a thousand pods";
  readonly #clock: LoopClock;
  readonly #pods = new Map<string, FleetPod>();
  readonly #reports: NodePowerReport[];
  readonly #placeOf = new Map<string, { node: number; gpu: number }>();
  readonly #replicas: Partial<Record<Side, number>> = {};
  #lease: LeaseFacts = {
    heldByUs: true,
    holder: "us",
    epoch: 0,
    transitions: 0,
    budgetWatts: undefined,
    resourceVersion: "1",
  };
  #version = 1;
  writes = 0;

  constructor(
    clock: LoopClock,
    sides: Readonly<Partial<Record<Side, number>>>,
  ) {
    this.#clock = clock;
    const all = Object.entries(sides).flatMap(([side, count]) =>
      Array.from({ length: count }, (_, i) => ({
        side: side as Side,
        name: `${side}-${i}`,
      }))
    );
    const gpus: GpuPowerReport[][] = [];
    all.forEach(({ side, name }, index) => {
      const node = Math.floor(index / GPUS_PER_NODE);
      const gpu = index % GPUS_PER_NODE;
      const uid = `uid-${name}`;
      this.#replicas[side] = (this.#replicas[side] ?? 0) + 1;
      this.#placeOf.set(uid, { node, gpu });
      this.#pods.set(uid, {
        side,
        gpus: 1,
        replica: name,
        pod: {
          namespace: "ns",
          name,
          uid,
          staticPodHash: undefined,
          resourceVersion: "1",
          nodeName: `node-${node}`,
          phase: "Running",
          terminating: false,
          powerLimit: undefined,
          powerGrant: undefined,
          gpuContainers: ["worker"],
          gated: true,
        },
      });
      (gpus[node] ??= [])[gpu] = {
        uuid: `GPU-${node}-${gpu}`,
        index: gpu,
        model: "H200",
        minWatts: 200,
        maxWatts: 700,
        defaultWatts: 700,
        effectiveWatts: 700,
        limitWatts: 700,
        drawWatts: 300,
        occupancy: "pod",
        gate: "waiting",
        persistenceMode: true,
        pod: { namespace: "ns", name, uid },
        state: "unmanaged",
        reason: "",
      };
    });
    this.#reports = gpus.map((list, node) => ({
      nodeName: `node-${node}`,
      observedAt: EPOCH,
      agentVersion: "1",
      bootId: "boot",
      driverSession: "driver",
      safeDefaultWatts: 490,
      sequence: 1,
      gpus: list,
    }));
  }

  get pods(): number {
    return this.#pods.size;
  }

  snapshot(): Promise<FleetSnapshot> {
    const atMs = this.#clock.wallMs();
    return Promise.resolve({
      atMs,
      consistent: true,
      sides: Object.fromEntries(
        Object.entries(this.#replicas).map(([side, replicas]) => [side, {
          targetReplicas: replicas,
          readyReplicas: replicas,
          startingReplicas: 0,
          rollout: "settled" as const,
          gpusPerReplica: 1,
          resourceVersion: "1",
        }]),
      ),
      pods: [...this.#pods.values()],
      reports: this.#reports.map((report) => ({
        ...report,
        observedAt: new Date(atMs),
        sequence: this.#version,
      })),
      lease: this.#lease,
    });
  }

  apply(step: Step): Promise<StepOutcome> {
    this.writes++;
    this.#version++;
    const resourceVersion = String(this.#version);
    if (step.kind === "lease") {
      this.#lease = {
        ...this.#lease,
        epoch: step.epoch,
        budgetWatts: step.budgetWatts,
        resourceVersion,
      };
    } else if (step.kind === "patch") {
      const { uid } = step.pod;
      const found = this.#pods.get(uid);
      const place = this.#placeOf.get(uid);
      if (!found || !place) return Promise.resolve({ kind: "gone" });
      const { watts } = step.grant;
      this.#pods.set(uid, {
        ...found,
        pod: {
          ...found.pod,
          resourceVersion,
          powerGrant: formatGrant(step.grant),
          powerLimit: watts > 0 ? String(watts) : undefined,
        },
      });
      const report = this.#reports[place.node]!;
      this.#reports[place.node] = {
        ...report,
        gpus: report.gpus.map((gpu, index) =>
          index !== place.gpu ? gpu : {
            ...gpu,
            appliedGeneration: step.grant.generation,
            requestedWatts: watts,
            ...(watts > 0
              ? {
                effectiveWatts: watts,
                limitWatts: watts,
                gate: "open" as const,
                state: "enforced" as const,
              }
              : {}),
          }
        ),
      };
    } else this.#replicas[step.side] = step.replicas;
    return Promise.resolve({ kind: "done" });
  }

  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) =>
      signal.addEventListener("abort", () => resolve(), { once: true })
    );
  }
}
