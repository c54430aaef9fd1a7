/** One pass after another: observe, decide, enforce, remember. The only place that writes to devices. @module */

import { adoptedEntries } from "./adopt.ts";
import { DriftLog } from "./drift.ts";
import { enforce, type Outcome } from "./enforce.ts";
import { ourWatts, ownersOf } from "./entry.ts";
import { vacated } from "./free.ts";
import { gateStateOf } from "./gate_state.ts";
import { type Observation, observe, type ObservedGpu } from "./observe.ts";
import { decide, releaseWatts } from "./policy.ts";
import type {
  Clock,
  GpuIdentity,
  GpuOwnership,
  NodePowerReport,
  Nvml,
  Ownership,
  OwnershipAnswer,
  PodView,
} from "./ports.ts";
import type { Decision, PolicyConfig, Situation } from "./situation.ts";
import type { StateStore } from "./state.ts";
import { type AgentCounts, type GpuStatus, zeroCounts } from "./status.ts";

/** Time that all of C24 must hold before a GPU is `free` or released. */
export const RELEASE_GRACE_MS = 5_000;

/** Draw and its companions are read at most this often, milliseconds: no decision needs them sooner. */
const TELEMETRY_MS = 1_000;

/** What the reconciler works on. */
export interface ReconcilerOptions {
  readonly nvml: Nvml;
  readonly ownership: Ownership;
  readonly view: PodView;
  readonly store: StateStore;
  readonly clock: Clock;
  readonly bootId: string;
  readonly policy: PolicyConfig;
  readonly dryRun: boolean;
  /** Every pass gives back what is still as we set it, whoever is on it, and caps nothing: an uninstall. */
  readonly releasing?: boolean;
  /** This node's newest report before this process, for the rebuild after a lost record. */
  readonly lastReport?: () => LastReport;
  /** GPUs that the reference agent's file names. */
  readonly referenceUuids?: ReadonlySet<string>;
}

/** What is known of this node's newest report before this process. */
export interface LastReport {
  readonly report: NodePowerReport | undefined;
  /** Every place that may hold one has answered. */
  readonly complete: boolean;
}

const NO_LAST_REPORT: LastReport = { report: undefined, complete: true };

/** Why a pass is made: an event needs no new enumeration of the devices. */
export type PassReason = "interval" | "event" | "gate";

/** What a pass came to. */
export interface PassResult {
  /** Everything that had to be read was read, and everything that had to be written was. */
  readonly good: boolean;
  /** A limit was lowered or a GPU freed (C26). */
  readonly urgent: boolean;
  /** Another pass is worth its while after this many milliseconds: a grace time runs out. */
  readonly wakeInMs: number | undefined;
  readonly reason: string;
}

/** Passes over all GPUs. Passes, checks and gate questions are put one after another. */
export class Reconciler {
  readonly counts: AgentCounts = zeroCounts();
  readonly #drift = new DriftLog();
  readonly #vacatedSince = new Map<string, number>();
  readonly #notes = new Map<string, ReadonlySet<string>>();
  readonly #seen = new Map<string, GpuIdentity>();
  #known: readonly GpuIdentity[] | undefined;
  #statuses: readonly GpuStatus[] = [];
  #allocations: OwnershipAnswer["allocations"];
  #rebuilt = false;
  #telemetryDueMs = 0;
  #turn: Promise<unknown> = Promise.resolve();
  /** Monotonic time of the end of the last good pass, milliseconds. */
  lastGoodAtMs: number | undefined;
  lastPassMs = 0;

  constructor(readonly options: ReconcilerOptions) {}

  /** The GPUs as the last pass left them. */
  statuses(): readonly GpuStatus[] {
    return this.#statuses;
  }

  /** What the kubelet had given to a pod at the last pass; undefined when that is not known. */
  allocationOf(pod: { namespace: string; name: string }) {
    return this.#allocations?.get(`${pod.namespace}/${pod.name}`);
  }

