/** The agent of a simulated node: it decides by the real agent's rules, and writes in the real agent's order (C18–C24). @module */

import {
  adoptedEntries,
  decide,
  type Decision,
  DriftLog,
  type GpuLimits,
  type GpuOwnership,
  ourWatts,
  ownersOf,
  type Situation,
  vacated,
} from "../../agent/rules/mod.ts";
import type {
  GpuPowerReport,
  NodePowerReport,
  Pod,
} from "../../cluster/mod.ts";
import type { SimulatedApi } from "./api.ts";
import type { NodeGpu, SimulatedNode } from "./node.ts";
import { ownerOn, reportOfGpu, sameEntry, saysTheSame } from "./node_report.ts";
import type { WatchedView } from "./watched_view.ts";

/** Time that all of C24 must hold. */
const FREE_AFTER_MS = 5_000;
/** A report is sent this often when nothing happens. */
const HEARTBEAT_MS = 10_000;
/** From its start until an agent that has no record, or an old cache, has a consistent LIST. */
const LIST_MS = 1_000;

/** The agent's process died between a write and its record. */
const CRASH = new Error("The agent crashed.");

/** One agent, with all that it would lose in a crash. */
export class NodeAgent {
  readonly #node: SimulatedNode;
  readonly #api: SimulatedApi;
  #view: WatchedView;
  /** The record was lost; until the next start that finds one (C22). */
  #recordLost = false;
  /** The view grew from a consistent LIST of this process. */
  #consistent = true;
  #adopted = true;
  /** Its first LIST came from a replica that lags. */
  #startsStale = false;
  #startedAtMs: number | undefined = -Infinity;
  /** The node's own newest report when the agent started (C23). */
  #lastReport: NodePowerReport | undefined;
  #hasReadReport = true;
  #sequence = 0;
  /** GPUs as the last pass found them, and as the last report told of them. */
  #found: readonly GpuPowerReport[] = [];
  #told: readonly GpuPowerReport[] | undefined;
  #reportedAtMs = -Infinity;
  #passedAtMs = -Infinity;
  /** Something has happened since the last pass, here or at the API server. */
  #stirred = true;
  /** The last pass changed nothing, and another one would decide from the same and change nothing either. */
  #settled = false;
  /** Pods of the view that the last pass decided from. */
  #podsVersion = -1;
  /** Limits as the last pass left them: one that has moved is a reason for another (C20). */
  #limitsLeft: readonly number[] = [];
  /** Some write of the last pass failed. */
  #failed = false;
  #drift = new DriftLog();
  #crashes = false;

  constructor(node: SimulatedNode, api: SimulatedApi) {
    this.#node = node;
    this.#api = api;
    this.#view = api.watch(node.facts.name);
  }

  get view(): WatchedView {
    return this.#view;
  }

  /** The process starts; the pods it sees first come from an old cache, until a consistent LIST is through (C22). */
  restart({ recordLost }: { readonly recordLost: boolean }): void {
    // A record that was lost and not rebuilt is not there at the next start either.
    this.#recordLost = recordLost || this.#recordLost && !this.#adopted;
    this.#adopted = !this.#recordLost;
    this.#hasReadReport = false;
    const stale = this.#api.staleView(this.#node.facts.name);
    this.#startsStale = stale !== undefined;
    if (stale) {
      this.#view[Symbol.dispose]();
      this.#view = stale;
    }
    this.#consistent = false;
    this.#startedAtMs = undefined;
    this.#told = undefined;
    this.stir();
    this.#drift = new DriftLog();
    for (const gpu of this.#node.gpus) gpu.vacatedSinceMs = undefined;
  }

  crashInPass(nowMs: number): void {
    this.#crashes = true;
    this.stir();
    this.pass(nowMs);
    this.#crashes = false;
  }

  /** Something has happened on the node. */
  stir(): void {
    this.#stirred = true;
    this.#settled = false;
  }

  /** The API server has told something. */
  hear(): void {
    this.#stirred = true;
  }

  isDue(nowMs: number): boolean {
    return this.#stirred || this.#failed || !this.#consistent ||
      nowMs - this.#passedAtMs >= HEARTBEAT_MS ||
      nowMs - this.#reportedAtMs >= HEARTBEAT_MS && this.#node.agentHears ||
      this.#node.gpus.some(({ limitWatts, vacatedSinceMs, index, stuck }) =>
        stuck || limitWatts !== this.#limitsLeft[index] ||
        vacatedSinceMs !== undefined &&
          nowMs - vacatedSinceMs >= FREE_AFTER_MS &&
          this.#passedAtMs - vacatedSinceMs < FREE_AFTER_MS
      );
  }

