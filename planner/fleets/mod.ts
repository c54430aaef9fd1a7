/** What can be scaled and capped. @module */

export type { Fleet } from "./fleet.ts";
export {
  type ClusterEyes,
  clusterSnapshot,
} from "./simulated/cluster_snapshot.ts";
