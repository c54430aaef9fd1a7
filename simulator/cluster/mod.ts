/** The simulated cluster: API server, nodes with agents, lagging views. @module */

export {
  SimulatedApi,
  type SimulatedLease,
  type SimulatedPod,
  type SimulatedScaler,
  type SimulatedSide,
  type WriteResult,
} from "./api.ts";
export { type NodeFacts, type NodeGpu, SimulatedNode } from "./node.ts";
export { WatchedView } from "./watched_view.ts";
