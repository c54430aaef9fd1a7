/** The fleet of a Kubernetes cluster. @module */

export { type FleetCounts, KubernetesFleet } from "./kubernetes_fleet.ts";
export { type LeaseTimes } from "./lease/mod.ts";
export { type KubernetesFleetOptions, openKubernetesFleet } from "./open.ts";
