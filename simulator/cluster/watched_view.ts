/** One client's copy of pods and reports: each object's versions in order, as late as one likes (A3). @module */

import type { NodePowerReport } from "../../cluster/mod.ts";
import type { SimulatedPod } from "./api.ts";

/** A view that gets what has happened when it is delivered. */
export class WatchedView implements Disposable {
  readonly #pods: Map<string, SimulatedPod>;
  readonly #reports: Map<string, NodePowerReport>;
  #podEvents: {
    uid: string;
    pod: SimulatedPod | undefined;
    atMs: number;
  }[] = [];
  #reportEvents: { report: NodePowerReport; atMs: number }[] = [];

  constructor(
    pods: readonly SimulatedPod[],
    reports: readonly NodePowerReport[],
    private readonly now: () => number,
    private readonly onClose: () => unknown,
  ) {
    this.#pods = new Map(pods.map((one) => [one.pod.uid, one]));
    this.#reports = new Map(reports.map((one) => [one.nodeName, one]));
  }

  pods(): readonly SimulatedPod[] {
    return [...this.#pods.values()];
  }

  reports(): readonly NodePowerReport[] {
    return [...this.#reports.values()];
  }

  /** Events on their way. */
  get behind(): number {
    return this.#podEvents.length + this.#reportEvents.length;
  }

  pushPod(uid: string, pod: SimulatedPod | undefined): void {
    this.#podEvents.push({ uid, pod, atMs: this.now() });
  }

  pushReport(report: NodePowerReport): void {
    this.#reportEvents.push({ report, atMs: this.now() });
  }

  /** Delivers the oldest events of pods. */
  deliverPods(most = Infinity): void {
    for (const { uid, pod } of this.#podEvents.splice(0, most)) {
      if (pod) this.#pods.set(uid, pod);
      else this.#pods.delete(uid);
    }
  }

  /** Delivers the oldest reports. */
  deliverReports(most = Infinity): void {
    for (const { report } of this.#reportEvents.splice(0, most)) {
      this.#reports.set(report.nodeName, report);
    }
  }

  /** Delivers what happened until then. @returns whether there was anything */
  deliverUntil(atMs: number): boolean {
    const pods = this.#podEvents.filter((event) => event.atMs <= atMs).length;
    const reports = this.#reportEvents.filter((event) => event.atMs <= atMs)
      .length;
    this.deliverPods(pods);
    this.deliverReports(reports);
    return pods + reports > 0;
  }

  deliver(): void {
    this.deliverPods();
    this.deliverReports();
  }

  [Symbol.dispose](): void {
    this.onClose();
  }
}
