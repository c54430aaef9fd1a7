/** What the agent knows and did about each GPU at the end of a pass: the source of report, metrics and `/status`. @module */

import type { GateState } from "../cluster/mod.ts";
import type { DriftStatus } from "./drift.ts";
import type { Outcome } from "./enforce.ts";
import type { GpuEntry } from "./entry.ts";
import {
  AGENT_NVML_ERRORS,
  type GpuIdentity,
  type GpuOwnership,
  type GpuTelemetry,
  type NvmlError,
} from "./ports.ts";
import type { Decision } from "./situation.ts";

/** One GPU. */
export interface GpuStatus {
  readonly identity: GpuIdentity;
  readonly decision: Decision;
  readonly outcome: Outcome;
  readonly ownership: GpuOwnership;
  readonly entry: GpuEntry | undefined;
  readonly gate: GateState;
  readonly telemetry: GpuTelemetry | undefined;
  readonly drift: DriftStatus | undefined;
  /** Why the device did not answer; undefined when it did. */
  readonly error: NvmlError | undefined;
}

/** Counts since the process started. */
export interface AgentCounts {
  passes: number;
  failedPasses: number;
  writes: number;
  applyFailures: number;
  drifts: number;
  clampedMin: number;
  clampedMax: number;
  multiPodAgree: number;
  multiPodConflict: number;
  safeDefault: number;
  unusable: number;
  released: number;
  gateOpened: number;
}

export function zeroCounts(): AgentCounts {
  return {
    passes: 0,
    failedPasses: 0,
    writes: 0,
    applyFailures: 0,
    drifts: 0,
    clampedMin: 0,
    clampedMax: 0,
    multiPodAgree: 0,
    multiPodConflict: 0,
    safeDefault: 0,
    unusable: 0,
    released: 0,
    gateOpened: 0,
  };
}

/** The device or library cannot, and never will: no fault that passes. */
const ABSENT: ReadonlySet<string> = new Set([
  "NVML_ERROR_NOT_SUPPORTED",
  "NVML_ERROR_FUNCTION_NOT_FOUND",
  AGENT_NVML_ERRORS.missing,
]);

/** Why a GPU is not as it should be; undefined when it is. Makes the node not ready. */
export function troubleOf(status: GpuStatus): string | undefined {
  const { identity, outcome, decision, drift } = status;
  const at = `GPU ${identity.index} (${identity.uuid})`;
  if (status.error) {
    const { name, call } = status.error;
    return ABSENT.has(name)
      ? `${at} has no power limit to read: ${name} (${call}).`
      : `${at} does not answer: ${name} (${call}).`;
  }
  if (outcome.failed || outcome.state === "refused") {
    return `${at} is not enforced: ${outcome.reason}`;
  }
  const { attribution } = status.ownership;
  if (decision.kind === "keep" && attribution.kind === "unknown") {
    return `${at} has an unknown owner: ${decision.reason}`;
  }
  if (drift?.contended) {
    return `${at}: another writer keeps setting ${drift.lastWatts} W.`;
  }
  return undefined;
}

/** The larger of management and enforced limit: what the ledger charges. */
export function limitWattsOf(outcome: Outcome): number | undefined {
  const { limits } = outcome;
  return limits &&
    Math.max(limits.managementWatts, limits.enforcedWatts ?? 0);
}
