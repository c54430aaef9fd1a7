/** A fleet of the simulated world: Lease, watches and writes as a cluster has them, in virtual time. @module */

import type {
  SimulatedLease,
  SimulatedWorld,
  WatchedView,
} from "../../../simulator/mod.ts";
import { WattkeeperError } from "../../../service/portable.ts";
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
/** A holder that could not renew for so long no longer takes itself for the leader. */
const RENEW_DEADLINE_MS = 10_000;

/** A write on its way. */
interface Packet {
  landsAtMs: number;
  readonly step: Step;
  readonly land: () => void;
}

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
  /** The Lease as it was read last, and when it was renewed last. */
  #lease: SimulatedLease;
  #renewedAtMs = -Infinity;
  #leading = false;
  /** Until then it goes by the Lease that it knows: its clock stood still, and it is not yet time to renew. */
  #unawareUntilMs = -Infinity;
  #news = true;
  /** Told of each write that is on its way. */
  onSent: ((step: Step) => void) | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #packets = new Set<Packet>();
  readonly #unlisten: () => void;

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
    this.#lease = world.api.lease;
    this.#unlisten = world.onDelivered(() => this.#tell());
  }

  /** Whether this process takes itself for the leader. */
  get leads(): boolean {
    return this.#leading;
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
    const { api, nowMs, faults } = this.#world;
    const reached = !faults.has("api_down");
    if (!reached && !this.#view) {
      return Promise.reject(
        new WattkeeperError(
          "fleet_unusable",
          "The simulated API server does not answer.",
        ),
      );
    }
    this.#news = false;
    if (this.#readOnly) {
      this.#consistent = true;
      this.#lease = api.lease;
    } else if (reached) this.#elect();
    else this.#doubt();
    const view = this.#view ??= this.#world.watch(this.#holder);
    return Promise.resolve({
      ...clusterSnapshot(api, view, {
        holder: this.#holder,
        consistent: this.#consistent,
        atMs: nowMs,
        gpusPerReplica: this.#gpusPerReplica,
        lease: this.#lease,
        ready: (side) => this.#world.ready(side),
        isServing: (uid) => this.#world.isServing(uid),
      }),
      outOfServiceNodes: faults.outOfServiceNodes(),
    });
  }

  apply(step: Step, signal: AbortSignal): Promise<StepOutcome> {
    if (this.#readOnly) {
      return Promise.resolve({ kind: "refused", reason: "opened to watch" });
    }
    if (signal.aborted) {
      return Promise.resolve({ kind: "unanswered", reason: "cancelled" });
    }
    const { faults, delays, nowMs, writeRandom } = this.#world;
    if (faults.has("api_down")) {
      return Promise.resolve({ kind: "unanswered", reason: "no connection" });
    }
    const answerMs = Math.max(delays.answerMs, faults.answerMs);
    if (answerMs === 0) return Promise.resolve(this.#attempt(step));
    const landsAtMs = nowMs + Math.ceil(answerMs * writeRandom());
    return new Promise((resolve) => {
      const packet: Packet = {
        landsAtMs,
        step,
        land: () => {
          this.#packets.delete(packet);
          const outcome = this.#attempt(step);
          this.#world.at(nowMs + answerMs, () => {
            resolve(outcome);
            this.#tell();
          });
        },
      };
      this.#packets.add(packet);
      this.onSent?.(step);
      this.#land(packet);
    });
  }

  /** Writes that have been sent and have not landed. */
  inFlight(): readonly Step[] {
    return [...this.#packets].map(({ step }) => step);
  }

  /** The process is frozen until a time. With `unaware` its clock stands still meanwhile, and it does not know how late it is. */
  freeze(untilMs: number, { unaware }: { readonly unaware: boolean }): void {
    const { nowMs } = this.#world;
    if (unaware) {
      const leftMs = LEASE_MS / 3 - (nowMs - this.#renewedAtMs);
      this.#unawareUntilMs = untilMs + Math.max(0, leftMs);
    } else if (untilMs - nowMs > RENEW_DEADLINE_MS) this.#leading = false;
    this.holdUp(untilMs);
  }

  /** What has been sent and not landed is held up on its way until a time. */
  holdUp(untilMs: number): void {
    for (const packet of this.#packets) {
      packet.landsAtMs = Math.max(packet.landsAtMs, untilMs);
    }
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

  /** The process is gone; what it sent lands all the same. */
  close(): void {
    this.#unlisten();
    this.#listeners.clear();
    if (this.#view) this.#world.unwatch(this.#view);
  }

  #land(packet: Packet): void {
    const { landsAtMs } = packet;
    this.#world.at(landsAtMs, () => {
      if (packet.landsAtMs > landsAtMs) this.#land(packet);
      else packet.land();
    });
  }

  /** One write arrives at the API server, if nothing is in its way. */
  #attempt(step: Step): StepOutcome {
    const { faults } = this.#world;
    const chance = (shares: readonly { readonly share: number }[]) =>
      shares.some(({ share }) => this.#world.writeRandom() < share);
    if (faults.forbids(step.kind)) {
      return { kind: "refused", reason: "forbidden" };
    }
    if (chance(faults.all("write_conflict"))) this.#touch(step);
    if (chance(faults.all("write_lost"))) {
      if (this.#world.writeRandom() < 0.5) this.#write(step);
      this.#world.check();
      return { kind: "unanswered", reason: "timeout" };
    }
    const outcome = this.#write(step);
    this.#world.check();
    this.#tell();
    return outcome;
  }

  /** Somebody else has written the object just before. */
  #touch(step: Step): void {
    const { api } = this.#world;
    if (step.kind === "patch") api.changePod(step.pod.uid, {});
    if (step.kind === "lease") api.renewLease(this.#holder, this.#renewedAtMs);
    if (step.kind === "scale") {
      const known = api.scaler(step.side);
      if (known) api.setScaler(step.side, known.replicas, known.fenceEpoch);
    }
  }

  /** Keeps the Lease, or takes one that nobody holds any more and LISTs anew (C11, C14). */
  #elect(): void {
    const { api, nowMs, faults } = this.#world;
    if (this.#leading && nowMs < this.#unawareUntilMs) return;
    const { holder, renewedAtMs } = api.lease;
    const forbidden = faults.forbids("lease");
    if (this.#leading && holder === this.#holder) {
      if (nowMs - renewedAtMs > LEASE_MS / 3 && !forbidden) {
        api.renewLease(this.#holder, nowMs);
      }
      this.#renewedAtMs = api.lease.renewedAtMs;
      this.#lease = api.lease;
      return this.#doubt();
    }
    this.#stepDown();
    const others = holder !== undefined && holder !== this.#holder;
    if (others && nowMs - renewedAtMs < LEASE_MS || forbidden) return;
    if (holder === this.#holder) api.renewLease(this.#holder, nowMs);
    else api.takeLease(this.#holder, nowMs);
    this.#leading = true;
    this.#lease = api.lease;
    this.#renewedAtMs = nowMs;
    if (this.#view) this.#world.unwatch(this.#view);
    this.#view = this.#world.watch(this.#holder);
    this.#consistent = true;
  }

  /** Who could not renew in time does not know whether it still leads. */
  #doubt(): void {
    if (this.#world.nowMs < this.#unawareUntilMs) return;
    if (this.#world.nowMs - this.#renewedAtMs > RENEW_DEADLINE_MS) {
      this.#stepDown();
    }
  }

  #stepDown(): void {
    const { lease } = this.#world.api;
    this.#leading = false;
    this.#consistent = false;
    this.#lease = lease.holder === this.#holder
      ? { ...lease, holder: undefined }
      : lease;
  }

  #write(step: Step): StepOutcome {
    const { api, nowMs } = this.#world;
    switch (step.kind) {
      case "lease": {
        const outcome = api.putLease(this.#holder, { ...step, nowMs });
        if (outcome.kind === "conflict") this.#unawareUntilMs = -Infinity;
        return outcome;
      }
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
