/** What planner and agent say to each other through Kubernetes: keys and names, each written once. @module */

/** Watts per GPU on a worker pod; upstream's channel. A pod that has the key, whatever its value, is opted in. */
export const POWER_LIMIT_ANNOTATION = "dynamo.nvidia.com/gpu-power-limit";

/** The planner's grant to one pod, beside the power limit (`cap-protocol.md` §2). */
export const POWER_GRANT_ANNOTATION = "wattkeeper.dev/power-grant";

/** On the planner's Lease: the epoch of the leader. */
export const LEASE_EPOCH_ANNOTATION = "wattkeeper.dev/epoch";

/** On the planner's Lease: the budget in force, watts (C15, C17). */
export const LEASE_BUDGET_ANNOTATION = "wattkeeper.dev/power-budget-watts";

/** On a mirror pod: the UID its static pod has in cgroup names. Written by the kubelet. */
export const STATIC_POD_HASH_ANNOTATION = "kubernetes.io/config.hash";

/** API group of {@linkcode NodePowerReport}s. */
export const REPORT_GROUP = "wattkeeper.dev";
/** API version of {@linkcode NodePowerReport}s within the group. */
export const REPORT_VERSION = "v1alpha1";
/** `apiVersion` as objects carry it. */
export const REPORT_API_VERSION = `${REPORT_GROUP}/${REPORT_VERSION}`;
/** Kind of the report object, one a node, named after it. */
export const REPORT_KIND = "NodePowerReport";
/** Plural name in URLs and roles. */
export const REPORT_RESOURCE = "nodepowerreports";

/** Path of the collection of reports, from the API server's root. */
export const REPORTS_PATH =
  `/apis/${REPORT_API_VERSION}/${REPORT_RESOURCE}` as const;

/** Namespace that the manifests install into, unless told otherwise. */
export const SYSTEM_NAMESPACE = "wattkeeper-system";
/** Service account of the planner in {@linkcode SYSTEM_NAMESPACE}. */
export const PLANNER_ACCOUNT = "wattkeeper-planner";
/** Service account of the agents in {@linkcode SYSTEM_NAMESPACE}. */
export const AGENT_ACCOUNT = "wattkeeper-agent";
/** Owner of the fields that the planner writes. */
export const PLANNER_FIELD_MANAGER = "wattkeeper-planner";
/** Owner of the fields that an agent writes. */
export const AGENT_FIELD_MANAGER = "wattkeeper-agent";

/** Name of the planner's Lease, in the namespace of the deployment it plans for. */
export function leaseName(deployment: string): string {
  return `wattkeeper-planner-${deployment}`;
}

/** On pods of a DynamoGraphDeployment: its name. */
export const DGD_LABEL = "nvidia.com/dynamo-graph-deployment-name";
/** On pods of a DynamoGraphDeployment: the component's name. */
export const DGD_COMPONENT_LABEL = "nvidia.com/dynamo-component";
/** On pods of a DynamoGraphDeployment: the component's type. */
export const DGD_COMPONENT_TYPE_LABEL = "nvidia.com/dynamo-component-type";

/** On a workload without Dynamo and on its pod template: the name of what is planned together. */
export const DEPLOYMENT_LABEL = "wattkeeper.dev/deployment";
/** Beside {@linkcode DEPLOYMENT_LABEL}: `prefill`, `decode` or `agg`. */
export const ROLE_LABEL = "wattkeeper.dev/role";
