/** What planner and agent share about Kubernetes: their contract, and a way to the API server. @module */

export * from "./portable.ts";
export {
  ApiClient,
  type ApiClientCounts,
  type ApiClientOptions,
  type ApplyOptions,
  type DeleteOptions,
  type JsonPatchOperation,
} from "./api_client.ts";
export { ApiError, type ApiFaultKind, noFaults } from "./api_error.ts";
export { API_BACKOFF, Backoff, type BackoffBounds } from "./backoff.ts";
export { type Endpoint, inClusterEndpoint } from "./endpoint.ts";
export { findEndpoint } from "./find_endpoint.ts";
export { type ApiRequest, ApiTransport } from "./transport.ts";
export {
  ListWatch,
  type ListWatchCounts,
  type ListWatchEnvironment,
  type ListWatchSubject,
} from "./list_watch.ts";
export {
  MAX_VIEW_AGE_MS,
  type NodePods,
  NodePodView,
  type PodViewFreshness,
} from "./pod_view.ts";
