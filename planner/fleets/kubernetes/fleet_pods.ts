/** Pods of the deployment by side, GPUs each, and those that belong to something else. Pure. @module */

import type { FleetPod, PerSide, Side } from "../../core/mod.ts";
import type { Component } from "./component.ts";
import type { DeploymentView } from "./deployment_view.ts";
import type { WatchedPod } from "./watched_pod.ts";

/** The pods sorted. */
export interface SortedPods {
  readonly bySide: PerSide<readonly WatchedPod[]>;
  readonly fleet: readonly FleetPod[];
  /** Pods of the deployment that none of the sides has: frontends, other workers. */
  readonly others: readonly WatchedPod[];
  /** The highest epoch of their grants. */
  readonly grantEpoch: number;
  readonly problems: readonly string[];
}

type SortedView = Pick<DeploymentView, "sides" | "componentNames">;

/** Sorts pods; remembers what became of each version, so that a thousand pods cost a look-up each. */
export class PodSorter {
  #known = new WeakMap<WatchedPod, FleetPod>();
  #view: SortedView | undefined;
  #pods: readonly WatchedPod[] | undefined;
  #sorted: SortedPods | undefined;
  readonly #configuredGpus: PerSide<number>;

  /** @param configuredGpus GPUs of a replica by the configuration, where nothing else says so */
  constructor(configuredGpus: PerSide<number>) {
    this.#configuredGpus = configuredGpus;
  }

  sort(pods: readonly WatchedPod[], view: SortedView): SortedPods {
    if (view !== this.#view) this.#known = new WeakMap();
    else if (pods === this.#pods && this.#sorted) return this.#sorted;
    this.#view = view;
    this.#pods = pods;
    return this.#sorted = this.#sort(pods, view);
  }

  #sort(
    pods: readonly WatchedPod[],
    { sides, componentNames }: SortedView,
  ): SortedPods {
    const entries = Object.entries(sides).filter(
      (entry): entry is [Side, Component] => isSide(entry[0]),
    );
    const bySide: Partial<Record<Side, WatchedPod[]>> = {};
    for (const [side] of entries) bySide[side] = [];
    const fleet: FleetPod[] = [];
    const others: WatchedPod[] = [];
    const problems: string[] = [];
    let grantEpoch = 0;
    for (const watched of pods) {
      const entry = entries.find(([side, component]) =>
        belongs(watched, side, component)
      ) ?? entries.find(([side]) =>
        isOrphanOf(watched, side, componentNames)
      );
      if (!entry) {
        others.push(watched);
        continue;
      }
      const [side, component] = entry;
      grantEpoch = Math.max(grantEpoch, watched.grantEpoch);
      bySide[side]?.push(watched);
      const known = this.#known.get(watched);
      if (known) {
        fleet.push(known);
        continue;
      }
      const gpus = this.#gpusOf(watched, side, component);
      if (gpus === undefined) {
        problems.push(
          `Nothing says how many GPUs pod "${watched.pod.name}" has: give its container nvidia.com/gpu limits, or write the pick's parallelism.`,
        );
      }
      if (!gpus) {
        continue;
      }
      const { pod, replica, unready } = watched;
      const one = { pod, side, gpus, replica, unready };
      this.#known.set(watched, one);
      fleet.push(one);
    }
    return { bySide, fleet, others, grantEpoch, problems };
  }

  /** The pod's own word; for claims the share of its replica; 0 for a pod that has none. */
  #gpusOf(
    { gpus, claims }: WatchedPod,
    side: Side,
    { gpusPerReplica, podsPerReplica }: Component,
  ): number | undefined {
    if (gpus > 0) return gpus;
    if (!claims) return 0;
    const all = gpusPerReplica ?? this.#configuredGpus[side];
    return all === undefined ? undefined : Math.ceil(all / podsPerReplica);
  }
}

function belongs(
  { component, role }: WatchedPod,
  side: Side,
  { name }: Component,
): boolean {
  if (role !== undefined) {
    return side === "prefill"
      ? role === "prefill"
      : role === "decode" || role === "agg";
  }
  return component !== undefined &&
    component.toLowerCase() === name.toLowerCase();
}

/** A pod of a component that has been renamed or removed drains on the side that its type says. */
function isOrphanOf(
  { component, componentType }: WatchedPod,
  side: Side,
  names: ReadonlySet<string>,
): boolean {
  if (component === undefined || names.has(component.toLowerCase())) {
    return false;
  }
  return side === "prefill"
    ? componentType === "prefill"
    : componentType === "decode" || componentType === "worker";
}

function isSide(text: string): text is Side {
  return text === "prefill" || text === "decode" || text === "agg";
}
