/** A fleet of the simulated world: Lease, watches and writes as a cluster has them, in virtual time. @module */

import type { SimulatedWorld, WatchedView } from "../../../simulator/mod.ts";
import { WattkeeperError } from "../../../service/mod.ts";
import type {
  FleetSnapshot,
  PerSide,
  Step,
  StepOutcome,
} from "../../core/mod.ts";
import type { Fleet } from "../fleet.ts";
import { clusterSnapshot } from "./cluster_snapshot.ts";

/** A holder that does not renew for so long has lost the Lease, milliseconds. */
const LEASE_MS = 15_000;

/** {@linkcode Fleet} over a {@linkcode SimulatedWorld}. */
export class SimulatedFleet implements Fleet {
  readonly name = "simulated";
  readonly #world: SimulatedWorld;
  readonly #holder: string;
  readonly #gpusPerReplica: PerSide<number>;
  readonly #readOnly: boolean;
  #view: WatchedView | undefined;
  /** The view grew from a LIST after the Lease was won. */
  #consistent = false;
  #news = true;
  readonly #listeners = new Set<() => void>();

  constructor(
    world: SimulatedWorld,
    options: {
      /** Identity of this process; another one for every start. */
      readonly holder: string;
      readonly gpusPerReplica: PerSide<number>;
      /** Watches only: the Lease is not asked for (`advisory`). */
      readonly readOnly?: boolean;
    },
  ) {
    this.#world = world;
    this.#holder = options.holder;
    this.#gpusPerReplica = options.gpusPerReplica;
    this.#readOnly = options.readOnly ?? false;
    world.onDelivered(() => this.#tell());
  }

  snapshot(signal: AbortSignal): Promise<FleetSnapshot> {
    if (signal.aborted) {
      return Promise.reject(
        new WattkeeperError(
          "fleet_unusable",
          "Reading the simulated fleet was cancelled.",
        ),
      );
    }
    this.#news = false;
    if (this.#readOnly) this.#consistent = true;
    else this.#elect();
    const { api, nowMs } = this.#world;
    const view = this.#view ??= this.#world.watch();
    return Promise.resolve(clusterSnapshot(api, view, {
      holder: this.#holder,
      consistent: this.#consistent,
      atMs: nowMs,
      gpusPerReplica: this.#gpusPerReplica,
      ready: (side) => this.#world.ready(side),
    }));
  }

  apply(step: Step, signal: AbortSignal): Promise<StepOutcome> {
    if (this.#readOnly) {
      return Promise.resolve({ kind: "refused", reason: "opened to watch" });
    }
    if (signal.aborted) {
      return Promise.resolve({ kind: "unanswered", reason: "cancelled" });
    }
    const outcome = this.#write(step);
    this.#world.check();
    this.#tell();
    return Promise.resolve(outcome);
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

  /** Takes a Lease that nobody holds any more, then LISTs anew (C11, C14). */
  #elect(): void {
    const { api, nowMs } = this.#world;
    const { holder, renewedAtMs } = api.lease;
    if (holder === this.#holder) {
      if (nowMs - renewedAtMs > LEASE_MS / 3) {
        api.renewLease(this.#holder, nowMs);
      }
      return;
    }
    this.#consistent = false;
    if (holder !== undefined && nowMs - renewedAtMs < LEASE_MS) return;
    api.takeLease(this.#holder, nowMs);
    if (this.#view) this.#world.unwatch(this.#view);
    this.#view = this.#world.watch();
    this.#consistent = true;
  }

  #write(step: Step): StepOutcome {
    const { api, nowMs } = this.#world;
    switch (step.kind) {
      case "lease":
        return api.putLease(this.#holder, { ...step, nowMs });
      case "patch":
        return api.patchPod(step.pod.uid, step.pod.resourceVersion, step.grant);
      case "scale":
        return api.scale(step.side, step);
    }
  }

  #tell(): void {
    this.#news = true;
    for (const listener of [...this.#listeners]) listener();
  }
}