  /** One pass. @returns whether a report with news was sent */
  pass(nowMs: number): boolean {
    if (this.#wouldRepeat()) {
      this.#passedAtMs = nowMs;
      this.#stirred = false;
      return this.#report(nowMs);
    }
    this.#readReport();
    this.#list(nowMs);
    const node = this.#node;
    node.changed();
    this.#podsVersion = this.#view.podsVersion;
    const pods = new Map<string, Pod>();
    for (const { pod } of this.#view.pods()) pods.set(pod.uid, pod);
    for (const pod of node.strangers()) pods.set(pod.uid, pod);
    this.#adopt();
    const before = node.gpus.map(({ entry }) => entry);
    const limits = node.gpus.map(({ limitWatts }) => limitWatts);
    const decisions = node.gpus.map((gpu) =>
      decide(this.#situation(gpu, pods, nowMs), {
        safeDefaultWatts: node.facts.safeDefaultWatts,
        conflictPolicy: "min",
        prearm: node.facts.prearm,
      })
    );
    try {
      this.#enforceAll(decisions, nowMs);
    } catch (error) {
      if (error === CRASH) return false;
      throw error;
    }
    const opened = this.#openGates(pods);
    this.#passedAtMs = nowMs;
    this.#limitsLeft = node.gpus.map(({ limitWatts }) => limitWatts);
    this.#stirred = false;
    this.#found = node.gpus.map((gpu, index) =>
      reportOfGpu(gpu, { node, pods, decision: decisions[index]! })
    );
    this.#settled = !this.#failed && this.#consistent && this.#hasReadReport &&
      !opened && !node.faults.has("gpu_thermal") &&
      node.gpus.every((gpu, index) =>
        gpu.limitWatts === limits[index] &&
        sameEntry(gpu.entry, before[index]) &&
        (gpu.vacatedSinceMs === undefined ||
          nowMs - gpu.vacatedSinceMs >= FREE_AFTER_MS)
      );
    return this.#report(nowMs);
  }

  /** Whether everything that a pass decides from is as the last one left it: then only what is drawn can be new. */
  #wouldRepeat(): boolean {
    const { gpus, faults } = this.#node;
    return this.#settled && this.#view.podsVersion === this.#podsVersion &&
      !faults.has("gpu_thermal") && !faults.has("devices_freed_early") &&
      gpus.every(({ limitWatts }, index) =>
        limitWatts === this.#limitsLeft[index]
      );
  }

  /** Before it says anything itself. */
  #readReport(): void {
    if (this.#hasReadReport || !this.#node.agentHears) return;
    this.#hasReadReport = true;
    this.#lastReport = this.#api.report(this.#node.facts.name);
    this.#sequence = Math.max(this.#sequence, this.#lastReport?.sequence ?? 0);
  }

  /** C22, C23: a consistent LIST some time after the start, if the API server can be reached. */
  #list(nowMs: number): void {
    if (this.#consistent) return;
    this.#startedAtMs ??= nowMs;
    const waitMs = this.#recordLost || this.#startsStale ? LIST_MS : 0;
    if (!this.#node.agentHears || nowMs - this.#startedAtMs < waitMs) return;
    this.#view[Symbol.dispose]();
    this.#view = this.#api.watch(this.#node.facts.name);
    this.#consistent = true;
  }

  /** What stands on the hardware without a record gets owners again. */
  #adopt(): void {
    if (this.#adopted || !this.#consistent) return;
    this.#adopted = true;
    const node = this.#node;
    const entries = adoptedEntries(
      node.gpus.map((gpu) => ({
        identity: { uuid: gpu.uuid },
        limits: this.#limits(gpu),
      })),
      this.#lastReport,
      new Set(),
    );
    for (const entry of entries) {
      const gpu = node.gpus.find(({ uuid }) => uuid === entry.uuid);
      if (gpu) gpu.entry ??= entry;
    }
  }

  #situation(
    gpu: NodeGpu,
    pods: ReadonlyMap<string, Pod>,
    nowMs: number,
  ): Situation {
    const situation: Situation = {
      uuid: gpu.uuid,
      limits: this.#limits(gpu),
      ownership: this.#ownership(gpu),
      entry: gpu.entry,
      pods,
      view: {
        freshness: { kind: "fresh", ageMs: 0 },
        consistent: this.#consistent,
      },
      recordIntact: !this.#recordLost,
      departing: new Map(
        ownersOf(gpu.entry).map(({ uid }) => [
          uid,
          this.#node.sandboxes.has(uid) ? "present" : "gone",
        ]),
      ),
      hint: this.#lastReport?.gpus.find(({ uuid }) => uuid === gpu.uuid)?.pod,
      vacatedLongEnough: false,
    };
    if (!vacated(situation)) {
      gpu.vacatedSinceMs = undefined;
      return situation;
    }
    gpu.vacatedSinceMs ??= nowMs;
    const held = nowMs - gpu.vacatedSinceMs >= FREE_AFTER_MS;
    return { ...situation, vacatedLongEnough: held };
  }

  #limits(gpu: NodeGpu): GpuLimits {
    const { minWatts, maxWatts, defaultWatts } = this.#node.facts;
    return {
      managementWatts: gpu.limitWatts,
      enforcedWatts: this.#node.enforcedWatts(gpu),
      defaultWatts,
      minWatts,
      maxWatts,
    };
  }

  #ownership(gpu: NodeGpu): GpuOwnership {
    const { podUid } = gpu;
    const pod = podUid === undefined
      ? undefined
      : this.#node.sandboxes.get(podUid);
    if (podUid === undefined || !pod || this.#isFreedEarly(gpu, podUid)) {
      return {
        attribution: { kind: "nobody" },
        pids: [],
        allocation: "none",
        notes: [],
      };
    }
    const evidence = this.#node.running.has(podUid) ? "both" : "kubelet";
    const { namespace, name } = pod;
    return {
      attribution: {
        kind: "pods",
        pods: [{ uid: podUid, namespace, name, evidence }],
      },
      pids: [],
      allocation: "allocated",
      notes: [],
    };
  }

  /** Of a pod whose cap is ours; without one nothing is given back. */
  #isFreedEarly(gpu: NodeGpu, podUid: string): boolean {
    const { faults, facts } = this.#node;
    return faults.isAt("devices_freed_early", facts.name) &&
      ownerOn(gpu, podUid) !== undefined &&
      this.#api.pod(podUid)?.pod.terminating === true;
  }

  /** Lowers first, then raises, as the real agent does. */
  #enforceAll(decisions: readonly Decision[], nowMs: number): void {
    this.#failed = false;
    const { gpus } = this.#node;
    const raises = gpus.map(({ limitWatts }, index) => {
      const decision = decisions[index]!;
      return "watts" in decision && (decision.watts ?? 0) > limitWatts;
    });
    for (const turn of [false, true]) {
      gpus.forEach((gpu, index) => {
        if (raises[index] !== turn) return;
        if (!this.#enforce(gpu, decisions[index]!, nowMs)) this.#failed = true;
      });
    }
  }

  /** C19, C20: intend, set, read back, record; a limit that differs from the record is set again. */
  #enforce(gpu: NodeGpu, decision: Decision, nowMs: number): boolean {
    switch (decision.kind) {
      case "untouched":
      case "refuse":
        return true;
      case "keep":
        return this.#hold(gpu, decision, nowMs);
      case "cap":
        return this.#cap(gpu, decision);
      case "release":
        return this.#release(gpu, decision);
    }
  }

  #hold(
    gpu: NodeGpu,
    { watts, mayRaise }: { readonly watts: number; readonly mayRaise: boolean },
    nowMs: number,
  ): boolean {
    if (gpu.limitWatts === watts) return true;
    if (gpu.limitWatts < watts && !mayRaise) return true;
    const rebooted = gpu.entry?.applied !== undefined &&
      gpu.entry.applied.bootId !== this.#node.bootId;
    if (!rebooted && !this.#drift.found(gpu.uuid, gpu.limitWatts, nowMs)) {
      return false;
    }
    const taken = this.#node.setLimit(gpu, watts);
    const done = taken && gpu.limitWatts === watts;
    if (gpu.entry && taken) {
      const { leftWatts: _, ...entry } = gpu.entry;
      gpu.entry = done ? entry : { ...entry, leftWatts: gpu.limitWatts };
    }
    return done;
  }

  #cap(gpu: NodeGpu, decision: Extract<Decision, { kind: "cap" }>): boolean {
    const { watts, owners, cause } = decision;
    // Without a record, a low limit under a pod that asks for one is what an agent left there.
    const trusted = !this.#recordLost || gpu.podUid === undefined ||
      gpu.limitWatts === this.#node.facts.defaultWatts;
    gpu.entry = {
      ...(gpu.entry ?? {
        uuid: gpu.uuid,
        ...(trusted ? { beforeWatts: gpu.limitWatts } : {}),
      }),
      intent: { kind: "cap", watts, owners },
    };
    const done = this.#set(gpu, watts);
    if (this.#crashes) throw CRASH;
    if (!done) {
      // What the device made of it is what we left there.
      gpu.entry = {
        ...gpu.entry,
        intent: { kind: "cap", watts: gpu.limitWatts, owners },
      };
      return false;
    }
    const { intent: _, leftWatts: _left, ...rest } = gpu.entry;
    gpu.entry = {
      ...rest,
      applied: {
        cause,
        owners,
        watts: gpu.limitWatts,
        bootId: this.#node.bootId,
      },
    };
    this.#drift.excuse(gpu.uuid);
    return true;
  }

  /** Back to what was there before us, unless somebody else has set it since: that is theirs. */
  #release(
    gpu: NodeGpu,
    { watts }: Extract<Decision, { kind: "release" }>,
  ): boolean {
    const { entry } = gpu;
    const ours = entry ? ourWatts(entry) : [];
    if (entry && ours.includes(gpu.limitWatts) && watts !== undefined) {
      gpu.entry = { ...entry, intent: { kind: "release", watts, owners: [] } };
      const done = this.#set(gpu, watts);
      if (this.#crashes) throw CRASH;
      if (!done) {
        const left = gpu.limitWatts;
        gpu.entry = {
          ...entry,
          intent: { kind: "release", watts: left, owners: [] },
        };
        return false;
      }
    }
    gpu.entry = undefined;
    return true;
  }

  /** Sets and reads back. */
  #set(gpu: NodeGpu, watts: number): boolean {
    if (gpu.limitWatts === watts) return true;
    return this.#node.setLimit(gpu, watts) && gpu.limitWatts === watts;
  }

  /** C21: every GPU's record has watts for this pod, and the limit read now is within them. @returns whether any was opened */
  #openGates(pods: ReadonlyMap<string, Pod>): boolean {
    const node = this.#node;
    let opened = false;
    for (const [uid, sandbox] of node.sandboxes) {
      if (node.running.has(uid) || pods.get(uid)?.terminating) continue;
      if (node.isOff || !sandbox.gated || !this.mayOpen(uid)) continue;
      node.running.add(uid);
      opened = true;
      for (const gpu of node.gpusOf(uid)) {
        const { entry } = gpu;
        if (!entry?.applied) continue;
        const owners = entry.applied.owners.map((owner) =>
          owner.uid === uid ? { ...owner, openedBoot: node.bootId } : owner
        );
        gpu.entry = { ...entry, applied: { ...entry.applied, owners } };
      }
    }
    return opened;
  }

  mayOpen(uid: string): boolean {
    const mine = this.#node.gpusOf(uid);
    return mine.length > 0 && mine.every((gpu) => {
      const owner = ownerOn(gpu, uid);
      return owner?.generation !== undefined && owner.watts > 0 &&
        gpu.limitWatts <= owner.watts;
    });
  }

  /** A report when there is news, and now and then without. @returns whether news was sent */
  #report(nowMs: number): boolean {
    const node = this.#node;
    const told = this.#told;
    const changed = told !== this.#found && !(told !== undefined &&
      this.#found.every((one, index) => saysTheSame(one, told[index]!)));
    const due = nowMs - this.#reportedAtMs >= HEARTBEAT_MS;
    if (!changed && !due) return false;
    if (!node.agentHears || node.faults.forbids("report")) return false;
    const gpus = this.#found.map((one, index) => {
      const { drawWatts, cappedShare: powerCappedShare } = node.gpus[index]!;
      return one.drawWatts === drawWatts &&
          one.powerCappedShare === powerCappedShare
        ? one
        : { ...one, drawWatts, powerCappedShare };
    });
    this.#found = this.#told = gpus;
    this.#reportedAtMs = nowMs;
    const { bootId, facts } = node;
    this.#api.publish({
      nodeName: facts.name,
      observedAt: new Date(nowMs),
      agentVersion: "simulated",
      bootId,
      driverSession: `${bootId}-1`,
      safeDefaultWatts: facts.safeDefaultWatts,
      sequence: ++this.#sequence,
      gpus,
    });
    return changed;
  }
}
