/** One client's copy of pods and reports: each object's versions in order, as late as one likes (A3). @module */

import type { NodePowerReport } from "../../cluster/mod.ts";
import type { Random } from "../random.ts";
import type { SimulatedPod } from "./api.ts";

/** One version of one object, on its way. */
interface PodEvent {
  readonly uid: string;
  readonly pod: SimulatedPod | undefined;
  readonly atMs: number;
}

interface ReportEvent {
  readonly nodeName: string;
  readonly report: NodePowerReport | undefined;
  readonly atMs: number;
}

/** A view that gets what has happened when it is delivered. */
export class WatchedView implements Disposable {
  readonly #pods: Map<string, SimulatedPod>;
  readonly #reports: Map<string, NodePowerReport>;
  readonly #now: () => number;
  readonly #options: {
    readonly random: Random;
    readonly reorderMs: number;
    readonly onClose: () => unknown;
  };
  #podEvents: PodEvent[] = [];
  #reportEvents: ReportEvent[] = [];
  /** When the newest event of an object is due: the next one is not before it. */
  readonly #lastMs = new Map<string, number>();
  #podsVersion = 0;
  /** Pods and reports as lists, made when they are asked for; undefined: something has come since. */
  #podList: readonly SimulatedPod[] | undefined;
  #reportList: readonly NodePowerReport[] | undefined;

  constructor(
    pods: readonly SimulatedPod[],
    reports: readonly NodePowerReport[],
    now: () => number,
    options: {
      readonly random: Random;
      /** Events of different objects overtake each other by up to so much, milliseconds. */
      readonly reorderMs: number;
      readonly onClose: () => unknown;
    },
  ) {
    this.#pods = new Map(pods.map((one) => [one.pod.uid, one]));
    this.#reports = new Map(reports.map((one) => [one.nodeName, one]));
    this.#now = now;
    this.#options = options;
  }

  pods(): readonly SimulatedPod[] {
    return this.#podList ??= [...this.#pods.values()];
  }

  reports(): readonly NodePowerReport[] {
    return this.#reportList ??= [...this.#reports.values()];
  }

  /** Grows whenever {@linkcode pods} changes. */
  get podsVersion(): number {
    return this.#podsVersion;
  }

  /** Events on their way. */
  get behind(): number {
    return this.#podEvents.length + this.#reportEvents.length;
  }

  pushPod(uid: string, pod: SimulatedPod | undefined): void {
    insert(this.#podEvents, { uid, pod, atMs: this.#dueMs("pod", uid) });
  }

  pushReport(nodeName: string, report: NodePowerReport | undefined): void {
    const atMs = this.#dueMs("node", nodeName);
    insert(this.#reportEvents, { nodeName, report, atMs });
  }

  /** Delivers the oldest events of pods. */
  deliverPods(most = Infinity): void {
    if (this.#podEvents.length === 0 || most === 0) return;
    this.#podsVersion++;
    this.#podList = undefined;
    for (const { uid, pod } of this.#podEvents.splice(0, most)) {
      if (pod) this.#pods.set(uid, pod);
      else {
        this.#pods.delete(uid);
        this.#lastMs.delete(`pod ${uid}`);
      }
    }
  }

  /** Delivers the oldest reports. */
  deliverReports(most = Infinity): void {
    if (this.#reportEvents.length === 0 || most === 0) return;
    this.#reportList = undefined;
    for (const { nodeName, report } of this.#reportEvents.splice(0, most)) {
      if (report) this.#reports.set(nodeName, report);
      else this.#reports.delete(nodeName);
    }
  }

  /** Delivers what was due until then. @returns whether there was anything */
  deliverUntil(podsMs: number, reportsMs = podsMs): boolean {
    const pods = countUntil(this.#podEvents, podsMs);
    const reports = countUntil(this.#reportEvents, reportsMs);
    this.deliverPods(pods);
    this.deliverReports(reports);
    return pods + reports > 0;
  }

  deliver(): void {
    this.deliverPods();
    this.deliverReports();
  }

  [Symbol.dispose](): void {
    this.#options.onClose();
  }

  #dueMs(kind: "pod" | "node", name: string): number {
    const { random, reorderMs } = this.#options;
    if (reorderMs === 0) return this.#now();
    const object = `${kind} ${name}`;
    const dueMs = Math.max(
      this.#lastMs.get(object) ?? 0,
      this.#now() + Math.floor(random() * reorderMs),
    );
    this.#lastMs.set(object, dueMs);
    return dueMs;
  }
}

/** Behind everything that is due before it or at the same time. */
function insert<Event extends { readonly atMs: number }>(
  events: Event[],
  event: Event,
): void {
  let at = events.length;
  while (at > 0 && events[at - 1]!.atMs > event.atMs) at--;
  if (at === events.length) events.push(event);
  else events.splice(at, 0, event);
}

function countUntil(
  events: readonly { readonly atMs: number }[],
  atMs: number,
): number {
  let count = 0;
  while (count < events.length && events[count]!.atMs <= atMs) count++;
  return count;
}
