/** The snapshot and the memory put together: every pod with where reports see it, every GPU once. Pure. @module */

import type { GpuPowerReport } from "../../../cluster/protocol/mod.ts";
import type { LedgerPod } from "./ledger_pod.ts";
import { ledgerPod, rememberPod } from "./ledger_pod.ts";
import type { LedgerState, NodeMemory, PendingWrite } from "./ledger_state.ts";
import type { FleetSnapshot } from "./snapshot.ts";
import { hasMovedBeyond } from "./pending.ts";

/** An agent that says nothing for so long is silent, milliseconds. It only alarms, and gets no grants (§5, C9). */
export const AGENT_SILENT_MS = 30_000;

/** One GPU as its node's newest report has it. */
export interface SeenGpu {
  readonly uuid: string;
  readonly nodeName: string;
  readonly report: GpuPowerReport;
  /** The node's agent is silent: what it said stands, nothing is granted on it. */
  readonly silent: boolean;
}

/** All that charges and steps are made from. */
export interface FleetView {
  /** Present pods and vanished ones that still have GPUs, by UID. */
  readonly pods: ReadonlyMap<string, LedgerPod>;
  /** By UUID, in the order of nodes and indices. */
  readonly gpus: ReadonlyMap<string, SeenGpu>;
  readonly nodes: Readonly<Record<string, NodeMemory>>;
  /** Nodes whose agents are silent, and since when, on the planner's clock. */
  readonly silentNodes: ReadonlyMap<string, number>;
  readonly writes: readonly PendingWrite[];
  readonly otherPodUids: ReadonlySet<string>;
}

/** Looks at a snapshot with what is remembered. Nothing in it goes back in time, whatever cache it came from (A3). */
export function viewOf(
  ledger: LedgerState,
  snapshot: FleetSnapshot,
  nowMs: number,
): FleetView {
  const dead = new Set(snapshot.outOfServiceNodes ?? []);
  const nodes: Record<string, NodeMemory> = {};
  const gpus = new Map<string, SeenGpu>();
  const silentNodes = new Map<string, number>();
  const reports = [...snapshot.reports].sort((a, b) =>
    a.nodeName < b.nodeName ? -1 : 1
  );
  for (const report of reports) {
    const { nodeName } = report;
    if (dead.has(nodeName)) continue;
    const known = ledger.nodes[nodeName];
    const observedAtMs = report.observedAt.getTime();
    if (
      known && report.sequence < known.sequence &&
      !(observedAtMs > known.observedAtMs)
    ) {
      // An older report than one that grants may rest on: as if there were none.
      nodes[nodeName] = known;
      continue;
    }
    const moved = known?.sequence !== report.sequence;
    const memory = {
      sequence: report.sequence,
      observedAtMs,
      movedAtMs: known && !moved ? known.movedAtMs : nowMs,
    };
    nodes[nodeName] = memory;
    const silent = nowMs - memory.movedAtMs >= AGENT_SILENT_MS;
    if (silent) silentNodes.set(nodeName, memory.movedAtMs);
    for (const gpu of report.gpus) {
      gpus.set(gpu.uuid, { uuid: gpu.uuid, nodeName, report: gpu, silent });
    }
  }
  const inhabited = new Set(
    Object.values(ledger.pods).map(({ nodeName }) => nodeName),
  );
  for (const [nodeName, known] of Object.entries(ledger.nodes)) {
    if (dead.has(nodeName) || nodes[nodeName]) continue;
    // A report that was taken away matters while a pod of ours is, or was, on its node.
    if (!inhabited.has(nodeName)) continue;
    nodes[nodeName] = known;
    if (nowMs - known.movedAtMs >= AGENT_SILENT_MS) {
      silentNodes.set(nodeName, known.movedAtMs);
    }
  }
  return {
    ...podsOf(ledger, snapshot, { gpus, nodes, dead }),
    gpus,
    nodes,
    silentNodes,
  };
}

function podsOf(
  ledger: LedgerState,
  snapshot: FleetSnapshot,
  { gpus, nodes, dead }: {
    readonly gpus: ReadonlyMap<string, SeenGpu>;
    readonly nodes: Readonly<Record<string, NodeMemory>>;
    readonly dead: ReadonlySet<string>;
  },
): Pick<FleetView, "pods" | "writes" | "otherPodUids"> {
  const named = new Map<string, SeenGpu[]>();
  const byNode = new Map<string, SeenGpu[]>();
  for (const seen of gpus.values()) {
    push(byNode, seen.nodeName, seen);
    const uid = seen.report.pod?.uid;
    if (uid !== undefined && seen.report.occupancy !== "free") {
      push(named, uid, seen);
    }
  }
  const pending = new Map(ledger.writes.map((one) => [one.podUid, one]));
  const writes: PendingWrite[] = [];
  const pods = new Map<string, LedgerPod>();
  const unstamped = new Set(
    "unstamped" in ledger.reign ? ledger.reign.unstamped : [],
  );
  for (const entry of snapshot.pods) {
    const { uid, nodeName } = entry.pod;
    if (nodeName !== undefined && dead.has(nodeName)) continue;
    const memory = rememberPod(entry, ledger.pods[uid]);
    const sent = pending.get(uid);
    const open = sent && !hasMovedBeyond(memory.resourceVersion, sent)
      ? sent
      : undefined;
    if (open) writes.push(open);
    pods.set(
      uid,
      ledgerPod({
        uid,
        entry,
        memory,
        pending: open,
        reported: named.get(uid) ?? [],
        nodeGpus: byNode.get(memory.nodeName ?? "") ?? [],
        sequence: nodes[memory.nodeName ?? ""]?.sequence,
      }),
    );
  }
  for (const [uid, known] of Object.entries(ledger.pods)) {
    if (pods.has(uid)) continue;
    if (known.nodeName !== undefined && dead.has(known.nodeName)) continue;
    const sequence = nodes[known.nodeName ?? ""]?.sequence;
    const memory = known.vanishedAtSequence === undefined
      ? {
        ...known,
        vanishedAtSequence: sequence ?? -1,
        vanishedUnstamped: unstamped.has(uid),
      }
      : known;
    const pod = ledgerPod({
      uid,
      entry: undefined,
      memory,
      pending: undefined,
      reported: named.get(uid) ?? [],
      nodeGpus: byNode.get(memory.nodeName ?? "") ?? [],
      sequence,
    });
    if (stillCharged(pod)) pods.set(uid, pod);
  }
  return { pods, writes, otherPodUids: new Set(snapshot.otherPodUids ?? []) };
}

/** A vanished pod is remembered while a report names it, or while GPUs that cost watts are not accounted for. */
function stillCharged(pod: LedgerPod): boolean {
  const { placed, unplacedWatts } = pod.memory;
  return pod.reported.length > 0 ||
    pod.unseen.some((uuid) => (placed[uuid] ?? 0) > 0) ||
    pod.unplacedGpus > 0 && unplacedWatts > 0;
}

function push<Key, Value>(
  lists: Map<Key, Value[]>,
  key: Key,
  value: Value,
): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
