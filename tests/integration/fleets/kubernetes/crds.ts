/** CRDs of a cluster with Dynamo and our reports. @module */

const ROOT = new URL("../../../../", import.meta.url).pathname;

/** Manifests to apply, as text or folder: our CRD by itself, without the kustomization around it. */
export const CRD_FOLDERS = [
  await Deno.readTextFile(`${ROOT}deploy/base/crd/nodepowerreports.yaml`),
  `${ROOT}tests/kube/crds`,
] as const;

/** LeaderWorkerSets and KEDA. */
export const OTHER_CRDS = `${ROOT}tests/kube/crds_others`;

/** DGDs of an operator that serves v1alpha1 alone. */
export const ALPHA_CRDS = `${ROOT}tests/kube/crds_v1alpha1`;
