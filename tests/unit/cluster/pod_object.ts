/** Pods as the API server sends them, for tests. @module */

/** What a test says about a pod; the rest is filled in. */
export interface PodSpec {
  readonly name?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly nodeName?: string;
  readonly annotations?: unknown;
  readonly containers?: readonly unknown[];
  readonly initContainers?: readonly unknown[];
}

/** A running pod on `node-a` in namespace `serving` with one container `main` that has one GPU. */
export function podObject(spec: PodSpec) {
  const name = spec.name ?? "worker-0";
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: "serving",
      name,
      uid: spec.uid ?? `uid-${name}`,
      resourceVersion: spec.resourceVersion ?? "1",
      annotations: spec.annotations,
      managedFields: [{ manager: "kubelet" }],
    },
    spec: {
      nodeName: spec.nodeName ?? "node-a",
      containers: spec.containers ?? [{
        name: "main",
        command: ["serve"],
        resources: { limits: { "nvidia.com/gpu": "1" } },
      }],
      initContainers: spec.initContainers,
    },
    status: { phase: "Running" },
  };
}
