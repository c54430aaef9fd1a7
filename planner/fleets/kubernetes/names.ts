/** Names of other people's API objects, labels and annotations that the fleet goes by. @module */

/** API group of Dynamo's operator. */
export const DYNAMO_GROUP = "nvidia.com";
export const DGD_RESOURCE = "dynamographdeployments";
export const DGD_KIND = "DynamoGraphDeployment";
export const ADAPTER_RESOURCE = "dynamographdeploymentscalingadapters";
export const ADAPTER_KIND = "DynamoGraphDeploymentScalingAdapter";
/** Versions that are read, best first. */
export const DYNAMO_VERSIONS = ["v1beta1", "v1alpha1"] as const;
export type DynamoVersion = typeof DYNAMO_VERSIONS[number];

/** On a DGD: hash of its current workers, newest label first (P93). */
export const WORKER_HASH_LABELS = [
  "nvidia.com/current-worker-hash",
  "nvidia.com/current-worker-hash-v2",
] as const;
/** On pods of a replica over several nodes. */
export const GROVE_GROUP_LABEL = "grove.io/podcliquescalinggroup";
export const GROVE_INDEX_LABEL = "grove.io/podcliquescalinggroup-replica-index";

/** On a DGD or workload: a person wants nothing to be written until it is gone. */
export const PAUSED_ANNOTATION = "wattkeeper.dev/paused";

export const LWS_GROUP = "leaderworkerset.x-k8s.io";
export const LWS_RESOURCE = "leaderworkersets";
export const LWS_NAME_LABEL = "leaderworkerset.sigs.k8s.io/name";
export const LWS_INDEX_LABEL = "leaderworkerset.sigs.k8s.io/group-index";

/** A person has declared a node dead (C28). */
export const OUT_OF_SERVICE_TAINT = "node.kubernetes.io/out-of-service";
/** GPU feature discovery: how a node's GPUs are shared, and whether they are cut up. */
export const SHARING_LABEL = "nvidia.com/gpu.sharing-strategy";
export const PRODUCT_LABEL = "nvidia.com/gpu.product";
