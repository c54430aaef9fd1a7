/** Pods, reports and snapshots in one line each, for the ledger's tests. @module */

import {
  formatGrant,
  type Generation,
  type GpuPowerReport,
  type NodePowerReport,
} from "../../../../../cluster/mod.ts";
import type {
  FleetPod,
  FleetSnapshot,
  LedgerSettings,
  Side,
  SideTarget,
  Step,
} from "../../../../../planner/core/mod.ts";

export const GATE: LedgerSettings = {
  startMode: "gate",
  armedAtBoot: false,
  gateInInitContainerOnly: false,
  capOwner: "planner",
  safeDefaultWatts: 490,
  gpu: { minWatts: 200, maxWatts: 700, tdpWatts: 700 },
};

/** `5.3` */
export function generation(text: string): Generation {
  const [epoch, sequence] = text.split(".").map(Number);
  return { epoch: epoch ?? 0, sequence: sequence ?? 0 };
}

export interface PodChange {
  readonly side?: Side;
  readonly gpus?: number;
  readonly replica?: string;
  readonly node?: string;
  /** `5.3 300 500` */
  readonly grant?: string;
  readonly gated?: boolean;
  readonly terminating?: boolean;
  readonly phase?: string;
  readonly version?: number;
  readonly powerLimit?: string;
}

/** A gated decode pod on node `n1`, its UID its name. */
export function pod(name: string, change: PodChange = {}): FleetPod {
  const [order, watts, bound] = (change.grant ?? "").split(" ");
  const grant = change.grant === undefined ? undefined : {
    podUid: name,
    generation: generation(order ?? ""),
    watts: Number(watts),
    boundWatts: Number(bound ?? watts),
  };
  return {
    side: change.side ?? "decode",
    gpus: change.gpus ?? 1,
    replica: change.replica ?? name,
    pod: {
      namespace: "serving",
      name,
      uid: name,
      staticPodHash: undefined,
      resourceVersion: `${change.version ?? 41}`,
      nodeName: change.node ?? "n1",
      phase: change.phase ?? "Running",
      terminating: change.terminating ?? false,
      powerGrant: grant && formatGrant(grant),
      powerLimit: change.powerLimit ??
        (grant && grant.watts > 0 ? `${grant.watts}` : undefined),
      gpuContainers: ["main"],
      gated: change.gated ?? true,
    },
  };
}

export type GpuChange = Partial<Omit<GpuPowerReport, "appliedGeneration">> & {
  /** Name of the pod on it. */
  readonly on?: string;
  /** `5.3` */
  readonly applied?: string;
};

/** A GPU at its default of 700 W with nobody on it. */
export function gpu(uuid: string, change: GpuChange = {}): GpuPowerReport {
  const { on, applied, ...rest } = change;
  return {
    uuid,
    index: 0,
    model: "H200",
    minWatts: 200,
    maxWatts: 700,
    defaultWatts: 700,
    limitWatts: 700,
    occupancy: on === undefined ? "free" : "pod",
    gate: on === undefined ? "none" : "waiting",
    state: "enforced",
    reason: "",
    persistenceMode: true,
    ...(on === undefined
      ? {}
      : { pod: { namespace: "serving", name: on, uid: on } }),
    ...(applied === undefined
      ? {}
      : { appliedGeneration: generation(applied) }),
    ...rest,
  };
}

/** A GPU whose pod serves at its grant. */
export function serving(
  uuid: string,
  on: string,
  applied: string,
  limitWatts: number,
): GpuPowerReport {
  return gpu(uuid, { on, applied, limitWatts, gate: "open" });
}

export function report(
  nodeName: string,
  gpus: readonly GpuPowerReport[],
  sequence = 1,
): NodePowerReport {
  return {
    nodeName,
    observedAt: new Date(sequence),
    agentVersion: "test",
    bootId: "boot-1",
    driverSession: "1",
    safeDefaultWatts: 490,
    sequence,
    gpus,
  };
}

/** A consistent snapshot of one decode side; the Lease is ours unless said otherwise. */
export function snapshot(change: Partial<FleetSnapshot> = {}): FleetSnapshot {
  return {
    atMs: 0,
    consistent: true,
    sides: {
      decode: {
        targetReplicas: undefined,
        readyReplicas: undefined,
        startingReplicas: 0,
        rollout: "settled",
        gpusPerReplica: 1,
      },
    },
    pods: [],
    reports: [],
    lease: {
      heldByUs: true,
      holder: "me",
      epoch: 5,
      transitions: 2,
      budgetWatts: 800,
      resourceVersion: "9",
    },
    ...change,
  };
}

export function target(
  replicas: number,
  capWatts: number,
  side: Side = "decode",
  gpusPerReplica = 1,
): SideTarget {
  return { side, replicas, capWatts, gpusPerReplica, point: undefined };
}

/** Each step in a line: `raise b 6.3 500 500`. */
export function lines(steps: readonly Step[]): string[] {
  return steps.map((step) => {
    switch (step.kind) {
      case "lease":
        return `lease ${step.epoch} ${step.budgetWatts}`;
      case "patch": {
        const { generation: { epoch, sequence }, watts, boundWatts } =
          step.grant;
        return `${step.purpose} ${step.pod.name} ${epoch}.${sequence} ${watts} ${boundWatts}`;
      }
      case "scale":
        return `scale ${step.side} ${step.fromReplicas} to ${step.replicas}`;
    }
  });
}

/** Pod `a` at 500 W and pod `b` at 300 W, both serving; `b` gets `change`. */
export function pair(change: { a?: PodChange; b?: PodChange } = {}) {
  return {
    pods: [
      pod("a", { grant: "5.1 500", side: "prefill", ...change.a }),
      pod("b", { grant: "5.2 300", ...change.b }),
    ],
    reports: [report("n1", [
      serving("g1", "a", "5.1", 500),
      serving("g2", "b", "5.2", 300),
    ])],
  };
}

/** Targets that swap the two caps. */
export const SWAP = [target(1, 300, "prefill"), target(1, 500)];
