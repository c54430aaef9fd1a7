/** What the planner's account does to workloads: replicas and the fence, and nothing else. @module */

import { NAMESPACE } from "../filled_deploy.ts";
import { jsonPatch, mergePatch, policy, rbac, type Trial } from "./attempt.ts";

const APPS = `/apis/apps/v1/namespaces/${NAMESPACE}`;
const DYNAMO = `/apis/nvidia.com/v1beta1/namespaces/${NAMESPACE}`;
const OLD_DYNAMO = `/apis/nvidia.com/v1alpha1/namespaces/${NAMESPACE}`;
const image = {
  spec: {
    template: { spec: { containers: [{ name: "main", image: "other:1" }] } },
  },
};
const epoch = { metadata: { annotations: { "wattkeeper.dev/epoch": "7" } } };

/** Deployments, DGDs of both versions, adapters. */
export const SCALING: readonly Trial[] = [
  {
    what: "scales a Deployment",
    request: () =>
      mergePatch(`${APPS}/deployments/vllm/scale`, { spec: { replicas: 2 } }),
  },
  {
    what: "fences a Deployment by its epoch",
    request: () => mergePatch(`${APPS}/deployments/vllm`, epoch),
  },
  {
    what: "changes the image of a Deployment",
    request: () => mergePatch(`${APPS}/deployments/vllm`, image),
    ...policy(/through the scale subresource alone/),
  },
  {
    what: "labels a Deployment",
    request: () =>
      mergePatch(`${APPS}/deployments/vllm`, {
        metadata: { labels: { a: "b" } },
      }),
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
      mergePatch(
        `${DYNAMO}/dynamographdeploymentscalingadapters/chat-prefill/scale`,
        { spec: { replicas: 2 } },
      ),
  },
  {
    what: "fences an adapter by its epoch",
    request: () =>
      mergePatch(
        `${DYNAMO}/dynamographdeploymentscalingadapters/chat-prefill`,
        epoch,
      ),
  },
  {
    what: "points an adapter at another deployment",
    request: () =>
      mergePatch(
        `${DYNAMO}/dynamographdeploymentscalingadapters/chat-prefill`,
        {
          spec: { dgdRef: { name: "other" } },
        },
      ),
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
      mergePatch(`${DYNAMO}/dynamographdeployments/chat`, {
        spec: { backendFramework: "sglang" },
      }),
    ...policy(/replicas of a DynamoGraphDeployment's components/),
  },
];
