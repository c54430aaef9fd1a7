/** What is tried, by whom, and what must come of it: the security of an installation as a table. @module */

import {
  POWER_GRANT_ANNOTATION as GRANT,
  POWER_LIMIT_ANNOTATION as LIMIT,
} from "../../../cluster/mod.ts";
import {
  type Account,
  annotate,
  create,
  gatedPod,
  patch,
  plainPod,
  report,
} from "./access_world.ts";
import { NAMESPACE } from "./filled_deploy.ts";
import type { RawRequest } from "./raw_api.ts";

/** One attempt. */
export interface Attempt {
  readonly who: Account;
  readonly what: string;
  /** Made from the UID of the pod `worker`, which carries the grant 5.3 over 300 W before each attempt. */
  readonly request: (
    uid: string,
    version: (path: string) => Promise<string>,
  ) => RawRequest | Promise<RawRequest>;
  /** Part of the refusal; absent: it is allowed. */
  readonly refused?: RegExp;
  /** Whose refusal it is. */
  readonly by?: "RBAC" | "policy";
}

const rbac = { refused: /is forbidden: User/, by: "RBAC" } as const;
const policy = (refused: RegExp) => ({ refused, by: "policy" as const });
const grant = (uid: string, text: string, limit: string | null) =>
  annotate("worker", { [GRANT]: `v1 ${uid} ${text}`, [LIMIT]: limit });
/** A JSON patch of a Node. The start-up taint is its first. */
const node = (name: string, ...operations: readonly object[]) => ({
  method: "PATCH" as const,
  path: `/api/v1/nodes/${name}`,
  contentType: "application/json-patch+json",
  body: operations,
});
const takeTaint = (index: number) => ({
  op: "remove",
  path: `/spec/taints/${index}`,
});
const REPORTS = "/apis/wattkeeper.dev/v1alpha1/nodepowerreports";
const OTHER_PODS = "/api/v1/namespaces/other/pods";

const APPS = `/apis/apps/v1/namespaces/${NAMESPACE}`;
const DYNAMO = `/apis/nvidia.com/v1beta1/namespaces/${NAMESPACE}`;
const OLD_DYNAMO = `/apis/nvidia.com/v1alpha1/namespaces/${NAMESPACE}`;
const merge = (path: string, body: object): RawRequest => ({
  method: "PATCH",
  path,
  contentType: "application/merge-patch+json",
  body,
});
const jsonPatch = (path: string, ...operations: object[]): RawRequest => ({
  method: "PATCH",
  path,
  contentType: "application/json-patch+json",
  body: operations,
});
const image = {
  spec: {
    template: { spec: { containers: [{ name: "main", image: "other:1" }] } },
  },
};
const epoch = { metadata: { annotations: { "wattkeeper.dev/epoch": "7" } } };

