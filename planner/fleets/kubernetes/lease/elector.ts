/**
 * Who leads: one holder of a Lease at a time, a new identity for every start of a process (R28, C4, C5, C11).
 *
 * Nothing here is what keeps two planners apart: that is the `resourceVersion` of each write (C4, C5, C12). The Lease
 * decides who may try.
 *
 * @module
 */

import {
  type ApiClient,
  ApiError,
  type Random,
} from "../../../../cluster/mod.ts";
import { logger } from "../../../../service/mod.ts";
import type { LeaseFacts, StepOutcome } from "../../../core/mod.ts";
import type { LoopClock } from "../../../loop/mod.ts";
import { outcomeOf } from "../outcome.ts";
import { leaseObject, type LeaseRecord, readLease } from "./lease_object.ts";
import { LEASE_TIMES, type LeaseTimes } from "./lease_times.ts";

/** What it works with. */
export interface ElectorOptions {
  /** A client of its own: renewals do not wait behind a thousand stamps. */
  readonly api: Pick<ApiClient, "get" | "create" | "replace">;
  readonly namespace: string;
  readonly name: string;
  /** Identity of this process; another one for every start. */
  readonly holder: string;
  readonly clock: LoopClock;
  readonly random: Random;
  readonly times?: Partial<LeaseTimes>;
  /** Looks only: advisory. */
  readonly readOnly?: boolean;
  /** Called after every change of {@linkcode Elector.facts} or {@linkcode Elector.held}. */
  readonly onChange: () => void;
  /** Called when the Lease was won, after {@linkcode Elector.wonAtMs} is set. */
  readonly onWon: () => void;
}

/** Versions of our own making that a step may still name. */
const MOST_OWN_VERSIONS = 64;

/** Acquires and renews while {@linkcode Elector.run} runs. */
export class Elector {
  readonly #options: ElectorOptions;
  readonly #times: LeaseTimes;
  readonly #log = logger("planner.lease");
  #seen: LeaseRecord | undefined;
  /** Our clock when this version of the Lease was first seen. */
  #seenAtMs = 0;
  /** Our clock when the newest renewal that succeeded was sent; undefined: we do not hold it. */
  #renewedAtMs: number | undefined;
  #wonAtMs: number | undefined;
  /** Versions written by us in one go, without anybody between them. */
  #ownVersions: string[] = [];
  /** What a write that had no answer left behind is not known. */
  #doubtful = true;
  #leaveAloneUntilMs = -Infinity;
  #queue: Promise<unknown> = Promise.resolve();
  #fault: string | undefined;
  #claimedEpoch: number | undefined;

  constructor(options: ElectorOptions) {
    this.#options = options;
    this.#times = { ...LEASE_TIMES, ...options.times };
  }

  /** Whether we hold it: renewed within the deadline, by our own clock, whatever a pause has done in between. */
  get held(): boolean {
    return this.#renewedAtMs !== undefined &&
      this.#options.clock.now() - this.#renewedAtMs <
        this.#times.renewDeadlineMs;
  }

  /** Our clock when it was won last; lists sent before are of no use to a leader (C11, C14). */
  get wonAtMs(): number | undefined {
    return this.#wonAtMs;
  }

  /** Epoch that a step has put into the Lease since it was won. */
  get claimedEpoch(): number | undefined {
    return this.#claimedEpoch;
  }

  /** What is wrong now. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** The Lease as read last; undefined before it was read, or while there is none. */
  get facts(): LeaseFacts | undefined {
    const seen = this.#seen;
    return seen && {
      heldByUs: this.held,
      holder: seen.holder,
      epoch: seen.epoch,
      transitions: seen.transitions,
      budgetWatts: seen.budgetWatts,
      resourceVersion: seen.resourceVersion,
    };
  }

  /** Runs until the signal aborts. Never throws for anything the server does. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const { renewMs, retryMs } = this.#times;
    while (!signal.aborted) {
      const fine = await this.#alone(() => this.#turn(signal));
      const restMs = fine && this.held ? renewMs : retryMs;
      await clock.sleep(restMs * (0.9 + 0.2 * random()), signal);
    }
  }

  /** One look, and what follows from it; resolves when it is done. */
  turn(signal: AbortSignal): Promise<boolean> {
    return this.#alone(() => this.#turn(signal));
  }

