/** The API server of the simulated world: compare-and-swap writes, consistent reads, watches that may lag (A3). @module */

import {
  formatGrant,
  type Grant,
  type NodePowerReport,
  type Pod,
} from "../../cluster/portable.ts";
import type { Random } from "../random.ts";
import { WatchedView } from "./watched_view.ts";

/** Sides as the planner names them. */
export type SimulatedSide = "prefill" | "decode" | "agg";

/** A pod with what it is in the fleet. */
export interface SimulatedPod {
  readonly pod: Pod;
  readonly side: SimulatedSide;
  readonly gpus: number;
  readonly replica: string;
}

/** The planner's Lease. */
export interface SimulatedLease {
  readonly holder: string | undefined;
  readonly epoch: number;
  readonly transitions: number;
  readonly budgetWatts: number | undefined;
  readonly resourceVersion: string;
  readonly renewedAtMs: number;
}

/** What a side is scaled to. */
export interface SimulatedScaler {
  readonly replicas: number;
  readonly resourceVersion: string;
  readonly fenceEpoch: number;
}

/** What became of a write. */
export type WriteResult =
  | { readonly kind: "done" }
  | { readonly kind: "conflict"; readonly reason: string }
  | { readonly kind: "gone" }
  | { readonly kind: "refused"; readonly reason: string };

const DONE: WriteResult = { kind: "done" };
/** Events come in the order in which they happened. */
const IN_ORDER = { random: () => 0, reorderMs: 0 };

/** Objects and their versions. */
export class SimulatedApi {
  readonly #pods = new Map<string, SimulatedPod>();
  /** The same as a list, made when it is asked for; undefined: something has changed since. */
  #podList: readonly SimulatedPod[] | undefined;
  readonly #reports = new Map<string, NodePowerReport>();
  /** Made when it is asked for; undefined: a report is another one since. */
  #reportList: readonly NodePowerReport[] | undefined;
  readonly #scalers = new Map<SimulatedSide, SimulatedScaler>();
  /** With the node that a view is about; undefined: all nodes, and their reports. */
  readonly #views = new Map<WatchedView, string | undefined>();
  readonly #strangers: Pod[] = [];
  #version = 40;
  /** The pods that a lagging replica has, the older ones first; undefined: there is no such replica. */
  #copies:
    | readonly [readonly SimulatedPod[], readonly SimulatedPod[]]
    | undefined;
  #lease: SimulatedLease;