const SCALING: readonly Omit<Attempt, "who">[] = [
  {
    what: "scales a Deployment",
    request: () =>
      merge(`${APPS}/deployments/vllm/scale`, { spec: { replicas: 2 } }),
  },
  {
    what: "fences a Deployment by its epoch",
    request: () => merge(`${APPS}/deployments/vllm`, epoch),
  },
  {
    what: "changes the image of a Deployment",
    request: () => merge(`${APPS}/deployments/vllm`, image),
    ...policy(/through the scale subresource alone/),
  },
  {
    what: "labels a Deployment",
    request: () =>
      merge(`${APPS}/deployments/vllm`, { metadata: { labels: { a: "b" } } }),
    ...policy(/wattkeeper.dev\/epoch alone/),
  },
  {
    what: "deletes a Deployment",
    request: () => ({ method: "DELETE", path: `${APPS}/deployments/vllm` }),
    ...rbac,
  },
  {
    what: "scales through an adapter",
    request: () =>
      merge(
        `${DYNAMO}/dynamographdeploymentscalingadapters/chat-prefill/scale`,
        { spec: { replicas: 2 } },
      ),
  },
  {
    what: "fences an adapter by its epoch",
    request: () =>
      merge(
        `${DYNAMO}/dynamographdeploymentscalingadapters/chat-prefill`,
        epoch,
      ),
  },
  {
    what: "points an adapter at another deployment",
    request: () =>
      merge(`${DYNAMO}/dynamographdeploymentscalingadapters/chat-prefill`, {
        spec: { dgdRef: { name: "other" } },
      }),
    ...policy(/through the scale subresource alone/),
  },
  {
    what: "sets the replicas of a DGD's component",
    request: () =>
      jsonPatch(`${DYNAMO}/dynamographdeployments/chat`, {
        op: "add",
        path: "/spec/components/1/replicas",
        value: 3,
      }),
  },
  {
    what: "sets the replicas of a v1alpha1 DGD's service",
    request: () =>
      jsonPatch(`${OLD_DYNAMO}/dynamographdeployments/old`, {
        op: "add",
        path: "/spec/services/prefill/replicas",
        value: 3,
      }),
  },
  {
    what: "changes the image of a DGD's component",
    request: () =>
      jsonPatch(`${DYNAMO}/dynamographdeployments/chat`, {
        op: "replace",
        path: "/spec/components/0/podTemplate/spec/containers/0/image",
        value: "other:1",
      }),
    ...policy(/replicas of a DynamoGraphDeployment's components/),
  },
  {
    what: "changes the image of a v1alpha1 DGD's service",
    request: () =>
      jsonPatch(`${OLD_DYNAMO}/dynamographdeployments/old`, {
        op: "replace",
        path: "/spec/services/prefill/extraPodSpec/mainContainer/image",
        value: "other:1",
      }),
    ...policy(/replicas of a DynamoGraphDeployment's components/),
  },
  {
    what: "takes a component out of a DGD",
    request: () =>
      jsonPatch(`${DYNAMO}/dynamographdeployments/chat`, {
        op: "remove",
        path: "/spec/components/0",
      }),
    ...policy(/replicas of a DynamoGraphDeployment's components/),
  },
  {
    what: "changes another field of a DGD",
    request: () =>
      merge(`${DYNAMO}/dynamographdeployments/chat`, {
        spec: { backendFramework: "sglang" },
      }),
    ...policy(/replicas of a DynamoGraphDeployment's components/),
  },
];

const PLANNER: readonly Omit<Attempt, "who">[] = [
  {
    what: "raises with a newer generation, both annotations together",
    request: (uid) => grant(uid, "5.4 400 400", "400"),
  },
  {
    what: "stamps the same watts in a higher epoch",
    request: (uid) => grant(uid, "6.1 300 500", "300"),
  },
  {
    what: "takes back to a claim: 0 W and no power limit",
    request: (uid) => grant(uid, "5.4 0 300", null),
  },
  {
    what: "writes the same generation with other watts",
    request: (uid) => grant(uid, "5.3 400 400", "400"),
    ...policy(/Generations of a pod grow/),
  },
  {
    what: "writes a lower sequence",
    request: (uid) => grant(uid, "5.2 250 300", "250"),
    ...policy(/Generations of a pod grow/),
  },
  {
    what: "writes a lower epoch with a higher sequence",
    request: (uid) => grant(uid, "4.99 500 500", "500"),
    ...policy(/Generations of a pod grow/),
  },
  {
    what: "changes the power limit alone",
    request: () => annotate("worker", { [LIMIT]: "500" }),
    ...policy(/changed together/),
  },
  {
    what: "changes the grant alone",
    request: (uid) => annotate("worker", { [GRANT]: `v1 ${uid} 5.4 500 500` }),
    ...policy(/changed together/),
  },
  {
    what: "takes the power limit away alone",
    request: () => annotate("worker", { [LIMIT]: null }),
    ...policy(/changed together/),
  },
  {
    what: "takes both annotations away",
    request: () => annotate("worker", { [LIMIT]: null, [GRANT]: null }),
    ...policy(/must be "v1/),
  },
  {
    what: "copies another pod's grant",
    request: () => grant("another-pod", "5.4 300 300", "300"),
    ...policy(/The grant is for pod UID "another-pod"/),
  },
  {
    what: "writes a malformed grant",
    request: (uid) => grant(uid, "5.4 300W 300", "300"),
    ...policy(/must be "v1/),
  },
  {
    what: "writes a bound below the watts",
    request: (uid) => grant(uid, "5.4 400 300", "400"),
    ...policy(/bound of a grant/),
  },
  {
    what: "changes the image of a worker",
    request: () =>
      patch("worker", {
        spec: {
          containers: [{
            ...gatedPod("worker", {}).spec.containers[0],
            image: "other:1",
          }],
        },
      }),
    ...policy(/changes its spec/),
  },
  {
    what: "changes the image together with a valid grant",
    request: (uid) =>
      patch("worker", {
        metadata: {
          annotations: { [GRANT]: `v1 ${uid} 5.4 400 400`, [LIMIT]: "400" },
        },
        spec: {
          containers: [{
            ...gatedPod("worker", {}).spec.containers[0],
            image: "other:1",
          }],
        },
      }),
    ...policy(/changes its spec/),
  },
  {
    what: "changes a label",
    request: () => patch("worker", { metadata: { labels: { app: "mine" } } }),
    ...policy(/changes its labels/),
  },
  {
    what: "adds another annotation",
    request: () => annotate("worker", { other: "1" }),
    ...policy(/changes another annotation/),
  },
  {
    what: "takes another annotation away",
    request: () => annotate("worker", { note: null }),
    ...policy(/changes another annotation/),
  },
  {
    what: "adds a finalizer",
    request: () =>
      patch("worker", { metadata: { finalizers: ["example.org/hold"] } }),
    ...policy(/changes its status, finalizers/),
  },
  {
    what: "writes the status of a pod",
    request: () => patch("worker", { status: { phase: "Failed" } }, "/status"),
    ...rbac,
  },
  {
    what: "deletes a worker",
    request: () => ({
      method: "DELETE",
      path: `/api/v1/namespaces/${NAMESPACE}/pods/worker`,
    }),
    ...rbac,
  },
  {
    what: "creates a pod",
    request: () => create(gatedPod("new", {})),
    ...rbac,
  },
  {
    what: "opens a shell in a worker",
    request: () => ({
      method: "POST",
      path: `/api/v1/namespaces/${NAMESPACE}/pods/worker/exec?command=sh`,
    }),
    ...rbac,
  },
  {
    what: "patches a pod of another namespace",
    request: () => ({
      method: "PATCH",
      path: `${OTHER_PODS}/worker`,
      contentType: "application/merge-patch+json",
      body: {},
    }),
    ...rbac,
  },
  {
    what: "reads secrets",
    request: () => ({
      method: "GET",
      path: `/api/v1/namespaces/${NAMESPACE}/secrets`,
    }),
    ...rbac,
  },
  {
    what: "writes a report",
    request: () => report("PUT", "node-a"),
    ...rbac,
  },
  {
    what: "changes a node",
    request: () => node("node-a", takeTaint(0)),
    ...rbac,
  },
  {
    what: "takes the Lease of another planner",
    request: () => lease("PUT", "wattkeeper-planner-other"),
    ...rbac,
  },
  {
    what: "makes its own Lease",
    request: () => lease("POST", "wattkeeper-planner-chat"),
  },
  {
    what: "renews its own Lease",
    request: async (_, version) =>
      lease(
        "PUT",
        "wattkeeper-planner-chat",
        await version(`${LEASES}/wattkeeper-planner-chat`),
      ),
  },
  {
    what: "lists reports",
    request: () => read("/apis/wattkeeper.dev/v1alpha1/nodepowerreports"),
  },
  { what: "lists nodes", request: () => read("/api/v1/nodes") },
  {
    what: "lists its pods",
    request: () => read(`/api/v1/namespaces/${NAMESPACE}/pods`),
  },
  {
    what: "lists the pods of all namespaces",
    request: () => read("/api/v1/pods"),
    ...rbac,
  },
];

const AGENT: readonly Omit<Attempt, "who">[] = [
  {
    what: "makes its own node's report",
    request: () => report("POST", "node-a"),
  },
  {
    what: "writes its own node's report",
    request: async (_, version) =>
      report("PUT", "node-a", await version(`${REPORTS}/node-a`)),
  },
  {
    what: "makes another node's report",
    request: () => report("POST", "node-c"),
    ...policy(
      /writes only the report of its own node: this token is of node "node-a"/,
    ),
  },
  {
    what: "writes another node's report",
    request: async (_, version) =>
      report("PUT", "node-b", await version(`${REPORTS}/node-b`)),
    ...policy(/writes only the report of its own node/),
  },
  {
    what: "changes the object of another node's report",
    request: () => ({
      method: "PATCH",
      path: "/apis/wattkeeper.dev/v1alpha1/nodepowerreports/node-b",
      contentType: "application/merge-patch+json",
      body: { metadata: { labels: { a: "b" } } },
    }),
    ...rbac,
  },
  {
    what: "deletes a report",
    request: () => report("DELETE", "node-a"),
    ...rbac,
  },
  {
    what: "lists pods",
    request: () => read("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-a"),
  },
  {
    what: "changes a worker's power limit",
    request: () => annotate("worker", { [LIMIT]: "700" }),
    ...rbac,
  },
  {
    what: "reads secrets",
    request: () => read(`/api/v1/namespaces/${NAMESPACE}/secrets`),
    ...rbac,
  },
  {
    what: "cordons its own node",
    request: () =>
      node("node-a", { op: "add", path: "/spec/unschedulable", value: true }),
    ...policy(/changes nothing of its Node/),
  },
  {
    what: "takes another taint of its own node away",
    request: () => node("node-a", takeTaint(1)),
    ...policy(/changes no other taint/),
  },
  {
    what: "takes the start-up taint of another node away",
    request: () => node("node-b", takeTaint(0)),
    ...policy(/changes only its own Node/),
  },
  {
    what: "labels its own node while it takes the start-up taint away",
    request: () =>
      node("node-a", takeTaint(0), {
        op: "add",
        path: "/metadata/labels",
        value: { a: "b" },
      }),
    ...policy(/changes nothing of its Node/),
  },
  {
    what: "takes the start-up taint of its own node away",
    request: () => node("node-a", takeTaint(0)),
  },
];

const STRANGER: readonly Omit<Attempt, "who">[] = [
  {
    what: "raises a worker's power limit",
    request: () => annotate("worker", { [LIMIT]: "700" }),
    ...policy(/Only the planner's account/),
  },
  {
    what: "forges a newer grant",
    request: (uid) => grant(uid, "9.1 700 700", "700"),
    ...policy(/Only the planner's account/),
  },
  {
    what: "takes both annotations away",
    request: () => annotate("worker", { [GRANT]: null, [LIMIT]: null }),
    ...policy(/Only the planner's account/),
  },
  {
    what: "changes the grant through the pod's status",
    request: () =>
      patch(
        "worker",
        { metadata: { annotations: { [LIMIT]: "700" } } },
        "/status",
      ),
    ...policy(/Only the planner's account/),
  },
  {
    what: "binds a pod with a power limit in the binding",
    request: () => ({
      method: "POST",
      path: `/api/v1/namespaces/${NAMESPACE}/pods/worker/binding`,
      body: {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name: "worker", annotations: { [LIMIT]: "700" } },
        target: { apiVersion: "v1", kind: "Node", name: "node-a" },
      },
    }),
    ...policy(/No pod is created or bound/),
  },
  {
    what: "creates a pod with a grant",
    request: (uid) =>
      create(gatedPod("granted", { [GRANT]: `v1 ${uid} 9.1 700 700` })),
    ...policy(/No pod is created or bound/),
  },
  {
    what: "creates a worker without the gate where the namespace asks for it",
    request: () => create(plainPod("ungated")),
    ...policy(/without it: main/),
  },
  {
    what: "creates a worker through the gate",
    request: () => create(gatedPod("gated", {})),
  },
  {
    what: "labels a worker, as controllers do",
    request: () => patch("worker", { metadata: { labels: { seen: "1" } } }),
  },
];

const OPERATOR: readonly Omit<Attempt, "who">[] = [
  {
    what: "takes one annotation away, with the right to release",
    request: () => annotate("worker", { [LIMIT]: null }),
    ...policy(/Only the planner's account/),
  },
  {
    what: "takes both annotations away, with the right to release",
    request: () => annotate("worker", { [GRANT]: null, [LIMIT]: null }),
  },
];

const ADMINISTRATOR: readonly Omit<Attempt, "who">[] = [
  {
    what: "raises a worker's power limit",
    request: () => annotate("worker", { [LIMIT]: "700" }),
    ...policy(/Only the planner's account/),
  },
  {
    what:
      "creates a worker without the gate, elsewhere, with the label that asks for it",
    request: () => ({
      method: "POST",
      path: OTHER_PODS,
      body: plainPod("asked", { "wattkeeper.dev/gate": "required" }),
    }),
    ...policy(/without it: main/),
  },
  {
    what: "creates a worker without the gate where nobody asks for it",
    request: () => ({
      method: "POST",
      path: OTHER_PODS,
      body: plainPod("free"),
    }),
  },
];

const UNBOUND: readonly Omit<Attempt, "who">[] = [{
  what: "writes a report with a token that names no node",
  request: () => report("POST", "node-d"),
  ...policy(/names no node/),
}];

const by = (who: Account, list: readonly Omit<Attempt, "who">[]) =>
  list.map((one) => ({ who, ...one }));

/** All, in the order of the documentation. */
export const ATTEMPTS: readonly Attempt[] = [
  ...by("planner", PLANNER),
  ...by("planner", SCALING),
  ...by("agent of node-a", AGENT),
  ...by("agent without a node", UNBOUND),
  ...by("stranger", STRANGER),
  ...by("operator", OPERATOR),
  ...by("administrator", ADMINISTRATOR),
];

function read(path: string): RawRequest {
  return { method: "GET", path };
}

const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;

function lease(
  method: "POST" | "PUT",
  name: string,
  resourceVersion?: string,
): RawRequest {
  return {
    method,
    path: method === "POST" ? LEASES : `${LEASES}/${name}`,
    body: {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name, ...(resourceVersion ? { resourceVersion } : {}) },
      spec: { holderIdentity: "a" },
    },
  };
}
