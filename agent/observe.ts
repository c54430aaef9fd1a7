/** One look at the whole node: devices, processes, ownership, pods. Reads only. @module */

import { ownersOf } from "./entry.ts";
import type {
  Enumeration,
  GpuIdentity,
  GpuLimits,
  GpuTelemetry,
  Nvml,
  NvmlError,
  Ownership,
  OwnershipAnswer,
  Pod,
  PodSnapshot,
  PodView,
} from "./ports.ts";
import type { StateStore } from "./state.ts";

/** One GPU as read. */
export interface ObservedGpu {
  readonly identity: GpuIdentity;
  readonly limits: GpuLimits | undefined;
  readonly telemetry: GpuTelemetry | undefined;
  readonly error: NvmlError | undefined;
}

/** The node as read. */
export interface Observation {
  readonly gpus: readonly ObservedGpu[];
  readonly ownership: OwnershipAnswer;
  readonly snapshot: PodSnapshot;
  readonly pods: ReadonlyMap<string, Pod>;
  /** The enumeration failed: nothing is known about any GPU. */
  readonly fault: NvmlError | undefined;
  readonly enumeration: Enumeration | undefined;
}

/** What is looked at. */
export interface ObserveOptions {
  readonly nvml: Nvml;
  readonly ownership: Ownership;
  readonly view: PodView;
  readonly store: StateStore;
  /** GPUs of the last enumeration, when it need not be done again. */
  readonly known: readonly GpuIdentity[] | undefined;
  /** Draw and its companions as last read, when they need not be read again: they decide nothing. */
  readonly telemetry: ReadonlyMap<string, GpuTelemetry | undefined> | undefined;
  /** GPUs seen before: one that no longer answers stays in sight. */
  readonly seen: ReadonlyMap<string, GpuIdentity>;
}

/** Looks at everything. GPUs are read side by side. */
export async function observe(options: ObserveOptions): Promise<Observation> {
  const { nvml, ownership, view, store, known, seen } = options;
  const found = known
    ? { ok: true as const, value: { gpus: known, complete: true, faults: [] } }
    : await nvml.enumerate();
  const enumeration = found.ok ? found.value : undefined;
  const there = enumeration?.gpus ?? [];
  const silent = silentGpus(enumeration, seen);
  const fault = found.ok ? undefined : found.error;
  const [reads, processes] = await Promise.all([
    Promise.all(there.map((gpu) => read(gpu, options))),
    Promise.all(there.map((gpu) => nvml.processes(gpu.uuid))),
  ]);
  const snapshot = view.snapshot();
  const owners = store.entries().flatMap((entry) => ownersOf(entry));
  const answer = await ownership.observe({
    gpus: there.map((gpu, i) => ({ gpu, processes: processes[i]! })),
    pods: snapshot.freshness.kind === "empty"
      ? remembered(store)
      : snapshot.pods,
    departing: new Set(owners.map(({ uid }) => uid)),
  });
  return {
    gpus: [
      ...reads,
      ...silent.map(({ identity, error }) => ({
        identity,
        error,
        limits: undefined,
        telemetry: undefined,
      })),
    ].sort((a, b) => a.identity.index - b.identity.index),
    ownership: answer,
    snapshot,
    pods: new Map(snapshot.pods.map((pod) => [pod.uid, pod])),
    fault,
    enumeration,
  };
}

async function read(
  identity: GpuIdentity,
  { nvml, known, telemetry: before }: ObserveOptions,
): Promise<ObservedGpu> {
  const { uuid } = identity;
  // Before a write the range is read anew; the enforced limit only tells what is charged.
  const limits = await nvml.limits(uuid, known ? "management" : "all");
  const telemetry = before?.has(uuid)
    ? { ok: true as const, value: before.get(uuid) }
    : await nvml.telemetry(uuid);
  return {
    identity,
    limits: limits.ok ? limits.value : undefined,
    telemetry: telemetry.ok ? telemetry.value : undefined,
    error: limits.ok ? undefined : limits.error,
  };
}

/** GPUs that were there and did not answer this time, each with its error. */
function silentGpus(
  enumeration: Enumeration | undefined,
  seen: ReadonlyMap<string, GpuIdentity>,
): { identity: GpuIdentity; error: NvmlError }[] {
  if (!enumeration) return [];
  const there = new Set(enumeration.gpus.map(({ uuid }) => uuid));
  return enumeration.faults.map(({ index, error }) => {
    const before = [...seen.values()].find((gpu) =>
      gpu.index === index && !there.has(gpu.uuid)
    );
    const identity = before ?? {
      uuid: `unknown-${index}`,
      index,
      model: "unknown",
      minor: undefined,
      mig: false,
      migUuids: [],
    };
    return { identity, error };
  });
}

/**
 * Pods on record, as far as attribution needs them, while the API server has not answered yet: granted pods may
 * restart without it (C25).
 */
function remembered(store: StateStore): Pod[] {
  const owners = new Map(
    store.entries().flatMap((entry) => ownersOf(entry)).map((owner) =>
      [owner.uid, owner] as const
    ),
  );
  return [...owners.values()].map((owner) => ({
    namespace: owner.namespace,
    name: owner.name,
    uid: owner.uid,
    staticPodHash: undefined,
    resourceVersion: "",
    nodeName: undefined,
    phase: "Unknown",
    terminating: false,
    powerLimit: undefined,
    powerGrant: undefined,
    gpuContainers: [],
    gated: owner.gated,
  }));
}
