/**
 * What every pod may come to draw without a new decision of the planner: R(p) of `cap-protocol.md` §8. Its sum within the
 * budget is the step by which R41 is proven, so it finds a fault long before a limit shows it.
 * @module
 */

import {
  compareGenerations,
  type Generation,
  parseGrant,
} from "../../cluster/mod.ts";
import type { Step } from "../../planner/mod.ts";
import type { NodeGpu, SimulatedWorld } from "../../simulator/mod.ts";

/** A grant that has landed on a pod. */
interface Landed {
  readonly generation: Generation;
  readonly watts: number;
}

/** One pod's grants, as they landed. */
interface PodGrants {
  readonly landed: Landed[];
  /** Text of the newest, so that each is read once. */
  text: string;
  /** The most that was ever granted, watts. */
  mostWatts: number;
}

/** Follows grants from the API server to the hardware. */
export class PermittedWatts {
  readonly #world: SimulatedWorld;
  readonly #inFlight: () => readonly Step[];
  readonly #pods = new Map<string, PodGrants>();
  /** Newest generation that was ever on record, by GPU and pod: nothing older may come back (C18, C22). */
  readonly #recorded = new Map<string, Generation>();
  /** Pods and versions of the nodes that were followed last. */
  #followedPods: ReturnType<SimulatedWorld["api"]["pods"]> = [];
  #followed: readonly number[] = [];

  constructor(world: SimulatedWorld, inFlight: () => readonly Step[]) {
    this.#world = world;
    this.#inFlight = inFlight;
  }

  /** The most that a pod was ever granted, watts a GPU. */
  mostGranted(uid: string): number {
    return this.#pods.get(uid)?.mostWatts ?? 0;
  }

  /** Takes note of what has landed and what has been recorded; every event calls it. */
  follow(): void {
    this.#followPods();
    const { nodes } = this.#world;
    if (nodes.every(({ version }, at) => version === this.#followed[at])) {
      return;
    }
    this.#followed = nodes.map(({ version }) => version);
    for (const { gpus } of nodes) {
      for (const { uuid, entry } of gpus) {
        for (const { uid, generation } of entry?.applied?.owners ?? []) {
          if (!generation) continue;
          const key = `${uuid} ${uid}`;
          const known = this.#recorded.get(key);
          if (known && compareGenerations(generation, known) <= 0) continue;
          this.#recorded.set(key, generation);
        }
      }
    }
  }

  #followPods(): void {
    const pods = this.#world.api.pods();
    // The list is another one as soon as one pod is.
    if (pods === this.#followedPods) return;
    this.#followedPods = pods;
    for (const { pod: { uid, powerGrant } } of pods) {
      const known = this.#pods.get(uid);
      if (powerGrant === undefined || known?.text === powerGrant) continue;
      const reading = parseGrant(powerGrant);
      const grants = known ?? { landed: [], text: "", mostWatts: 0 };
      grants.text = powerGrant;
      this.#pods.set(uid, grants);
      if (reading.kind !== "grant" || reading.grant.podUid !== uid) continue;
      const { generation, watts } = reading.grant;
      grants.landed.push({ generation, watts });
      grants.mostWatts = Math.max(grants.mostWatts, watts);
    }
  }

  /** Σ over the GPUs of the deployment's pods. */
  sum(): number {
    const flying = this.#flying();
    const gone = new Set(this.#world.faults.outOfServiceNodes());
    const placed = new Set<string>();
    let sum = 0;
    for (const node of this.#world.nodes) {
      if (gone.has(node.facts.name)) continue;
      for (const gpu of node.gpus) {
        const { podUid } = gpu;
        if (podUid === undefined || !node.sandboxes.get(podUid)?.gated) {
          continue;
        }
        placed.add(podUid);
        sum += Math.max(
          node.running.has(podUid) ? standing(gpu) : 0,
          recordedWatts(gpu, podUid),
          this.#above(podUid, this.#recorded.get(`${gpu.uuid} ${podUid}`)),
          flying.get(podUid) ?? 0,
        );
      }
    }
    for (const { pod, gpus } of this.#world.api.pods()) {
      // A pod that has left its node starts nowhere else.
      if (placed.has(pod.uid) || pod.nodeName !== undefined) continue;
      sum += gpus * Math.max(
        this.#above(pod.uid, undefined),
        flying.get(pod.uid) ?? 0,
      );
    }
    return sum;
  }

  /** The most among grants that landed and are newer than the record: an agent whose watch lags may apply any of them. */
  #above(uid: string, recorded: Generation | undefined): number {
    let most = 0;
    for (const { generation, watts } of this.#pods.get(uid)?.landed ?? []) {
      if (recorded && compareGenerations(generation, recorded) <= 0) continue;
      most = Math.max(most, watts);
    }
    return most;
  }

  /** Writes under way whose precondition still holds, watts by pod. */
  #flying(): ReadonlyMap<string, number> {
    const watts = new Map<string, number>();
    for (const step of this.#inFlight()) {
      if (step.kind !== "patch") continue;
      const { uid, resourceVersion } = step.pod;
      if (this.#world.api.pod(uid)?.pod.resourceVersion !== resourceVersion) {
        continue;
      }
      watts.set(uid, Math.max(watts.get(uid) ?? 0, step.grant.watts));
    }
    return watts;
  }
}

/** Root raising a limit is outside the claim (A2). */
function standing({ limitWatts, foreign }: NodeGpu): number {
  return foreign ? Math.min(limitWatts, foreign.insteadOfWatts) : limitWatts;
}

/** What the agent sets again and opens the gate at, without asking anybody. */
function recordedWatts({ entry }: NodeGpu, uid: string): number {
  const owner = entry?.applied?.owners.find((one) => one.uid === uid);
  return owner?.generation ? owner.watts : 0;
}
