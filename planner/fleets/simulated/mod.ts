/** The simulated fleet. @module */

export { type ClusterEyes, clusterSnapshot } from "./cluster_snapshot.ts";
export { estimatorTruth } from "./estimator_truth.ts";
export { SimulatedFleet } from "./simulated_fleet.ts";
