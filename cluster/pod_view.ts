/** The pods of one node, as a list+watch has them, with how far they can be trusted. @module */

import { ListWatch, type ListWatchEnvironment } from "./list_watch.ts";
import { type Pod, readPod } from "./pod.ts";

/** How far a view can be trusted. */
export type PodViewFreshness =
  /** No LIST has succeeded yet: nothing is known about any pod. */
  | { readonly kind: "empty" }
  /** The server proved less than {@linkcode MAX_VIEW_AGE_MS} ago that it talks to us. */
  | { readonly kind: "fresh"; readonly ageMs: number }
  /** Older: what is there stays, nothing is released on its word. */
  | { readonly kind: "stale"; readonly ageMs: number; readonly reason: string };

/** The node's pods at one instant. */
export interface NodePods {
  readonly pods: readonly Pod[];
  readonly freshness: PodViewFreshness;
  /** The view grew from a consistent LIST sent by this process (A3, C22). */
  readonly consistent: boolean;
}

/** A dead connection is noticed by then, milliseconds. Longer than any watch: see `LIST_WATCH_TIMES`. */
export const MAX_VIEW_AGE_MS = 30_000;

/** List+watch of the pods on one node. */
export class NodePodView {
  readonly #listeners = new Set<() => void>();
  readonly #watch: ListWatch<Pod>;
  readonly #environment: ListWatchEnvironment;

  constructor(nodeName: string, environment: ListWatchEnvironment) {
    this.#environment = environment;
    this.#watch = new ListWatch({
      path: "/api/v1/pods",
      fieldSelector: `spec.nodeName=${nodeName}`,
      read: (object) => {
        const pod = readPod(object);
        return pod.nodeName === nodeName ? pod : undefined;
      },
    }, {
      ...environment,
      onChange: () => {
        environment.onChange?.();
        for (const listener of [...this.#listeners]) listener();
      },
    });
  }

  /** How often things have happened, for metrics. */
  get counts(): ListWatch<Pod>["counts"] {
    return this.#watch.counts;
  }

  /** Keeps the view up to date until `signal` aborts. */
  run(signal: AbortSignal): Promise<void> {
    return this.#watch.run(signal);
  }

  /** The pods now; the list is the same array until a pod changes. */
  snapshot(): NodePods {
    return {
      pods: this.#watch.values,
      freshness: this.#freshness(),
      consistent: this.#watch.listedAtMs !== undefined,
    };
  }

  /** @returns a function that ends the subscription */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #freshness(): PodViewFreshness {
    const { heardAtMs, fault } = this.#watch;
    if (heardAtMs === undefined) return { kind: "empty" };
    const ageMs = this.#environment.clock.now() - heardAtMs;
    if (ageMs <= MAX_VIEW_AGE_MS) return { kind: "fresh", ageMs };
    const reason = fault?.message ?? "The API server has been silent.";
    return { kind: "stale", ageMs, reason };
  }
}
