/** The fleet of a cluster: watches in, guarded writes out, one leader at a time (R25–R29). @module */

import type { ApiClient } from "../../../cluster/mod.ts";
import { logger, WattkeeperError } from "../../../service/mod.ts";
import type { FrontendPods } from "../../admission/mod.ts";
import type { FleetSnapshot, Step, StepOutcome } from "../../core/mod.ts";
import type { Listener, LoopClock } from "../../loop/mod.ts";
import type { PrometheusFacts } from "../../sources/mod.ts";
import type { Fleet } from "../fleet.ts";
import { EventRecorder, type FleetEvent, LoopTeller } from "./events/mod.ts";
import type { Elector } from "./lease/mod.ts";
import { appliedEpoch } from "./applied_epoch.ts";
import { patchPod } from "./patch_pod.ts";
import { setReplicas } from "./set_replicas.ts";
import { Painter, type Picture } from "./picture.ts";
import { neededWatches, type Watches } from "./watches.ts";

/** What an opened fleet is made of; see `openKubernetesFleet`. */
export interface FleetParts {
  readonly api: ApiClient;
  /** The Lease's own client. */
  readonly leaseApi: Pick<ApiClient, "counts">;
  readonly watches: Watches;
  readonly elector: Elector;
  readonly painter: Painter;
  readonly events: EventRecorder;
  readonly clock: LoopClock;
  readonly holder: string;
  /** Opened to watch: nothing is ever written. */
  readonly readOnly: boolean;
  /** Caps are the planner's to write; false: they are authored on the deployment. */
  readonly ownsCaps: boolean;
  /** Ends what runs in the background. */
  readonly stop: AbortController;
  /** What runs in the background. */
  readonly running: Promise<unknown>;
  /** Known at the start, for people. */
  readonly notices: readonly string[];
}

/** Counts for metrics. */
export interface FleetCounts {
  readonly requests: number;
  readonly leaseRequests: number;
  readonly throttled: number;
  readonly retried: number;
  readonly conflicts: number;
  readonly eventsWritten: number;
  readonly eventsFailed: number;
  readonly watches: readonly {
    readonly resource: string;
    readonly lists: number;
    readonly watches: number;
    readonly ageSeconds: number | undefined;
  }[];
}

/** Longest wait for the Lease to be given up at the end, milliseconds. */
const RELEASE_MS = 3_000;

/** {@linkcode Fleet} over an API server. */
export class KubernetesFleet implements Fleet, AsyncDisposable {
  readonly name = "kubernetes";
  readonly #parts: FleetParts;
  readonly #log = logger("planner.fleet");
  readonly #teller = new LoopTeller();
  readonly #listeners = new Set<() => void>();
  #news = true;
  #said = new Set<string>();
  #steppingDown = false;

  constructor(parts: FleetParts) {
    this.#parts = parts;
  }

  /** Identity in the election. */
  get holder(): string {
    return this.#parts.holder;
  }

  /** What a person must know about it. */
  get notices(): readonly string[] {
    return this.#parts.notices;
  }

  /** Frontends of the deployment, from the watch (R18). */
  get frontends(): FrontendPods {
    return {
      list: () => Promise.resolve(this.#parts.painter.frontends()),
    };
  }

  /** Names that Prometheus is asked by (P76, P80, P93). */
  prometheusFacts(): PrometheusFacts {
    return this.#parts.painter.prometheusFacts();
  }

  counts(): FleetCounts {
    const { api, watches, events } = this.#parts;
    const { pods, reports, nodes, graphs, adapters } = watches;
    return {
      ...api.counts,
      leaseRequests: this.#parts.leaseApi.counts.requests,
      eventsWritten: events.counts.written,
      eventsFailed: events.counts.failed,
      watches: [
        pods,
        reports,
        nodes,
        graphs,
        adapters,
        ...watches.workloads,
        ...watches.autoscalers,
      ].flatMap((one) =>
        one === undefined ? [] : [{
          resource: one.name,
          ...one.counts,
          ageSeconds: one.ageMs === undefined ? undefined : one.ageMs / 1000,
        }]
      ),
    };
  }

  /** Something that it goes by has changed. */
  readonly tell = (): void => {
    this.#news = true;
    for (const listener of [...this.#listeners]) listener();
  };

  snapshot(signal: AbortSignal): Promise<FleetSnapshot> {
    if (signal.aborted) {
      return Promise.reject(
        new WattkeeperError(
          "fleet_unusable",
          "Reading the cluster was cancelled.",
        ),
      );
    }
    this.#news = false;
    const { elector, clock, painter, readOnly } = this.#parts;
    const picture = painter.paint();
    const { facts } = elector;
    const snapshot: FleetSnapshot = {
      atMs: clock.now(),
      consistent: readOnly || this.#isConsistent(),
      sides: picture.sides,
      pods: picture.pods,
      reports: picture.reports,
      otherPodUids: picture.otherPodUids,
      outOfServiceNodes: picture.outOfServiceNodes,
      lease: facts ?? NO_LEASE,
      paused: picture.paused,
      problems: [
        ...picture.problems,
        ...(elector.fault === undefined ? [] : [`Lease: ${elector.fault}`]),
      ],
    };
    this.#report(picture);
    this.#watchEpochs(snapshot, picture.grantEpoch);
    return Promise.resolve(snapshot);
  }

  async apply(step: Step, signal: AbortSignal): Promise<StepOutcome> {
    const { api, elector, painter, watches, readOnly, ownsCaps } = this.#parts;
    if (readOnly) return { kind: "refused", reason: "opened to watch" };
    if (signal.aborted) return { kind: "unanswered", reason: "cancelled" };
    if (step.kind === "lease") return await elector.put(step, signal);
    if (!elector.held) {
      return {
        kind: "conflict",
        reason:
          "The Lease is not held: another planner leads, or the API server is out of reach.",
      };
    }
    if (step.kind === "patch") {
      return ownsCaps
        ? await patchPod({
          api,
          step,
          known: painter.pod(step.pod.uid),
          seen: (pod) => watches.pods.learn(pod),
          signal,
        })
        : {
          kind: "refused",
          reason:
            "power_cap_owner is deployment: caps are authored there, and pods are not patched.",
        };
    }
    const { component, scaledBy } = painter.side(step.side);
    painter.expect(step.side, step.replicas);
    return await setReplicas({
      api,
      step,
      scaler: component?.scaler,
      scaledBy,
      signal,
    });
  }

  async changed(signal: AbortSignal): Promise<void> {
    while (!this.#news && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = () => {
          this.#listeners.delete(done);
          signal.removeEventListener("abort", done);
          resolve();
        };
        this.#listeners.add(done);
        signal.addEventListener("abort", done, { once: true });
      });
    }
  }

