/** The ledger itself: every GPU once, at the largest charge of its pods (C27), with reserves (§6); and what-ifs (C2). Pure. @module */

import type { Side } from "../side.ts";
import {
  chargeOn,
  chargeUnreported,
  chargeVacant,
  defaultWatts,
  startWattsOf,
} from "./charge_rows.ts";
import type { FleetView, SeenGpu } from "./fleet_view.ts";
import type { LedgerPod } from "./ledger_pod.ts";
import { isGated, type LedgerSettings } from "./ledger_settings.ts";
import type { Charge } from "./transition.ts";

/** Charges of one pod on its own: bounds are made of these, not of what else is on its GPUs (C6). */
interface OwnCharge {
  readonly onGpu: Readonly<Record<string, number>>;
  readonly unplacedGpus: number;
  readonly unplacedWatts: number;
  /** The largest of them, watts a GPU. */
  readonly watts: number;
}

const NOTHING: OwnCharge = {
  onGpu: {},
  unplacedGpus: 0,
  unplacedWatts: 0,
  watts: 0,
};

/** Sums that follow each grant of a batch; what is charged for a GPU only ever grows in it. */
export class Account {
  readonly #settings: LedgerSettings;
  readonly #lines: Charge[] = [];
  readonly #own = new Map<string, OwnCharge>();
  /** Watts by GPU. */
  readonly #gpus = new Map<string, number>();
  readonly #seen: ReadonlyMap<string, SeenGpu>;
  /** What a restart would add on each node (§6). */
  readonly #shortfall = new Map<string, number>();
  #charged = 0;
  #inPlaceReserve = 0;

  constructor(view: FleetView, settings: LedgerSettings) {
    this.#settings = settings;
    this.#seen = view.gpus;
    for (const [uid, pod] of view.pods) {
      this.#own.set(uid, this.#ownCharge(pod));
    }
    for (const seen of view.gpus.values()) this.#chargeGpu(seen, view);
    for (const [uid, pod] of view.pods) this.#chargeUnreported(uid, pod);
    if (isGated(settings) && settings.gateInInitContainerOnly) {
      this.#inPlaceReserve = inPlaceReserve(view, this.#gpus, settings);
    }
  }

  /** Σ charges and reserves, watts. */
  get watts(): number {
    return this.#charged + this.reserveWatts;
  }

  /** What may start or restart unplanned (§6). */
  get reserveWatts(): number {
    return Math.max(this.#inPlaceReserve, 0, ...this.#shortfall.values());
  }

  /** Watts a GPU that a pod by itself is charged; the largest over its GPUs. */
  ownWatts(uid: string): number {
    return this.#own.get(uid)?.watts ?? 0;
  }

  own(uid: string): OwnCharge {
    return this.#own.get(uid) ?? NOTHING;
  }

  /** Watts of all GPUs of a pod as they are charged now. */
  wattsOfPod(pod: LedgerPod): number {
    const own = this.own(pod.uid);
    let watts = own.unplacedGpus * own.unplacedWatts;
    for (const uuid of Object.keys(own.onGpu)) {
      watts += this.#gpus.get(uuid) ?? 0;
    }
    return watts;
  }

  /** The sum if a pod were charged at least `watts` on each of its GPUs (C2). */
  wattsWith(pod: LedgerPod, watts: number): number {
    let more = 0;
    const less = new Map<string, number>();
    for (const { uuid, nodeName } of pod.reported) {
      const now = this.#gpus.get(uuid) ?? 0;
      if (watts <= now) continue;
      more += watts - now;
      const start = this.#startOf(uuid);
      const cut = Math.max(0, start - now) - Math.max(0, start - watts);
      less.set(nodeName, (less.get(nodeName) ?? 0) + cut);
    }
    more += Math.max(0, pod.memory.gpus - pod.reported.length) *
      Math.max(0, watts - this.own(pod.uid).unplacedWatts);
    let reserve = Math.max(0, this.#inPlaceReserve);
    for (const [node, shortfall] of this.#shortfall) {
      reserve = Math.max(reserve, shortfall - (less.get(node) ?? 0));
    }
    return this.#charged + more + reserve;
  }

  /** Takes a write into the sum. */
  charge(pod: LedgerPod, watts: number): void {
    for (const { uuid, nodeName } of pod.reported) {
      const now = this.#gpus.get(uuid) ?? 0;
      if (watts <= now) continue;
      this.#charged += watts - now;
      this.#gpus.set(uuid, watts);
      const start = this.#startOf(uuid);
      const cut = Math.max(0, start - now) - Math.max(0, start - watts);
      this.#shortfall.set(nodeName, (this.#shortfall.get(nodeName) ?? 0) - cut);
    }
  }

  /** One line for each GPU that is charged or occupied, unreported ones after them, reserves last. */
  lines(): readonly Charge[] {
    const watts = this.reserveWatts;
    return watts === 0 ? this.#lines : [...this.#lines, {
      gpuUuid: undefined,
      gpus: 1,
      nodeName: undefined,
      podUid: undefined,
      podName: undefined,
      side: undefined,
      watts,
      because: "reserve for a restart",
    }];
  }

