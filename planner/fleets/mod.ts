/** What can be scaled and capped: Kubernetes, another orchestrator over HTTP, a simulated world. @module */

export type { Fleet } from "./fleet.ts";
export {
  type FleetCounts,
  KubernetesFleet,
  type KubernetesFleetOptions,
  type LeaseTimes,
  openKubernetesFleet,
} from "./kubernetes/mod.ts";
export {
  type ClusterEyes,
  clusterSnapshot,
  estimatorTruth,
  SimulatedFleet,
} from "./simulated/mod.ts";
export {
  OBSERVED_PATH,
  VirtualFleet,
  type VirtualFleetOptions,
  WANTED_PATH,
} from "./virtual/mod.ts";
