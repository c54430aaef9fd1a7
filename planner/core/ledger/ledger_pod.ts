/** One pod as the ledger sees it: its newest version, its grant, and the GPUs that reports give it. Pure. @module */

import {
  compareGenerations,
  formatGrant,
  type Grant,
  hasEnded,
  isOlder,
  parseGrant,
  parsePowerLimit,
} from "../../../cluster/protocol/mod.ts";
import type { SeenGpu } from "./fleet_view.ts";
import type { PendingWrite, PodMemory } from "./ledger_state.ts";
import type { FleetPod } from "./snapshot.ts";

/** A pod, present or vanished. */
export interface LedgerPod {
  readonly uid: string;
  readonly memory: PodMemory;
  /** The object is there. */
  readonly present: boolean;
  readonly ended: boolean;
  readonly replica: string;
  /** GPUs whose newest report names this pod. */
  readonly reported: readonly SeenGpu[];
  /** GPUs that it had and that no report has any more. */
  readonly unseen: readonly string[];
  /** GPUs of it that no report has ever named. */
  readonly unplacedGpus: number;
  /** A report places it on all its GPUs, for certain (C3). */
  readonly placed: boolean;
  readonly pending: PendingWrite | undefined;
  /** Both annotations say what {@linkcode PodMemory.grant} says. */
  readonly annotated: boolean;
  /** Watts of the power-limit annotation alone. */
  readonly powerLimitWatts: number | undefined;
}

/** A pod's newest facts: an older version, from whatever cache, changes nothing. */
export function rememberPod(
  { pod, side, gpus, unready }: FleetPod,
  known: PodMemory | undefined,
): PodMemory {
  const older = known !== undefined &&
    isOlder(pod.resourceVersion, known.resourceVersion);
  return {
    namespace: pod.namespace,
    name: pod.name,
    nodeName: pod.nodeName ?? known?.nodeName,
    side,
    gpus,
    gated: pod.gated,
    terminating: pod.terminating || (known?.terminating ?? false),
    resourceVersion: older ? known.resourceVersion : pod.resourceVersion,
    // One version is one content: read once.
    grant: known?.resourceVersion === pod.resourceVersion
      ? known.grant
      : newest(grantOf(pod), known?.grant),
    // Whoever has served once and is not ready now has other troubles than loading.
    loading: (unready ?? false) && (known?.loading ?? true),
    placed: known?.placed ?? {},
    unplacedGpus: known?.unplacedGpus ?? gpus,
    unplacedWatts: known?.unplacedWatts ?? 0,
  };
}

/** The grant that a pod carries for itself; a copy of another pod's is worth nothing (C18). */
function grantOf(pod: FleetPod["pod"]): Grant | undefined {
  if (pod.powerGrant === undefined) return undefined;
  const reading = parseGrant(pod.powerGrant);
  return reading.kind === "grant" && reading.grant.podUid === pod.uid
    ? reading.grant
    : undefined;
}

/** Landed generations only grow; one that was taken away by a stranger may still be on its way to an agent. */
function newest(
  found: Grant | undefined,
  known: Grant | undefined,
): Grant | undefined {
  if (!found || !known) return found ?? known;
  return compareGenerations(found.generation, known.generation) >= 0
    ? found
    : known;
}

/** Puts a pod together. */
export function ledgerPod(input: {
  readonly uid: string;
  readonly entry: FleetPod | undefined;
  readonly memory: PodMemory;
  readonly pending: PendingWrite | undefined;
  readonly reported: readonly SeenGpu[];
  /** All GPUs of its node. */
  readonly nodeGpus: readonly SeenGpu[];
  /** Sequence of its node's report. */
  readonly sequence: number | undefined;
}): LedgerPod {
  const { uid, entry, memory, reported, nodeGpus } = input;
  const { placed } = memory;
  const had = Object.keys(placed);
  const isNew = ({ uuid }: SeenGpu) => placed[uuid] === undefined;
  const ended = entry !== undefined && hasEnded(entry.pod);
  const others = count(
    nodeGpus,
    (seen) => isNew(seen) && !reported.includes(seen),
  );
  const unplaced = Math.max(
    0,
    memory.gpus - had.length - count(reported, isNew),
  );
  // GPUs of the node that report something else account for those of a pod that may have left (§5, row 4).
  const accounted = mayHaveLeft(memory, ended, input.sequence) ? others : 0;
  const unscheduled = entry === undefined && memory.nodeName === undefined;
  const { grant } = memory;
  return {
    uid,
    memory,
    present: entry !== undefined,
    ended,
    replica: entry?.replica ?? uid,
    reported,
    unseen: had.filter((one) => !nodeGpus.some(({ uuid }) => uuid === one)),
    unplacedGpus: unscheduled ? 0 : Math.max(0, unplaced - accounted),
    placed: reported.length >= memory.gpus &&
      reported.every(({ report }) => report.occupancy === "pod"),
    pending: input.pending,
    annotated: entry === undefined || grant === undefined ||
      entry.pod.resourceVersion !== memory.resourceVersion ||
      entry.pod.powerGrant === formatGrant(grant) &&
        entry.pod.powerLimit ===
          (grant.watts > 0 ? `${grant.watts}` : undefined),
    powerLimitWatts: parsePowerLimit(entry?.pod.powerLimit ?? ""),
  };
}

function count(
  gpus: readonly SeenGpu[],
  is: (seen: SeenGpu) => boolean,
): number {
  let count = 0;
  for (const seen of gpus) if (is(seen)) count++;
  return count;
}

/**
 * Whether a report that does not name the pod proves that it is not on the GPUs it does name otherwise. For a granted pod it
 * does: by C3 the report is newer than its placement. A pod without the gate starts by itself: only once it has ended,
 * or two reports after it has vanished.
 */
function mayHaveLeft(
  memory: PodMemory,
  ended: boolean,
  sequence: number | undefined,
): boolean {
  if (sequence === undefined) return false;
  if (memory.gated || memory.grant !== undefined || ended) return true;
  return memory.vanishedAtSequence !== undefined &&
    sequence >= memory.vanishedAtSequence + 2;
}
