/**
 * Where the agent's pieces meet: devices, ownership, the pod view, the gate, the report. Small interfaces with a real
 * and a simulated implementation each; whatever does not fit through one of these stays inside its folder.
 *
 * @module
 */

import type {
  Clock,
  GateState,
  Generation,
  NodePowerReport,
  Pod,
  PodIdentity,
} from "../cluster/mod.ts";

export type { Clock, GateState, Generation, NodePowerReport, Pod, PodIdentity };

/** Wall-clock time, for `observedAt` and log lines only: nothing is decided by it. */
export type WallClock = () => Date;

// ── Devices ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** Why a device call gave no value. An error is a value here: one bad GPU must never unwind the pass of the others. */
export interface NvmlError {
  /** `NVML_ERROR_GPU_IS_LOST` and so on, or one of {@linkcode AGENT_NVML_ERRORS} for what NVML itself cannot say. */
  readonly name: string;
  /** NVML's return code; undefined for the agent's own errors. */
  readonly code: number | undefined;
  /** The symbol that was called. */
  readonly call: string;
}

/** Errors of a device call that come from the agent's side of it. */
export const AGENT_NVML_ERRORS = {
  /** The call did not return in time. It is still outstanding: no other call goes to this GPU until it returns. */
  deadline: "AGENT_DEADLINE_EXCEEDED",
  /** An earlier call on this GPU is still outstanding. */
  busy: "AGENT_CALL_OUTSTANDING",
  /** The library lacks the symbol. */
  missing: "AGENT_SYMBOL_MISSING",
  /** The GPU answered under another UUID than the one that was asked for. */
  identity: "AGENT_IDENTITY_MISMATCH",
  /** The answer is outside what the field can hold. */
  implausible: "AGENT_IMPLAUSIBLE_VALUE",
} as const;

/** What a device call gives. */
export type NvmlResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: NvmlError };

/** Driver and library, as found when the library was opened. */
export interface DriverInfo {
  /** Path the library was loaded from; `simulated` without one. */
  readonly library: string;
  readonly driverVersion: string;
  readonly nvmlVersion: string;
  /** Counts from 1; grows when the driver was lost and the library had to be opened anew: limits may be at default. */
  readonly session: number;
}

/** One physical GPU. The UUID is its identity; the index only says where it sits right now (D1). */
export interface GpuIdentity {
  readonly uuid: string;
  readonly index: number;
  readonly model: string;
  /** Minor number of `/dev/nvidiaN`; undefined when the library does not say. */
  readonly minor: number | undefined;
  /** MIG is on: the GPU is shared by slices, which have UUIDs of their own. */
  readonly mig: boolean;
  /** UUIDs of the MIG slices, `MIG-…`; empty without MIG. */
  readonly migUuids: readonly string[];
}

/** What one enumeration found. Absence of a GPU means that it is gone only when `complete`. */
export interface Enumeration {
  readonly gpus: readonly GpuIdentity[];
  /** Every index answered. */
  readonly complete: boolean;
  /** Indices that did not answer, with the reason. */
  readonly faults: readonly {
    readonly index: number;
    readonly error: NvmlError;
  }[];
}

/** Power limits of one GPU, whole and fractional watts as read. Undefined: the device did not say. */
export interface GpuLimits {
  readonly managementWatts: number;
  /** The effective limit after all limiters; may sit below the management limit, and come back. */
  readonly enforcedWatts: number | undefined;
  readonly defaultWatts: number | undefined;
  readonly minWatts: number | undefined;
  readonly maxWatts: number | undefined;
}

/** Draw and its companions. Undefined: not supported by this device or library. */
export interface GpuTelemetry {
  readonly drawWatts: number | undefined;
  /** Since the driver was loaded, joules. Falls when the driver was loaded anew. */
  readonly energyJoules: number | undefined;
  /** Names of the active throttle reasons, `sw_power_cap` and so on. */
  readonly throttleReasons: readonly string[] | undefined;
  /** Time the power cap has held clocks down since the driver was loaded, nanoseconds. */
  readonly powerViolationNanoseconds: bigint | undefined;
  readonly persistenceMode: boolean | undefined;
}

/** A process that has a context on a GPU. */
export interface GpuProcess {
  /** In the PID namespace of the host. */
  readonly pid: number;
}

/**
 * What of the limits is read anew. `moving` leaves out what only a change of the driver moves, default and range: they
 * are as they were read last, at the latest enumeration or later. `management` leaves out the enforced limit too, when
 * it was read less than 1 s ago and nothing has been set since.
 */