  /**
   * A PUT for a step of the ledger (C4, C15): succeeds only if nobody else has written the Lease since the step's version
   * was read; our own renewals in between do not count.
   */
  put(
    step: {
      readonly epoch: number;
      readonly budgetWatts: number | undefined;
      readonly resourceVersion: string;
    },
    signal: AbortSignal,
  ): Promise<StepOutcome> {
    return this.#alone(async (): Promise<StepOutcome> => {
      try {
        if (this.#doubtful && this.held) await this.#look(signal);
      } catch (error) {
        return putOutcome(error);
      }
      const seen = this.#seen;
      if (!this.held || !seen) {
        return { kind: "conflict", reason: "The Lease is not held." };
      }
      if (
        step.resourceVersion !== seen.resourceVersion &&
        !this.#ownVersions.includes(step.resourceVersion)
      ) {
        return {
          kind: "conflict",
          reason:
            `The Lease is at version ${seen.resourceVersion}, not ${step.resourceVersion}.`,
        };
      }
      if (step.epoch < seen.epoch) {
        return {
          kind: "conflict",
          reason: `The Lease is at epoch ${seen.epoch} already.`,
        };
      }
      try {
        await this.#write(seen, {
          epoch: step.epoch,
          budgetWatts: step.budgetWatts,
        }, signal);
        this.#claimedEpoch = step.epoch;
        return { kind: "done" };
      } catch (error) {
        this.#failed(error);
        return putOutcome(error);
      }
    });
  }

  /** Gives the Lease up, so that others may have it first: a higher epoch was found (C5). */
  stepDown(signal: AbortSignal): Promise<void> {
    return this.#alone(async () => {
      this.#leaveAloneUntilMs = this.#options.clock.now() +
        this.#times.durationMs;
      await this.#giveUp(signal);
    });
  }

  /** The graceful end: the next planner need not wait until ours has run out. */
  release(signal: AbortSignal): Promise<void> {
    return this.#alone(() => this.#giveUp(signal));
  }

  async #giveUp(signal: AbortSignal): Promise<void> {
    const seen = this.#seen;
    if (this.#renewedAtMs === undefined || !seen) return;
    try {
      await this.#send(seen, {
        holder: undefined,
        epoch: seen.epoch,
        budgetWatts: seen.budgetWatts,
        transitions: seen.transitions,
      }, signal);
      this.#log.info("The Lease is given up.");
    } catch (error) {
      this.#failed(error);
    }
    this.#lose();
  }

  /** @returns whether it went well */
  async #turn(signal: AbortSignal): Promise<boolean> {
    try {
      if (this.#renewedAtMs === undefined || this.#doubtful || !this.#seen) {
        await this.#look(signal);
      }
      if (this.#options.readOnly) return true;
      const seen = this.#seen;
      if (!seen) await this.#create(signal);
      else if (seen.holder === this.#options.holder) {
        await this.#write(seen, {}, signal);
      } else if (this.#mayTake(seen)) await this.#take(seen, signal);
      this.#tellFault(undefined);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      this.#failed(error);
      if (
        error instanceof ApiError &&
        (error.kind === "conflict" || error.kind === "gone")
      ) return false;
      this.#tellFault(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  /** A Lease that nobody has, or that has stood still for its duration on our own clock; its timestamps say nothing. */
  #mayTake({ holder, durationMs }: LeaseRecord): boolean {
    const nowMs = this.#options.clock.now();
    if (nowMs < this.#leaveAloneUntilMs) return false;
    return holder === undefined || nowMs - this.#seenAtMs >= durationMs;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { api } = this.#options;
    try {
      const before = this.#seen?.resourceVersion;
      this.#see(await api.get(this.#path, signal));
      // Somebody else has written it, or a write of ours that had no answer: steps go by the new version.
      if (this.#seen?.resourceVersion !== before) this.#ownVersions = [];
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== "gone") throw error;
      this.#seen = undefined;
      this.#lose();
    }
    this.#doubtful = false;
  }

  async #create(signal: AbortSignal): Promise<void> {
    const { api, namespace } = this.#options;
    const sentAtMs = this.#options.clock.now();
    this.#doubtful = true;
    const object = await api.create(
      `/apis/coordination.k8s.io/v1/namespaces/${
        encodeURIComponent(namespace)
      }/leases`,
      this.#object({
        holder: this.#options.holder,
        transitions: 0,
        epoch: 0,
        budgetWatts: undefined,
      }, undefined),
      signal,
    );
    this.#doubtful = false;
    this.#see(object);
    this.#won(sentAtMs);
  }

  async #take(seen: LeaseRecord, signal: AbortSignal): Promise<void> {
    const sentAtMs = this.#options.clock.now();
    await this.#send(seen, {
      holder: this.#options.holder,
      transitions: seen.transitions + 1,
      epoch: seen.epoch,
      budgetWatts: seen.budgetWatts,
    }, signal);
    this.#won(sentAtMs);
  }

  /** A renewal, with another epoch and budget where a step says so. */
  async #write(
    seen: LeaseRecord,
    wish: {
      readonly epoch?: number;
      readonly budgetWatts?: number | undefined;
    },
    signal: AbortSignal,
  ): Promise<void> {
    const sentAtMs = this.#options.clock.now();
    const lapsed = !this.held;
    await this.#send(seen, {
      holder: this.#options.holder,
      transitions: seen.transitions,
      epoch: wish.epoch ?? seen.epoch,
      budgetWatts: "budgetWatts" in wish ? wish.budgetWatts : seen.budgetWatts,
    }, signal);
    // Held without a gap, or won anew after one.
    if (lapsed) this.#won(sentAtMs);
    else this.#renewedAtMs = sentAtMs;
  }

  async #send(
    seen: LeaseRecord,
    wish: {
      readonly holder: string | undefined;
      readonly transitions: number;
      readonly epoch: number;
      readonly budgetWatts: number | undefined;
    },
    signal: AbortSignal,
  ): Promise<void> {
    this.#doubtful = true;
    const object = await this.#options.api.replace(
      this.#path,
      this.#object(wish, seen),
      signal,
    );
    this.#doubtful = false;
    this.#ownVersions.push(seen.resourceVersion);
    this.#ownVersions = this.#ownVersions.slice(-MOST_OWN_VERSIONS);
    this.#see(object);
  }

  #object(
    wish: {
      readonly holder: string | undefined;
      readonly transitions: number;
      readonly epoch: number;
      readonly budgetWatts: number | undefined;
    },
    before: LeaseRecord | undefined,
  ): unknown {
    const { namespace, name, clock } = this.#options;
    return leaseObject({
      ...wish,
      namespace,
      name,
      durationMs: this.#times.durationMs,
      wallMs: clock.wallMs(),
      acquired: wish.holder !== undefined && wish.holder !== before?.holder,
    }, before);
  }

  #see(object: unknown): void {
    const record = readLease(object, this.#times.durationMs);
    if (record.resourceVersion === this.#seen?.resourceVersion) return;
    const before = this.#seen;
    this.#seen = record;
    this.#seenAtMs = this.#options.clock.now();
    if (record.holder !== this.#options.holder) {
      this.#lose();
      if (before?.holder !== record.holder && record.holder !== undefined) {
        this.#log.info(`The Lease is held by "${record.holder}".`, {
          holder: record.holder,
        });
      }
    }
    this.#options.onChange();
  }

  #won(sentAtMs: number): void {
    this.#renewedAtMs = sentAtMs;
    this.#wonAtMs = this.#options.clock.now();
    this.#ownVersions = [];
    this.#claimedEpoch = undefined;
    this.#log.info("The Lease is won: this planner leads.", {
      holder: this.#options.holder,
      transitions: this.#seen?.transitions ?? 0,
    });
    this.#options.onWon();
    this.#options.onChange();
  }

  #lose(): void {
    if (this.#renewedAtMs === undefined) return;
    this.#renewedAtMs = undefined;
    this.#ownVersions = [];
    this.#claimedEpoch = undefined;
    this.#log.warn("The Lease is lost: this planner writes nothing.");
    this.#options.onChange();
  }

  /** After a write that failed the Lease is read again before the next one. */
  #failed(error: unknown): void {
    this.#doubtful = true;
    this.#log.debug(
      `The Lease: ${error instanceof Error ? error.message : error}`,
    );
  }

  #tellFault(message: string | undefined): void {
    if (message === this.#fault) return;
    this.#fault = message;
    if (message !== undefined) this.#log.warn(`The Lease: ${message}`);
    this.#options.onChange();
  }

  get #path(): string {
    const { namespace, name } = this.#options;
    return `/apis/coordination.k8s.io/v1/namespaces/${
      encodeURIComponent(namespace)
    }/leases/${encodeURIComponent(name)}`;
  }

  /** One write of the Lease at a time. */
  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = this.#queue.then(work);
    this.#queue = mine.catch(() => {});
    return mine;
  }
}

/** A Lease that is gone is no success: nothing may be raised on it (C4). */
function putOutcome(error: unknown): StepOutcome {
  const outcome = outcomeOf(error);
  return outcome.kind === "gone"
    ? { kind: "conflict", reason: "The Lease is gone." }
    : outcome;
}