  /** Takes the loop's events, for Events that people read. */
  readonly listener: Listener = (event) => {
    for (const one of this.#teller.tell(event)) this.#event(one);
  };

  /** Gives the Lease up, writes what is being written, ends the watches. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { elector, events, stop, running, watches } = this.#parts;
    await elector.release(AbortSignal.timeout(RELEASE_MS));
    await Promise.race([
      events.flush(),
      this.#parts.clock.sleep(RELEASE_MS, stop.signal),
    ]);
    stop.abort();
    await running;
    await Promise.all(neededWatches(watches).map((one) => one.ended()));
  }

  /** Every LIST that counts was sent after the Lease was won (C11, C14). */
  #isConsistent(): boolean {
    const { elector, watches } = this.#parts;
    const { held, wonAtMs } = elector;
    return held && wonAtMs !== undefined &&
      neededWatches(watches).every(({ listedAtMs }) =>
        listedAtMs !== undefined && listedAtMs >= wonAtMs
      );
  }

  /** C5: somebody has written with a higher epoch than the Lease that we hold. */
  #watchEpochs(snapshot: FleetSnapshot, grantEpoch: number): void {
    const { elector, stop, readOnly } = this.#parts;
    const { claimedEpoch } = elector;
    if (
      readOnly || this.#steppingDown || !elector.held ||
      claimedEpoch === undefined
    ) return;
    const found = Math.max(grantEpoch, appliedEpoch(snapshot));
    if (found <= claimedEpoch) return;
    this.#steppingDown = true;
    this.#log.error(
      `Epoch ${found} was found, and this planner leads in ${claimedEpoch}: stepping down.`,
    );
    elector.stepDown(stop.signal).finally(() => this.#steppingDown = false);
  }

  /** What a person should see of a look: problems, changes by others, each said when it begins. */
  #report({ problems, foreignChanges }: Picture): void {
    for (const { side, from, to, by } of foreignChanges) {
      const who = by === undefined ? "Somebody else" : `"${by}"`;
      const message =
        `${who} has set ${side} from ${from} to ${to} replicas. It is kept until a decision asks for another number.`;
      this.#log.warn(message);
      this.#event({
        reason: "ReplicasChanged",
        type: "Warning",
        action: "Scale",
        key: `${side} ${to}`,
        message,
      });
    }
    for (const message of problems) {
      this.#event({
        reason: message.includes("two would fight")
          ? "OtherScaler"
          : "FleetProblem",
        type: "Warning",
        action: "Watch",
        key: message.slice(0, 200),
        message,
      });
    }
    this.#said = new Set(problems);
  }

  #event(event: FleetEvent): void {
    const { elector, painter, events, readOnly, stop } = this.#parts;
    const about = painter.reference;
    if (readOnly || painter.paused || !about || !elector.held) return;
    events.tell(event, about, stop.signal);
  }
}

/** Before the Lease was read nobody knows who leads. */
const NO_LEASE: FleetSnapshot["lease"] = {
  heldByUs: false,
  holder: undefined,
  epoch: 0,
  transitions: 0,
  budgetWatts: undefined,
  resourceVersion: "",
};