export type LimitsDepth = "all" | "moving" | "management";

/**
 * Devices by UUID. Calls to different GPUs do not wait for each other; each call has a deadline, and a GPU whose call
 * hangs answers {@linkcode AGENT_NVML_ERRORS.busy} until it returns. Nothing here throws for a device's fault.
 */
export interface Nvml {
  readonly driver: DriverInfo;
  /** Finds all GPUs anew; later calls by UUID go where this found them. */
  enumerate(): Promise<NvmlResult<Enumeration>>;
  /** Reads the limits, `all` of them unless told otherwise. */
  limits(uuid: string, depth?: LimitsDepth): Promise<NvmlResult<GpuLimits>>;
  /** Sets the management limit. Success says that NVML accepted it, not that it is in force: read back. */
  setLimit(uuid: string, watts: number): Promise<NvmlResult<undefined>>;
  /** Compute, graphics and MPS processes, each PID once. Of the latter two the list may be 1 s old. */
  processes(uuid: string): Promise<NvmlResult<readonly GpuProcess[]>>;
  telemetry(uuid: string): Promise<NvmlResult<GpuTelemetry>>;
  /** UUIDs that have a call outstanding beyond its deadline. */
  hung(): ReadonlySet<string>;
  close(): Promise<void>;
}

// ── Ownership: which pod is on which GPU ────────────────────────────────────────────────────────────────────────

/** What a pass asks about ownership. */
export interface OwnershipQuestion {
  readonly gpus: readonly {
    readonly gpu: GpuIdentity;
    /** NVML's answer; an error makes the GPU unknown unless the kubelet alone can place a pod there. */
    readonly processes: NvmlResult<readonly GpuProcess[]>;
  }[];
  /** Pods of this node as the view has them, to find the UID of what the kubelet names (PodResources has none). */
  readonly pods: readonly Pod[];
  /** Pod UIDs whose remaining processes decide about a release (C24). */
  readonly departing: ReadonlySet<string>;
}

/** A pod on a GPU. */
export interface OwningPod {
  readonly uid: string;
  /** Undefined when only a cgroup names the pod and the view does not have it. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** Who says so. `processes` alone means that the kubelet did not answer or does not have it. */
  readonly evidence: "kubelet" | "processes" | "both";
}

/** Whose GPU it is. */
export type Attribution =
  /** Each pod once, ordered by UID, however many processes or containers it has (D7). */
  | { readonly kind: "pods"; readonly pods: readonly OwningPod[] }
  /** Processes run there, all of them proven to belong to no pod, and the kubelet has given it to none. */
  | { readonly kind: "not_a_pod" }
  /** Proven: no process and no allocation. Also says that both sources answered. */
  | { readonly kind: "nobody" }
  /** Anything else. Never writes, never releases, never reports `free` (C23). */
  | {
    readonly kind: "unknown";
    readonly reason: string;
    /** The kubelet has given it to this pod alone, nothing runs on it, and nothing of the pod is on the node yet. */
    readonly coming?: PodIdentity;
  };

/** Ownership of one GPU. */
export interface GpuOwnership {
  readonly attribution: Attribution;
  /** Host PIDs seen on the GPU; undefined when NVML did not answer. */
  readonly pids: readonly number[] | undefined;
  /** What the kubelet says about this GPU. `unavailable`: the operator runs without PodResources on purpose. */
  readonly allocation: "allocated" | "none" | "silent" | "unavailable";
  /** What a person should know: more processes than the kubelet's pod explains, a shared GPU, an odd path. */
  readonly notes: readonly string[];
}

/** What the kubelet has given to one pod. */
export interface PodAllocation {
  readonly uuids: ReadonlySet<string>;
  /** It also has a device that none of the GPUs is known to be: lost, or claimed without a name. */
  readonly elsewhere: boolean;
}

/** Answer to an {@linkcode OwnershipQuestion}: one entry for every GPU asked about. */
export interface OwnershipAnswer {
  readonly gpus: ReadonlyMap<string, GpuOwnership>;
  /** For each departing UID: whether any process on this node is still in its cgroup. */
  readonly departing: ReadonlyMap<string, "present" | "gone" | "unknown">;
  /** The kubelet's word by `namespace/name`; undefined when it is silent or not asked. */
  readonly allocations?: ReadonlyMap<string, PodAllocation> | undefined;
}

/** Finds who has which GPU: kubelet PodResources, NVML processes and cgroups, cross-checked. Never throws. */
export interface Ownership {
  observe(question: OwnershipQuestion): Promise<OwnershipAnswer>;
}

