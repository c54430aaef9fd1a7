/** The simulated cluster as a planner sees it through one watched view. Pure. @module */

import type {
  SimulatedApi,
  SimulatedLease,
  SimulatedSide,
  WatchedView,
} from "../../../simulator/mod.ts";
import type { FleetSnapshot, PerSide, SideInventory } from "../../core/mod.ts";

/** Whose eyes it is seen with. */
export interface ClusterEyes {
  readonly holder: string;
  /** The view grew from a LIST sent after the Lease was won. */
  readonly consistent: boolean;
  readonly atMs: number;
  readonly gpusPerReplica: PerSide<number>;
  /** The Lease as this client knows it; undefined: as it is. */
  readonly lease?: SimulatedLease;
  /** Replicas that serve; undefined: those whose pods are live. */
  readonly ready?: (side: SimulatedSide) => number;
  /** Whether a pod's engine serves; undefined: all do. */
  readonly isServing?: (uid: string) => boolean;
}

/** Puts a snapshot together: pods and reports from the view, Lease and scalers read consistently. */
export function clusterSnapshot(
  api: SimulatedApi,
  view: WatchedView,
  eyes: ClusterEyes,
): FleetSnapshot {
  const { isServing } = eyes;
  const pods = isServing
    ? view.pods().map((one) => ({ ...one, unready: !isServing(one.pod.uid) }))
    : view.pods();
  const sides: Partial<Record<SimulatedSide, SideInventory>> = {};
  for (const side of api.sides()) {
    const scaler = api.scaler(side);
    const all = pods.filter((pod) => pod.side === side);
    const live = new Set(
      all.filter(({ pod }) => !pod.terminating).map(({ replica }) => replica),
    );
    const draining = all.some(({ pod }) => pod.terminating);
    const settled = !draining && live.size === scaler?.replicas;
    const ready = eyes.ready?.(side) ?? live.size;
    sides[side] = {
      targetReplicas: scaler?.replicas,
      readyReplicas: ready,
      startingReplicas: settled ? Math.max(0, live.size - ready) : 0,
      rollout: settled ? "settled" : "rolling",
      gpusPerReplica: eyes.gpusPerReplica[side],
      resourceVersion: scaler?.resourceVersion,
    };
  }
  const lease = eyes.lease ?? api.lease;
  return {
    atMs: eyes.atMs,
    consistent: eyes.consistent,
    sides,
    pods,
    reports: view.reports(),
    otherPodUids: api.strangers.map(({ uid }) => uid),
    lease: {
      heldByUs: lease.holder === eyes.holder,
      holder: lease.holder,
      epoch: lease.epoch,
      transitions: lease.transitions,
      budgetWatts: lease.budgetWatts,
      resourceVersion: lease.resourceVersion,
    },
  };
}