  #ownCharge(pod: LedgerPod): OwnCharge {
    const settings = this.#settings;
    const onGpu: Record<string, number> = {};
    let most = 0;
    for (const seen of pod.reported) {
      const { watts } = chargeOn(pod, seen, settings);
      onGpu[seen.uuid] = watts;
      most = Math.max(most, watts);
    }
    for (const uuid of pod.unseen) {
      const last = pod.memory.placed[uuid] ?? 0;
      const { watts } = chargeUnreported(pod, { last, settings });
      onGpu[uuid] = watts;
      most = Math.max(most, watts);
    }
    const last = pod.memory.unplacedWatts;
    const unplacedWatts = pod.unplacedGpus === 0
      ? 0
      : chargeUnreported(pod, { last, settings }).watts;
    return {
      onGpu,
      unplacedGpus: pod.unplacedGpus,
      unplacedWatts,
      watts: Math.max(unplacedWatts, most),
    };
  }

  #chargeGpu(seen: SeenGpu, view: FleetView): void {
    const settings = this.#settings;
    const uid = seen.report.pod?.uid;
    if (uid !== undefined && view.otherPodUids.has(uid)) return;
    const pod = seen.report.occupancy === "free" || uid === undefined
      ? undefined
      : view.pods.get(uid);
    const row = pod
      ? chargeOn(pod, seen, settings)
      : chargeVacant(seen, settings);
    this.#charged += row.watts;
    this.#gpus.set(seen.uuid, row.watts);
    if (!isGated(settings) && settings.capOwner === "planner") {
      const gap = Math.max(0, startWattsOf(seen, settings) - row.watts);
      const sum = this.#shortfall.get(seen.nodeName) ?? 0;
      this.#shortfall.set(seen.nodeName, sum + gap);
    }
    if (row.watts === 0 && seen.report.occupancy === "free") return;
    this.#lines.push({
      ...lineOf(pod, row),
      gpuUuid: seen.uuid,
      gpus: 1,
      nodeName: seen.nodeName,
    });
  }

  #chargeUnreported(uid: string, pod: LedgerPod): void {
    const settings = this.#settings;
    for (const uuid of pod.unseen) {
      const last = pod.memory.placed[uuid] ?? 0;
      const row = chargeUnreported(pod, { last, settings });
      const known = this.#gpus.get(uuid) ?? 0;
      this.#charged += Math.max(0, row.watts - known);
      this.#gpus.set(uuid, Math.max(known, row.watts));
      this.#lines.push({
        ...lineOf(pod, row),
        gpuUuid: uuid,
        gpus: 1,
        nodeName: pod.memory.nodeName,
      });
    }
    const { unplacedGpus, unplacedWatts } = this.own(uid);
    if (unplacedGpus === 0) return;
    const last = pod.memory.unplacedWatts;
    const row = chargeUnreported(pod, { last, settings });
    // Without a gate a start falls on a GPU that is charged for it already; only what exceeds them is added.
    const covered = isGated(settings) || settings.capOwner === "deployment" ||
        pod.memory.grant !== undefined
      ? 0
      : this.#cover(pod, unplacedGpus, unplacedWatts);
    this.#charged += (unplacedGpus - covered) * unplacedWatts;
    this.#lines.push({
      ...lineOf(pod, row),
      gpuUuid: undefined,
      gpus: unplacedGpus - covered,
      nodeName: pod.memory.nodeName,
    });
  }

  /** Idle GPUs that stand for unplaced ones, each once. @returns how many there were */
  readonly #covering = new Set<string>();
  #cover(pod: LedgerPod, gpus: number, watts: number): number {
    let covered = 0;
    for (const seen of this.#seen.values()) {
      if (covered === gpus) break;
      const { nodeName } = pod.memory;
      if (nodeName !== undefined && seen.nodeName !== nodeName) continue;
      if (seen.report.occupancy !== "free") continue;
      if (this.#covering.has(seen.uuid)) continue;
      this.#covering.add(seen.uuid);
      covered++;
      const now = this.#gpus.get(seen.uuid) ?? 0;
      if (watts > now && nodeName !== undefined) {
        // Its own start may draw more than an idle GPU is charged: a grant or bound on it.
        this.#charged += watts - now;
        this.#gpus.set(seen.uuid, watts);
      }
    }
    return covered;
  }

  /** GPUs that nobody is on and that no start is counted on yet. */
  idleGpus(): number {
    let idle = 0;
    for (const seen of this.#seen.values()) {
      if (seen.report.occupancy === "free" && !this.#covering.has(seen.uuid)) {
        idle++;
      }
    }
    return idle;
  }

  #startOf(uuid: string): number {
    const seen = this.#seen.get(uuid);
    return !seen || isGated(this.#settings) ||
        this.#settings.capOwner === "deployment"
      ? 0
      : startWattsOf(seen, this.#settings);
  }
}

function lineOf(
  pod: LedgerPod | undefined,
  row: { readonly watts: number; readonly because: string },
): Pick<Charge, "podUid" | "podName" | "side" | "watts" | "because"> {
  const side: Side | undefined = pod?.memory.side;
  return {
    podUid: pod?.uid,
    podName: pod?.memory.name,
    side,
    watts: row.watts,
    because: row.because,
  };
}

/** A restart in place passes no init container: one pod may come back at default (§6). */
function inPlaceReserve(
  view: FleetView,
  gpus: ReadonlyMap<string, number>,
  settings: LedgerSettings,
): number {
  let most = 0;
  for (const pod of view.pods.values()) {
    let gap = 0;
    for (const seen of pod.reported) {
      const now = gpus.get(seen.uuid) ?? 0;
      gap += Math.max(0, defaultWatts(seen, settings.gpu) - now);
    }
    most = Math.max(most, gap);
  }
  return most;
}
