/** The agent's answer to starts that stand at the gate (C21): from the hardware as it is now, durable before it is given. @module */

import type { Owner } from "./entry.ts";
import { ownersOf } from "./entry.ts";
import type {
  GateCaller,
  GateLedger,
  GateVerdict,
  GateWaitCode,
} from "./ports.ts";
import type { Reconciler } from "./reconciler.ts";
import { essenceOf } from "./report.ts";
import { type GpuStatus, limitWattsOf } from "./status.ts";

/** {@linkcode GateLedger} over the reconciler. */
export class AgentGateLedger implements GateLedger {
  readonly #waiting = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  #shared: Promise<unknown> | undefined;
  #essence = "";
  #stopped = false;

  constructor(
    private readonly reconciler: Reconciler,
    /** Called when a start was let through: the report changes. */
    private readonly onOpened: () => void = () => {},
  ) {}

  /** Pod UIDs that stand at the gate. */
  waiting(): string[] {
    return [...this.#waiting.keys()];
  }

  enter({ podUid }: GateCaller): () => void {
    this.#waiting.set(podUid, (this.#waiting.get(podUid) ?? 0) + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const count = (this.#waiting.get(podUid) ?? 1) - 1;
      if (count > 0) this.#waiting.set(podUid, count);
      else this.#waiting.delete(podUid);
    };
  }

  async ask({ podUid }: GateCaller): Promise<GateVerdict> {
    if (this.#stopped) return wait("agent_not_ready", "The agent is stopping.");
    try {
      const shared = this.#shared ??= this.reconciler.pass("gate").finally(
        () => this.#shared = undefined,
      );
      await shared;
      return await this.reconciler.exclusive(() => this.#judge(podUid));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return wait("agent_not_ready", reason);
    }
  }

  changed(_podUid: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#listeners.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      if (signal.aborted || this.#stopped) return resolve();
      this.#listeners.add(done);
      signal.addEventListener("abort", done, { once: true });
    });
  }

  /** After each pass: who waits may ask again, if anything is different. */
  passed(essence = essenceOf(this.reconciler.statuses())): void {
    if (essence === this.#essence) return;
    this.#essence = essence;
    for (const listener of [...this.#listeners]) listener();
  }

  /** No start is let through any more. */
  stop(): void {
    this.#stopped = true;
    for (const listener of [...this.#listeners]) listener();
  }

  async #judge(podUid: string): Promise<GateVerdict> {
    const { nvml } = this.reconciler.options;
    const statuses = this.reconciler.statuses();
    const mine = statuses.filter((status) => isOn(status, podUid));
    const pod = this.reconciler.options.view.snapshot().pods.find(({ uid }) =>
      uid === podUid
    );
    if (pod?.terminating) {
      return wait("terminating", "The pod is terminating.");
    }
    const unsure = statuses.find(({ ownership, entry }) =>
      ownership.attribution.kind === "unknown" &&
      (mine.length === 0 ||
        ownersOf(entry).some((owner) => owner.uid === podUid))
    );
    if (unsure) {
      const { attribution } = unsure.ownership;
      return wait(
        "gpus_unknown",
        `${named(unsure)}: ${
          attribution.kind === "unknown" ? attribution.reason : ""
        }`,
      );
    }
    if (mine.length === 0) {
      return wait(
        pod ? "gpus_unknown" : "pod_not_in_view",
        "The kubelet places this pod on no GPU.",
      );
    }
    const elsewhere = this.#elsewhere(podUid, mine);
    if (elsewhere !== undefined) return wait("gpus_unknown", elsewhere);
    const owners: Owner[] = [];
    const opened: { uuid: string; grantedWatts: number; limitWatts: number }[] =
      [];
    for (const status of mine) {
      if (status.error) {
        return wait(
          "device_error",
          `${named(status)} does not answer: ${status.error.name}.`,
        );
      }
      const owner = status.entry?.applied?.owners.find(({ uid }) =>
        uid === podUid
      );
      if (!owner?.generation || owner.watts <= 0) {
        return wait(
          "no_grant",
          `${named(status)}: ${status.decision.reason || "no grant yet"}`,
        );
      }
      // The pass may have written; what counts is what the device says now.
      const now = await nvml.limits(status.identity.uuid, "moving");
      const limitWatts = now.ok
        ? Math.max(now.value.managementWatts, now.value.enforcedWatts ?? 0)
        : undefined;
      if (limitWatts === undefined || limitWatts > owner.watts) {
        return wait(
          "limit_not_enforced",
          `${named(status)} is at ${
            limitWatts ?? limitWattsOf(status.outcome) ?? "unknown"
          } W, the grant is ${owner.watts} W.`,
        );
      }
      owners.push(owner);
      const { uuid } = status.identity;
      opened.push({ uuid, grantedWatts: owner.watts, limitWatts });
    }
    if (!await this.#record(podUid, mine)) {
      return wait("record_not_durable", "The record cannot be written.");
    }
    this.reconciler.counts.gateOpened++;
    this.onOpened();
    return { kind: "open", generation: owners[0]!.generation!, gpus: opened };
  }

  /** Whether the kubelet has given the pod more than the GPUs it was found on: those must be under the grant too. */
  #elsewhere(podUid: string, mine: readonly GpuStatus[]): string | undefined {
    const pod = mine.flatMap(({ ownership: { attribution } }) =>
      attribution.kind === "pods" ? attribution.pods : []
    ).find(({ uid }) => uid === podUid);
    if (pod?.namespace === undefined || pod.name === undefined) {
      return undefined;
    }
    const { namespace, name } = pod;
    const given = this.reconciler.allocationOf({ namespace, name });
    if (given === undefined) return undefined;
    if (given.elsewhere) {
      return "The kubelet has given the pod a GPU that NVML does not show.";
    }
    const found = new Set(mine.map(({ identity }) => identity.uuid));
    const lacking = [...given.uuids].find((uuid) => !found.has(uuid));
    return lacking === undefined
      ? undefined
      : `The kubelet has given the pod GPU ${lacking} too, and who is on that is not known.`;
  }

  /** A report after a crash must say `open`, so the opening is on the disk before it is given. */
  async #record(podUid: string, mine: readonly GpuStatus[]): Promise<boolean> {
    const { store, bootId } = this.reconciler.options;
    for (const { identity } of mine) {
      const applied = store.entry(identity.uuid)?.applied;
      const owner = applied?.owners.find(({ uid }) => uid === podUid);
      if (owner?.openedBoot === bootId) continue;
      const done = await store.update(
        identity.uuid,
        (entry) =>
          entry?.applied && {
            ...entry,
            applied: {
              ...entry.applied,
              owners: entry.applied.owners.map((one) =>
                one.uid === podUid ? { ...one, openedBoot: bootId } : one
              ),
            },
          },
      );
      if (!done) return false;
    }
    return true;
  }
}

function isOn({ ownership }: GpuStatus, podUid: string): boolean {
  const { attribution } = ownership;
  return attribution.kind === "pods" &&
    attribution.pods.some(({ uid }) => uid === podUid);
}

function named({ identity }: GpuStatus): string {
  return `GPU ${identity.index} (${identity.uuid})`;
}

function wait(code: GateWaitCode, reason: string): GateVerdict {
  return { kind: "wait", code, reason };
}
