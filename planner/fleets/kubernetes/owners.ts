/** Which pods that reports name are ours, and which belong to something else (`otherPodUids`). @module */

import type { ApiClient, NodePowerReport } from "../../../cluster/mod.ts";
import { textAt, textsAt } from "./object_fields.ts";

/** Questions under way at one time. */
const MOST_ASKED = 8;
/** A question that had no answer is asked again after so long, milliseconds. */
const ASK_AGAIN_MS = 10_000;

/** What it works with. */
export interface OwnersOptions {
  readonly api: Pick<ApiClient, "get">;
  readonly namespace: string;
  /** Label that every pod of the deployment has, and its value. */
  readonly label: readonly [string, string];
  readonly now: () => number;
  readonly onChange: () => void;
}

/**
 * A pod of another namespace is not ours, for a deployment has one namespace. One of our namespace that our selector does
 * not show is looked up once; while nobody knows, it counts as one of ours that has vanished: it is charged.
 */
export class Owners {
  readonly #options: OwnersOptions;
  /** UIDs that are known to belong to something else. What a pod belongs to never changes. */
  #others = new Set<string>();
  readonly #asked = new Map<string, number>();
  #asking = 0;

  constructor(options: OwnersOptions) {
    this.#options = options;
  }

  /** UIDs in the reports that belong to something else. Starts look-ups for those that nobody knows. */
  othersIn(
    reports: readonly NodePowerReport[],
    { ours, signal }: {
      readonly ours: ReadonlySet<string>;
      readonly signal: AbortSignal;
    },
  ): ReadonlySet<string> {
    const { namespace, now } = this.#options;
    const found = new Set<string>();
    const named = new Set<string>();
    for (const { gpus } of reports) {
      for (const { pod } of gpus) {
        if (!pod || named.has(pod.uid) || ours.has(pod.uid)) continue;
        named.add(pod.uid);
        if (pod.namespace !== namespace || this.#others.has(pod.uid)) {
          found.add(pod.uid);
          continue;
        }
        const askedAtMs = this.#asked.get(pod.uid);
        if (
          this.#asking < MOST_ASKED &&
          (askedAtMs === undefined || now() - askedAtMs >= ASK_AGAIN_MS)
        ) void this.#ask(pod, signal);
      }
    }
    // What no report names any more is forgotten.
    for (const uid of this.#others) {
      if (!named.has(uid)) this.#others.delete(uid);
    }
    for (const uid of this.#asked.keys()) {
      if (!named.has(uid)) this.#asked.delete(uid);
    }
    return found;
  }

  async #ask(
    { name, uid }: { readonly name: string; readonly uid: string },
    signal: AbortSignal,
  ): Promise<void> {
    const { api, namespace, label: [key, value], now, onChange } =
      this.#options;
    this.#asked.set(uid, now());
    this.#asking++;
    try {
      const object = await api.get(
        `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${
          encodeURIComponent(name)
        }`,
        signal,
      );
      // Another pod under the same name says nothing about this one.
      if (textAt(object, "metadata", "uid") !== uid) return;
      if (textsAt(object, "metadata", "labels")[key] === value) return;
      this.#others.add(uid);
      onChange();
    } catch {
      // Not there, or no answer: it stays charged, and is asked for again.
    } finally {
      this.#asking--;
    }
  }
}
