/** A real Kubernetes control plane for tests. @module */

export { KUBE, KUSTOMIZE } from "./programs.ts";
export { startCluster, type TestCluster } from "./cluster.ts";
export { type AccountRequest, ensure, textAt } from "./service_account.ts";
export { type Manifest, readManifests } from "./apply.ts";
export { kustomizeBuild } from "./kustomize.ts";
export { FaultyLink } from "./faulty_link.ts";
export { until } from "./until.ts";
export { type DgdVersion, Stage, type StagePod } from "./stage.ts";
export { type AdmittedPod, GpuNode, type GpuNodeOptions } from "./gpu_node.ts";
