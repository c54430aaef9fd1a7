/** The replicas of one side: what the scaler is set to, what serves, what is under way (P36, P94, P95). Pure. @module */

import type { SideInventory } from "../../core/mod.ts";
import type { Component } from "./component.ts";
import type { WatchedPod } from "./watched_pod.ts";

/** What a side is made from. */
export interface SideInput {
  readonly component: Component;
  /** Pods of the component. */
  readonly pods: readonly WatchedPod[];
  /** Who else scales it; undefined: nobody. */
  readonly scaledBy: string | undefined;
  /** It may not grow: its GPUs cannot be charged one by one (R29). */
  readonly refused: boolean;
}

/** Puts it together. */
export function sideInventory(
  { component, pods, scaledBy, refused }: SideInput,
): SideInventory {
  const { counts, scaler } = component;
  const targetReplicas = scaler.kind === "none" ? undefined : scaler.replicas;
  const present = pods.filter(({ pod }) =>
    pod.phase !== "Succeeded" && pod.phase !== "Failed"
  );
  const draining = present.some(({ pod }) => pod.terminating);
  const live = replicasOf(present.filter(({ pod }) => !pod.terminating));
  const rollout = refused
    ? "unknown"
    : component.rolloutFailed
    ? "failed"
    : targetReplicas === undefined
    ? "unknown"
    : component.lagging || component.rollingOut || draining ||
        live !== targetReplicas ||
        (counts.updated ?? targetReplicas) !== targetReplicas ||
        (counts.replicas ?? targetReplicas) !== targetReplicas
    ? "rolling"
    : "settled";
  return {
    targetReplicas,
    readyReplicas: counts.serving ?? (targetReplicas === 0 ? 0 : undefined),
    startingReplicas: rollout === "settled" && targetReplicas !== undefined &&
        counts.serving !== undefined
      ? Math.max(0, targetReplicas - counts.serving)
      : 0,
    rollout,
    gpusPerReplica: component.gpusPerReplica,
    resourceVersion: scaler.kind === "none"
      ? undefined
      : scaler.resourceVersion,
    authoredCapWatts: component.authoredCapWatts,
    ...(scaledBy === undefined ? {} : { scaledBy }),
  };
}

function replicasOf(pods: readonly WatchedPod[]): number {
  return new Set(pods.map(({ replica }) => replica)).size;
}