  /**
   * @param now time of events, milliseconds
   * @param order how far events of different objects overtake each other in a watch (A3)
   */
  constructor(
    private readonly now: () => number = () => 0,
    private readonly order: {
      readonly random: Random;
      readonly reorderMs: number;
    } = IN_ORDER,
  ) {
    this.#lease = {
      holder: undefined,
      epoch: 0,
      transitions: 0,
      budgetWatts: undefined,
      resourceVersion: this.#next(),
      renewedAtMs: 0,
    };
  }

  // ── Reads, consistent ─────────────────────────────────────────────────────────────────────────────────────────

  get lease(): SimulatedLease {
    return this.#lease;
  }

  pods(): readonly SimulatedPod[] {
    return this.#podList ??= [...this.#pods.values()];
  }

  pod(uid: string): SimulatedPod | undefined {
    return this.#pods.get(uid);
  }

  reports(): readonly NodePowerReport[] {
    return this.#reportList ??= [...this.#reports.values()];
  }

  report(nodeName: string): NodePowerReport | undefined {
    return this.#reports.get(nodeName);
  }

  /** Pods that belong to something else; they stay as they are. */
  get strangers(): readonly Pod[] {
    return this.#strangers;
  }

  scaler(side: SimulatedSide): SimulatedScaler | undefined {
    return this.#scalers.get(side);
  }

  sides(): readonly SimulatedSide[] {
    return [...this.#scalers.keys()];
  }

  /**
   * A LIST and a watch from it on.
   *
   * @param nodeName pods of this node alone, and no reports, as an agent asks for; absent: everything
   */
  watch(nodeName?: string): WatchedView {
    const view: WatchedView = new WatchedView(
      onNode(this.pods(), nodeName),
      nodeName === undefined ? this.reports() : [],
      this.now,
      { ...this.order, onClose: () => this.#views.delete(view) },
    );
    this.#views.set(view, nodeName);
    return view;
  }

  /**
   * A node's pods from the cache of a replica that lags (A3): as old as the last but one copy, and nothing comes after it.
   * Undefined: no replica lags.
   */
  staleView(nodeName: string): WatchedView | undefined {
    if (!this.#copies) return undefined;
    const [pods] = this.#copies;
    return new WatchedView(onNode(pods, nodeName), [], this.now, {
      ...this.order,
      onClose: () => {},
    });
  }

  /** The lagging replica catches up by one copy. */
  copy(): void {
    const pods = this.pods();
    this.#copies = [this.#copies?.[1] ?? pods, pods];
  }

  // ── Writes of planners ────────────────────────────────────────────────────────────────────────────────────────

  /** Both annotations in one patch, if uid and version still are the ones given (C5). */
  patchPod(
    uid: string,
    resourceVersion: string,
    grant: Grant,
  ): WriteResult {
    const known = this.#pods.get(uid);
    if (!known) return { kind: "gone" };
    if (known.pod.resourceVersion !== resourceVersion) {
      return {
        kind: "conflict",
        reason:
          `The pod is at version ${known.pod.resourceVersion}, not ${resourceVersion}.`,
      };
    }
    this.#put({
      ...known,
      pod: {
        ...known.pod,
        powerGrant: formatGrant(grant),
        powerLimit: grant.watts > 0 ? `${grant.watts}` : undefined,
      },
    });
    return DONE;
  }

  /** Renews the Lease of its holder, with epoch and budget. */
  putLease(
    holder: string,
    change: {
      readonly epoch: number;
      readonly budgetWatts: number | undefined;
      readonly resourceVersion: string;
      readonly nowMs: number;
    },
  ): WriteResult {
    if (change.resourceVersion !== this.#lease.resourceVersion) {
      return { kind: "conflict", reason: "The Lease has moved." };
    }
    if (this.#lease.holder !== holder) {
      return {
        kind: "conflict",
        reason: `The Lease is held by ${this.#lease.holder ?? "nobody"}.`,
      };
    }
    this.#lease = {
      ...this.#lease,
      epoch: change.epoch,
      budgetWatts: change.budgetWatts,
      renewedAtMs: change.nowMs,
      resourceVersion: this.#next(),
    };
    return DONE;
  }

  /** Renews it without changing anything. */
  renewLease(holder: string, nowMs: number): boolean {
    if (this.#lease.holder !== holder) return false;
    this.#lease = {
      ...this.#lease,
      renewedAtMs: nowMs,
      resourceVersion: this.#next(),
    };
    return true;
  }

  /** Takes the Lease; whoever held it finds out. */
  takeLease(holder: string, nowMs: number): void {
    const { holder: before, transitions } = this.#lease;
    this.#lease = {
      ...this.#lease,
      holder,
      transitions: before === undefined ? transitions : transitions + 1,
      renewedAtMs: nowMs,
      resourceVersion: this.#next(),
    };
  }

  scale(
    side: SimulatedSide,
    change: {
      readonly replicas: number;
      readonly resourceVersion?: string | undefined;
      readonly fenceEpoch?: number | undefined;
    },
  ): WriteResult {
    const known = this.#scalers.get(side);
    if (!known) return { kind: "gone" };
    const { replicas, resourceVersion, fenceEpoch } = change;
    if (!Number.isInteger(replicas) || replicas < 0) {
      return { kind: "refused", reason: `${replicas} is no replica count.` };
    }
    if (
      resourceVersion !== undefined && resourceVersion !== known.resourceVersion
    ) return { kind: "conflict", reason: "The scaler has moved." };
    this.setScaler(side, replicas, fenceEpoch ?? known.fenceEpoch);
    return DONE;
  }

  // ── Writes of everybody else ──────────────────────────────────────────────────────────────────────────────────

  setScaler(side: SimulatedSide, replicas: number, fenceEpoch = 0): void {
    const resourceVersion = this.#next();
    this.#scalers.set(side, { replicas, fenceEpoch, resourceVersion });
  }

  createPod(pod: SimulatedPod): void {
    this.#put(pod);
  }

  createStranger(pod: Pod): void {
    this.#strangers.push({ ...pod, resourceVersion: this.#next() });
  }

  /** Changes a pod as a controller, a kubelet or a stranger does. */
  changePod(uid: string, change: Partial<Pod>): void {
    const known = this.#pods.get(uid);
    if (known) this.#put({ ...known, pod: { ...known.pod, ...change } });
  }

  /** The object goes, whatever runs. */
  removePod(uid: string): void {
    const known = this.#pods.get(uid);
    if (!known) return;
    this.#pods.delete(uid);
    this.#podList = undefined;
    for (const view of this.#viewsOf(known)) view.pushPod(uid, undefined);
  }

  publish(report: NodePowerReport): void {
    this.#reports.set(report.nodeName, report);
    this.#reportList = undefined;
    this.#pushReport(report.nodeName, report);
  }

  /** Somebody deletes a report. */
  removeReport(nodeName: string): void {
    if (!this.#reports.delete(nodeName)) return;
    this.#reportList = undefined;
    this.#pushReport(nodeName, undefined);
  }

  #put(pod: SimulatedPod): void {
    const next = { ...pod, pod: { ...pod.pod, resourceVersion: this.#next() } };
    this.#pods.set(next.pod.uid, next);
    this.#podList = undefined;
    for (const view of this.#viewsOf(next)) view.pushPod(next.pod.uid, next);
  }

  #pushReport(nodeName: string, report: NodePowerReport | undefined): void {
    for (const [view, about] of this.#views) {
      if (about === undefined) view.pushReport(nodeName, report);
    }
  }

  /** Views that a pod is in: a pod is never on another node than its first. */
  *#viewsOf({ pod: { nodeName } }: SimulatedPod): Iterable<WatchedView> {
    for (const [view, about] of this.#views) {
      if (about === undefined || about === nodeName) yield view;
    }
  }

  #next(): string {
    return `${++this.#version}`;
  }
}

function onNode(
  pods: readonly SimulatedPod[],
  nodeName: string | undefined,
): readonly SimulatedPod[] {
  return nodeName === undefined
    ? pods
    : pods.filter(({ pod }) => pod.nodeName === nodeName);
}
