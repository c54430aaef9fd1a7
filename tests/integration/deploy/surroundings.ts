/** What stands around an installation: Dynamo's kinds, workloads, nodes, people with ordinary rights. @module */

import { NAMESPACE } from "./filled_deploy.ts";

/** The two versions of a DGD and its scaling adapter, as far as rights over them go (`reference-planner.md` §14). */
export const CRDS = [
  { kind: "DynamoGraphDeployment", scale: false },
  { kind: "DynamoGraphDeploymentScalingAdapter", scale: true },
].map(({ kind, scale }) => {
  const plural = `${kind.toLowerCase()}s`;
  const version = (name: string, storage: boolean) => ({
    name,
    storage,
    served: true,
    schema: {
      openAPIV3Schema: {
        type: "object",
        properties: {
          spec: {
            type: "object",
            "x-kubernetes-preserve-unknown-fields": true,
            ...(scale ? { properties: { replicas: { type: "integer" } } } : {}),
          },
          status: {
            type: "object",
            "x-kubernetes-preserve-unknown-fields": true,
            ...(scale ? { properties: { replicas: { type: "integer" } } } : {}),
          },
        },
      },
    },
    subresources: {
      status: {},
      ...(scale
        ? {
          scale: {
            specReplicasPath: ".spec.replicas",
            statusReplicasPath: ".status.replicas",
          },
        }
        : {}),
    },
  });
  return JSON.stringify({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.nvidia.com` },
    spec: {
      group: "nvidia.com",
      scope: "Namespaced",
      names: { kind, plural, singular: plural.slice(0, -1) },
      versions: [version("v1beta1", true), version("v1alpha1", false)],
    },
  });
});

/** What stands around the system: the deployment's namespace, nodes, and people with ordinary rights. */
export const SURROUNDINGS = `
apiVersion: v1
kind: Namespace
metadata:
  name: ${NAMESPACE}
  labels:
    wattkeeper.dev/gate: required
---
apiVersion: v1
kind: Namespace
metadata:
  name: other
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: vllm
  namespace: ${NAMESPACE}
spec:
  replicas: 1
  selector: { matchLabels: { app: vllm } }
  template:
    metadata: { labels: { app: vllm } }
    spec: { containers: [{ name: main, image: "vllm:1" }] }
---
apiVersion: nvidia.com/v1beta1
kind: DynamoGraphDeployment
metadata:
  name: chat
  namespace: ${NAMESPACE}
spec:
  backendFramework: vllm
  components:
    - name: prefill
      replicas: 1
      podTemplate: { spec: { containers: [{ name: main, image: "vllm:1" }] } }
    - name: decode
      replicas: 1
      podTemplate: { spec: { containers: [{ name: main, image: "vllm:1" }] } }
---
apiVersion: nvidia.com/v1alpha1
kind: DynamoGraphDeployment
metadata:
  name: old
  namespace: ${NAMESPACE}
spec:
  services:
    prefill: { replicas: 1, extraPodSpec: { mainContainer: { image: "vllm:1" } } }
---
apiVersion: nvidia.com/v1beta1
kind: DynamoGraphDeploymentScalingAdapter
metadata:
  name: chat-prefill
  namespace: ${NAMESPACE}
spec:
  replicas: 1
  dgdRef: { name: chat, componentName: prefill }
---
apiVersion: v1
kind: Node
metadata:
  name: node-a
spec:
  taints:
    - key: wattkeeper.dev/agent-not-ready
      effect: NoSchedule
    - key: nvidia.com/gpu
      value: present
      effect: NoSchedule
---
apiVersion: v1
kind: Node
metadata:
  name: node-b
spec:
  taints:
    - key: wattkeeper.dev/agent-not-ready
      effect: NoSchedule
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: pods
  namespace: ${NAMESPACE}
rules:
  - apiGroups: [""]
    resources: [pods, pods/status, pods/binding, bindings]
    verbs: ["*"]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: pods
  namespace: ${NAMESPACE}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: pods
subjects:
  - kind: ServiceAccount
    name: stranger
    namespace: ${NAMESPACE}
  - kind: ServiceAccount
    name: operator
    namespace: ${NAMESPACE}
---
# May take grants away: an uninstall.
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: release
  namespace: ${NAMESPACE}
rules:
  - apiGroups: [wattkeeper.dev]
    resources: [powergrants]
    verbs: [release]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: release
  namespace: ${NAMESPACE}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: release
subjects:
  - kind: ServiceAccount
    name: operator
    namespace: ${NAMESPACE}
`;

/** The deployment's namespace alone. */
export const SURROUNDINGS_NAMESPACE = `
apiVersion: v1
kind: Namespace
metadata:
  name: ${NAMESPACE}
  labels:
    wattkeeper.dev/gate: required
`;