  /** Does work while no pass and no other such work runs. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(work, work);
    this.#turn = next.catch(() => undefined);
    return next;
  }

  pass(reason: PassReason): Promise<PassResult> {
    return this.exclusive(() => this.passAlone(reason));
  }

  /** A pass for a caller that already has the turn. */
  async passAlone(reason: PassReason): Promise<PassResult> {
    const { clock } = this.options;
    const startedMs = clock.now();
    this.counts.passes++;
    const seen = await this.#observe(reason);
    await this.#rebuild(seen, this.options.releasing);
    if (this.options.releasing) return await this.#releasePass(seen, startedMs);
    const now = clock.now();
    const situations = seen.gpus.map((gpu) => this.#situation(gpu, seen, now));
    const decisions = situations.map((situation) =>
      decide(situation, this.options.policy)
    );
    const outcomes = await this.#enforceAll(seen.gpus, situations, decisions);
    this.#statuses = seen.gpus.map((gpu, i) =>
      this.#status(gpu, seen, decisions[i]!, outcomes[i]!)
    );
    this.#allocations = seen.ownership.allocations;
    this.#count(decisions, outcomes);
    await this.#prune(seen);
    return this.#result(seen, outcomes, startedMs);
  }

  /**
   * Looks at recorded GPUs only (C20): has a limit moved? Costs a few reads a second.
   *
   * @returns whether a pass is needed: something differs, or a device does not answer as before
   */
  check(): Promise<boolean> {
    return this.exclusive(async () => {
      const { nvml, store } = this.options;
      const differs = await Promise.all(
        store.entries().map(async (entry) => {
          const status = this.#statuses.find((one) =>
            one.identity.uuid === entry.uuid
          );
          if (!status || !entry.applied) return false;
          const limits = await nvml.limits(entry.uuid, "moving");
          if (!limits.ok) return status.error?.name !== limits.error.name;
          return status.error !== undefined ||
            limits.value.managementWatts !==
              status.outcome.limits?.managementWatts ||
            limits.value.enforcedWatts !==
              status.outcome.limits?.enforcedWatts ||
            status.drift?.contended === true && status.outcome.failed;
        }),
      );
      return differs.includes(true);
    });
  }

  /** Gives back every recorded GPU whose limit is still ours, whoever is on it: a person's word (`--release-all`). */
  releaseAll(): Promise<boolean> {
    return this.exclusive(async () => {
      const seen = await this.#observe("interval");
      await this.#rebuild(seen, true);
      this.#statuses = await Promise.all(
        seen.gpus.map((gpu) => this.#releaseOne(gpu, seen)),
      );
      return seen.fault === undefined &&
        this.#statuses.every(({ outcome }) => !outcome.failed);
    });
  }

  async #releasePass(
    seen: Observation,
    startedMs: number,
  ): Promise<PassResult> {
    this.#statuses = await Promise.all(
      seen.gpus.map((gpu) => this.#releaseOne(gpu, seen)),
    );
    this.#allocations = seen.ownership.allocations;
    const outcomes = this.#statuses.map(({ outcome }) => outcome);
    this.#count(this.#statuses.map(({ decision }) => decision), outcomes);
    await this.#prune(seen);
    return this.#result(seen, outcomes, startedMs);
  }

  async #releaseOne(gpu: ObservedGpu, seen: Observation): Promise<GpuStatus> {
    const entry = this.options.store.entry(gpu.identity.uuid);
    const base = {
      occupancy: "unknown" as const,
      pod: ownersOf(entry)[0],
      requestedWatts: undefined,
      reason: "",
      notes: [],
    };
    const decision: Decision = entry
      ? {
        kind: "release",
        ...base,
        watts: releaseWatts(entry, gpu.limits?.defaultWatts),
        ours: ourWatts(entry),
      }
      : { kind: "untouched", ...base };
    const outcome = await this.#enforce(gpu, decision, undefined);
    return this.#status(gpu, seen, decision, outcome);
  }

  async #observe(reason: PassReason): Promise<Observation> {
    const now = this.options.clock.now();
    const seen = await observe({
      ...this.options,
      known: reason === "interval" ? undefined : this.#known,
      telemetry: now < this.#telemetryDueMs
        ? new Map(
          this.#statuses.map((one) => [one.identity.uuid, one.telemetry]),
        )
        : undefined,
      seen: this.#seen,
    });
    if (now >= this.#telemetryDueMs) {
      this.#telemetryDueMs = now + TELEMETRY_MS;
    }
    for (const { identity } of seen.gpus) {
      this.#seen.set(identity.uuid, identity);
    }
    const steady = seen.enumeration?.complete === true &&
      seen.gpus.every(({ error }) => error === undefined);
    this.#known = steady ? seen.enumeration?.gpus : undefined;
    return seen;
  }

  /** After a lost record, once a consistent LIST is there: what stands on the hardware gets owners again (C22, C23). */
  async #rebuild(seen: Observation, atOnce = false): Promise<void> {
    const { store, dryRun } = this.options;
    if (this.#rebuilt || dryRun) return;
    if (store.health.kind === "intact") {
      this.#rebuilt = true;
      return;
    }
    const last = this.#lastReport();
    if (!(seen.snapshot.consistent && last.complete) && !atOnce) return;
    this.#rebuilt = true;
    const entries = adoptedEntries(
      seen.gpus,
      last.report,
      this.options.referenceUuids ?? new Set(),
    );
    for (const entry of entries) {
      await store.update(entry.uuid, (known) => known ?? entry);
    }
  }

  #lastReport(): LastReport {
    return this.options.lastReport?.() ?? NO_LAST_REPORT;
  }

  #situation(gpu: ObservedGpu, seen: Observation, nowMs: number): Situation {
    const { store } = this.options;
    const last = this.#lastReport();
    const recordIntact = store.health.kind === "intact";
    const { uuid } = gpu.identity;
    const situation: Situation = {
      uuid,
      limits: gpu.limits,
      ownership: seen.ownership.gpus.get(uuid) ?? UNANSWERED,
      entry: store.entry(uuid),
      pods: seen.pods,
      // Without a record, the node's own last report is as much needed as the LIST (C22, C23).
      view: recordIntact || last.complete
        ? seen.snapshot
        : { ...seen.snapshot, consistent: false },
      recordIntact,
      departing: seen.ownership.departing,
      hint: last.report?.gpus.find((one) => one.uuid === uuid)?.pod,
      vacatedLongEnough: false,
    };
    if (!vacated(situation)) {
      this.#vacatedSince.delete(uuid);
      return situation;
    }
    const since = this.#vacatedSince.get(uuid) ?? nowMs;
    this.#vacatedSince.set(uuid, since);
    return {
      ...situation,
      vacatedLongEnough: nowMs - since >= RELEASE_GRACE_MS,
    };
  }

  /** Lowers first, all side by side, then raises: the node's sum never passes through a peak of its own making. */
  async #enforceAll(
    gpus: readonly ObservedGpu[],
    situations: readonly Situation[],
    decisions: readonly Decision[],
  ): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const raises = gpus.map((gpu, i) => {
      const wanted = "watts" in decisions[i]! ? decisions[i].watts : undefined;
      return wanted !== undefined && gpu.limits !== undefined &&
        wanted > gpu.limits.managementWatts;
    });
    for (const turn of [false, true]) {
      await Promise.all(gpus.map(async (gpu, i) => {
        if (raises[i] !== turn) return;
        outcomes[i] = await this.#enforce(gpu, decisions[i]!, situations[i]);
      }));
    }
    return outcomes;
  }

  async #enforce(
    gpu: ObservedGpu,
    decision: Decision,
    situation: Situation | undefined,
  ): Promise<Outcome> {
    if (!gpu.limits) return silentOutcome(gpu);
    const { store } = this.options;
    const trusted = store.health.kind === "intact" ||
      situation?.ownership.attribution.kind !== "pods" ||
      gpu.limits.managementWatts === gpu.limits.defaultWatts;
    return await enforce({
      uuid: gpu.identity.uuid,
      decision,
      limits: gpu.limits,
      // Without a record, a low limit under a pod that asks for one is what an agent left there.
      beforeWatts: trusted ? gpu.limits.managementWatts : undefined,
    }, { ...this.options, drift: this.#drift });
  }

  #status(
    gpu: ObservedGpu,
    seen: Observation,
    decision: Decision,
    outcome: Outcome,
  ): GpuStatus {
    const { store, bootId, clock } = this.options;
    const { uuid } = gpu.identity;
    const entry = store.entry(uuid);
    const ownership = seen.ownership.gpus.get(uuid) ?? UNANSWERED;
    const uid = decision.pod?.uid;
    const owning = ownership.attribution.kind === "pods"
      ? ownership.attribution.pods.find((pod) => pod.uid === uid)
      : undefined;
    return {
      identity: gpu.identity,
      decision,
      outcome,
      ownership,
      entry,
      gate: gateStateOf({
        pod: uid === undefined ? undefined : seen.pods.get(uid),
        owner: ownersOf(entry).find((owner) => owner.uid === uid),
        placed: owning?.evidence,
        bootId,
      }),
      telemetry: gpu.telemetry,
      drift: this.#drift.status(uuid, clock.now()),
      error: gpu.error,
    };
  }

  /** Policy notes are counted when they begin; a standing conflict is one event, not four a minute. */
  #count(decisions: readonly Decision[], outcomes: readonly Outcome[]): void {
    const { counts } = this;
    this.#statuses.forEach(({ identity }, i) => {
      const before = this.#notes.get(identity.uuid) ?? new Set();
      const notes = new Set<string>(decisions[i]!.notes);
      const began = (note: string) => notes.has(note) && !before.has(note);
      if (began("multi_pod_agree")) counts.multiPodAgree++;
      if (began("multi_pod_conflict")) counts.multiPodConflict++;
      if (began("safe_default")) counts.safeDefault++;
      if (began("unusable")) counts.unusable++;
      if (began("clamped_min")) counts.clampedMin++;
      if (began("clamped_max")) counts.clampedMax++;
      this.#notes.set(identity.uuid, notes);
      const outcome = outcomes[i]!;
      if (outcome.wrote) counts.writes++;
      if (outcome.failed) counts.applyFailures++;
      if (outcome.state === "released") counts.released++;
    });
    counts.drifts = this.#statuses.reduce(
      (sum, { drift }) => sum + (drift?.count ?? 0),
      0,
    );
  }

  /** A GPU that is gone for good, and whose limit a reboot has reset since, needs no entry. */
  async #prune(seen: Observation): Promise<void> {
    if (!seen.enumeration?.complete || this.options.dryRun) return;
    const there = new Set(seen.gpus.map(({ identity }) => identity.uuid));
    for (const [uuid] of this.#seen) {
      if (!there.has(uuid)) this.#seen.delete(uuid);
    }
    for (const { uuid, applied } of this.options.store.entries()) {
      // A write that was begun and never recorded may have landed in this boot.
      const ofThisBoot = !applied || applied.bootId === this.options.bootId;
      if (there.has(uuid) || ofThisBoot) continue;
      await this.options.store.update(uuid, () => undefined);
    }
  }

  #result(
    seen: Observation,
    outcomes: readonly Outcome[],
    startedMs: number,
  ): PassResult {
    const now = this.options.clock.now();
    const good = seen.fault === undefined && seen.gpus.length > 0 &&
      outcomes.every(({ failed }) => !failed) &&
      seen.gpus.every(({ error }) => error === undefined);
    if (good) this.lastGoodAtMs = now;
    else this.counts.failedPasses++;
    this.lastPassMs = now - startedMs;
    const waits = [...this.#vacatedSince.values()]
      .map((since) => since + RELEASE_GRACE_MS - now).filter((ms) => ms > 0);
    return {
      good,
      urgent: outcomes.some(({ urgent }) => urgent),
      wakeInMs: waits.length > 0 ? Math.min(...waits) : undefined,
      reason: seen.fault
        ? `${seen.fault.name} (${seen.fault.call})`
        : seen.gpus.length === 0
        ? "No GPU was found."
        : "",
    };
  }
}

const UNANSWERED: GpuOwnership = {
  attribution: { kind: "unknown", reason: "The GPU does not answer." },
  pids: undefined,
  allocation: "silent",
  notes: [],
};

function silentOutcome(gpu: ObservedGpu): Outcome {
  const { error } = gpu;
  return {
    state: "unknown",
    reason: error ? `${error.name} (${error.call}).` : "",
    limits: undefined,
    wrote: false,
    urgent: false,
    failed: true,
  };
}
