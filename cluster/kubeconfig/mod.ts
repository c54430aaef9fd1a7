/** The planner's way to an API server: any kubeconfig. The agent has a smaller one, without packages. @module */

export { type ClusterAccess, endpointLoader } from "./planner_endpoint.ts";
