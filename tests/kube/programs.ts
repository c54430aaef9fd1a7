/** The programs that tests with Kubernetes need, from the environment that `tests/run` sets. @module */

/** Paths of the servers' programs. */
export interface KubePrograms {
  readonly etcd: string;
  readonly apiserver: string;
}

/** @returns undefined where a program is missing: tests that need a cluster are then ignored */
function find(): KubePrograms | undefined {
  const etcd = Deno.env.get("WATTKEEPER_ETCD");
  const apiserver = Deno.env.get("WATTKEEPER_KUBE_APISERVER");
  return etcd && apiserver ? { etcd, apiserver } : undefined;
}

/** The servers' programs; undefined where one is missing. */
export const KUBE: KubePrograms | undefined = find();

/** The `kustomize` program; undefined where it is missing. */
export const KUSTOMIZE: string | undefined = Deno.env.get(
  "WATTKEEPER_KUSTOMIZE",
);