// ── Pod view ────────────────────────────────────────────────────────────────────────────────────────────────────

/** How far the view can be trusted. */
export type ViewFreshness =
  /** No LIST has succeeded yet: nothing is known about any pod. */
  | { readonly kind: "empty" }
  /** The connection is alive. `ageMs`: since the server last proved it (event, bookmark, LIST). */
  | { readonly kind: "fresh"; readonly ageMs: number }
  /** Older than the view's age bound: caps stay, nothing is released on its word. */
  | { readonly kind: "stale"; readonly ageMs: number; readonly reason: string };

/** The node's pods at one instant. */
export interface PodSnapshot {
  /** Pods of this node, terminating and ended ones included, opted in or not; immutable. */
  readonly pods: readonly Pod[];
  readonly freshness: ViewFreshness;
  /** The view grew from a LIST without `resourceVersion` sent by this process: not from an old cache (A3, C22). */
  readonly consistent: boolean;
}

/** List+watch of the pods on this node. */
export interface PodView {
  snapshot(): PodSnapshot;
  /**
   * Calls back after each change of a pod or of freshness; the callback only takes note. Calls may be many: the
   * listener coalesces.
   *
   * @returns a function that ends the subscription
   */
  onChange(listener: () => void): () => void;
}

// ── Gate ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What keeps a start waiting, for people and programs. */
export const GATE_WAIT_CODES = [
  /** The pod is not (yet) in the view, or the view has not started. */
  "pod_not_in_view",
  /** Which GPUs the pod has cannot be proven right now. */
  "gpus_unknown",
  /** The pod is terminating: nothing of it is started any more. */
  "terminating",
  /** No grant with watts above 0 for this pod UID has been applied. */
  "no_grant",
  /** Granted, and the limit of some GPU is not (yet) read back at or below the grant. */
  "limit_not_enforced",
  /** A GPU of the pod does not answer. */
  "device_error",
  /** The agent's record cannot be written. */
  "record_not_durable",
  /** The agent is starting or stopping. */
  "agent_not_ready",
] as const;
export type GateWaitCode = typeof GATE_WAIT_CODES[number];

/** Answer to a start that asks. */
export type GateVerdict =
  | {
    readonly kind: "open";
    readonly generation: Generation;
    readonly gpus: readonly {
      readonly uuid: string;
      readonly grantedWatts: number;
      readonly limitWatts: number;
    }[];
  }
  | {
    readonly kind: "wait";
    readonly code: GateWaitCode;
    /** One sentence that names the GPU and the watts, where there are any. */
    readonly reason: string;
  };

/** A start that stands at the gate, proven by its socket's peer to be in this pod's cgroup. */
export interface GateCaller {
  readonly podUid: string;
  /** Host PID of the caller. */
  readonly pid: number;
}

/**
 * The gate's side of the agent (C21). The socket server identifies the caller, enters it, and asks until the answer is
 * `open`. Each `ask` reads the hardware anew (C20) and makes the opening durable before it answers `open`, so that a
 * report after a crash says `open` and not `waiting`.
 */
export interface GateLedger {
  /** Enters a caller as waiting. @returns a function that takes it out again: its socket closed, or it was let through */
  enter(caller: GateCaller): () => void;
  /** Never throws. Safe to call at any rate: calls for one pod share one reading of the hardware. */
  ask(caller: GateCaller): Promise<GateVerdict>;
  /** Resolves when asking again may give another answer, or when the signal aborts. */
  changed(podUid: string, signal: AbortSignal): Promise<void>;
}

// ── Report ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** How the deliveries of a sink have gone since the start. */
export interface SinkCounts {
  readonly delivered: number;
  readonly failed: number;
}

/** Where a report goes: a file, standard output, the API server. */
export interface ReportSink {
  /**
   * Hands over a report. The agent has already coalesced: a sink sends the newest it has and may drop older ones, never
   * reorder them. Failing is the sink's to count and retry; it never throws.
   *
   * @param urgent a limit was lowered or a GPU was freed: do not wait for a coalescing interval (C26)
   */
  publish(report: NodePowerReport, urgent: boolean): void;
  /**
   * The newest report of this node that the sink's place holds, for the rebuild after a lost record (C23). Resolves
   * when the place has answered, however long that takes; undefined when it holds none.
   */
  last(): Promise<NodePowerReport | undefined>;
  /** Resolves when what was handed over has been sent, or the signal aborts. */
  flush(signal: AbortSignal): Promise<void>;
  /** Why the last report has not been delivered; undefined when it has. */
  fault(): string | undefined;
  counts(): SinkCounts;
}
