/**
 * Every grant as it landed on its pod and as it came into an agent's record, read from the API server and the nodes. Both
 * only grow (`cap-protocol.md` §8, C5, C18): an older one in a newer one's place is a finding of its own.
 * @module
 */

import { type Generation, parseGrant } from "../../cluster/mod.ts";
import type { SimulatedWorld } from "../../simulator/mod.ts";

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
export class GrantHistory {
  readonly #world: SimulatedWorld;
  readonly #pods = new Map<string, PodGrants>();
  /** Newest generation that was ever on record, by GPU and pod: nothing older may come back (C18, C22). */
  readonly #recorded = new Map<string, Generation>();
  /** Newest generation that a report has shown, by GPU and pod. */
  readonly #shown = new Map<string, Generation>();
  readonly #sequences = new Map<string, number>();
  #disorder: string | undefined;

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  /** The first older generation that was found where a newer one had been; undefined: none so far. */
  get disorder(): string | undefined {
    return this.#disorder;
  }

  /** The most that a pod was ever granted, watts a GPU. */
  mostGranted(uid: string): number {
    return this.#pods.get(uid)?.mostWatts ?? 0;
  }

  /** The most among grants that landed and are newer than a GPU's record: an agent whose watch lags may apply any of them. */
  mostAbove(uid: string, gpuUuid: string | undefined): number {
    const recorded = gpuUuid === undefined
      ? undefined
      : this.#recorded.get(`${gpuUuid} ${uid}`);
    let most = 0;
    for (const { generation, watts } of this.#pods.get(uid)?.landed ?? []) {
      if (recorded && !isNewer(generation, recorded)) continue;
      most = Math.max(most, watts);
    }
    return most;
  }

  /** Takes note of what has landed, was recorded and was reported; every event calls it. */
  follow(): void {
    for (const { pod: { uid, powerGrant } } of this.#world.api.pods()) {
      const known = this.#pods.get(uid);
      if (powerGrant === undefined || known?.text === powerGrant) continue;
      this.#land(uid, powerGrant, known);
    }
    for (const { gpus } of this.#world.nodes) {
      for (const { uuid, entry } of gpus) {
        for (const { uid, generation } of entry?.applied?.owners ?? []) {
          if (generation) this.#record(`${uuid} ${uid}`, generation);
        }
      }
    }
    // After the records: what an agent adopts is what its last report showed.
    for (const { nodeName, sequence, gpus } of this.#world.api.reports()) {
      if (this.#sequences.get(nodeName) === sequence) continue;
      this.#sequences.set(nodeName, sequence);
      for (const { uuid, pod, appliedGeneration } of gpus) {
        if (!pod || !appliedGeneration) continue;
        const key = `${uuid} ${pod.uid}`;
        const shown = this.#shown.get(key);
        if (shown && !isNewer(appliedGeneration, shown)) continue;
        this.#shown.set(key, appliedGeneration);
      }
    }
  }

  #land(uid: string, text: string, known: PodGrants | undefined): void {
    const reading = parseGrant(text);
    const grants = known ?? { landed: [], text: "", mostWatts: 0 };
    grants.text = text;
    this.#pods.set(uid, grants);
    if (reading.kind !== "grant" || reading.grant.podUid !== uid) return;
    const { generation, watts } = reading.grant;
    const last = grants.landed.at(-1);
    if (last && !isNewer(generation, last.generation)) {
      this.#disorder ??= `${shown(generation)} was written over ${
        shown(last.generation)
      } on ${uid}`;
    }
    grants.landed.push({ generation, watts });
    grants.mostWatts = Math.max(grants.mostWatts, watts);
  }

  #record(key: string, generation: Generation): void {
    const reported = this.#shown.get(key);
    if (reported && isNewer(reported, generation)) {
      this.#disorder ??= `${shown(generation)} is on record after ${
        shown(reported)
      } was reported, on ${key}`;
    }
    const known = this.#recorded.get(key);
    if (known && !isNewer(generation, known)) return;
    this.#recorded.set(key, generation);
  }
}

/** The product's own comparison is one of the things that are checked. */
function isNewer(a: Generation, b: Generation): boolean {
  return a.epoch === b.epoch ? a.sequence > b.sequence : a.epoch > b.epoch;
}

function shown({ epoch, sequence }: Generation): string {
  return `${epoch}.${sequence}`;
}
