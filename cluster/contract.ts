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
