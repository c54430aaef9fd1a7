/** Ownership rebuilt after the record was lost, or brought along by the reference agent (C23, `SPEC.md` §9). @module */

import type { GpuPowerReport, NodePowerReport } from "../cluster/mod.ts";
import type { GpuEntry } from "./entry.ts";
import type { GpuLimits } from "./ports.ts";

/** Where the reference agent keeps the UUIDs of the GPUs it has capped. */
export const REFERENCE_STATE_FILE =
  "/var/lib/dynamo-power-agent/managed_gpus.json";

/** One GPU as it is found. */
export interface StandingGpu {
  readonly identity: { readonly uuid: string };
  readonly limits?: GpuLimits | undefined;
}

/**
 * Entries for caps that stand on the hardware without a record. A limit below the default is ours when the node's own
 * last report says so, or when the reference agent's file has the GPU; any other low limit is somebody else's.
 */
export function adoptedEntries(
  gpus: readonly StandingGpu[],
  lastReport: NodePowerReport | undefined,
  referenceUuids: ReadonlySet<string>,
): GpuEntry[] {
  return gpus.flatMap(({ identity, limits }) => {
    const { uuid } = identity;
    if (!limits) return [];
    const watts = limits.managementWatts;
    const low = limits.defaultWatts !== undefined &&
      watts < limits.defaultWatts;
    const report = lastReport?.gpus.find((gpu) => gpu.uuid === uuid);
    const ours = report !== undefined && OURS.has(report.state);
    if (ours && low) {
      const owner = report.pod && {
        ...report.pod,
        watts: report.requestedWatts ?? 0,
        gated: report.gate !== "none",
        ...(report.appliedGeneration
          ? { generation: report.appliedGeneration }
          : {}),
        ...(report.gate === "open"
          ? { openedBoot: lastReport?.bootId ?? "" }
          : {}),
      };
      return [
        adopted(uuid, grantedWatts(report) ?? watts, owner ? [owner] : []),
      ];
    }
    return referenceUuids.has(uuid) && low ? [adopted(uuid, watts, [])] : [];
  });
}

const OURS: ReadonlySet<string> = new Set([
  "enforced",
  "clamped",
  "prearmed",
  "refused",
  "unknown",
]);

/**
 * What the pod's grant made of the limit. Another limit is somebody else's, raised or lowered while nobody held it: it is
 * set again (C20), and a lowered one would stay for ever, for a generation that is applied is not applied anew (C18).
 */
function grantedWatts(
  { appliedGeneration, requestedWatts, minWatts }: GpuPowerReport,
): number | undefined {
  return appliedGeneration && requestedWatts
    ? Math.max(requestedWatts, minWatts ?? 0)
    : undefined;
}

/** Without the limit from before: a release goes to the default. */
function adopted(
  uuid: string,
  watts: number,
  owners: NonNullable<GpuEntry["applied"]>["owners"],
): GpuEntry {
  return { uuid, applied: { cause: "adopted", owners, watts, bootId: "" } };
}

/**
 * Reads the reference agent's state file, version 1 (`managed_uuids`) or 2 (`managed`), for the UUIDs alone.
 *
 * @returns undefined when the file does not say: then nothing is taken over from it
 */
export function readReferenceState(text: string): string[] | undefined {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(root)) return undefined;
  if (root.version === 2) {
    return isRecord(root.managed) ? Object.keys(root.managed) : undefined;
  }
  const known = root.version === undefined || root.version === 1;
  return known && Array.isArray(root.managed_uuids)
    ? root.managed_uuids.filter((uuid) => typeof uuid === "string")
    : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
