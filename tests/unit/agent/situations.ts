/** Short ways to write down a situation of one GPU, for tests of the policy. @module */

import type { Applied, GpuEntry, Owner } from "../../../agent/entry.ts";
import type { Attribution, Pod } from "../../../agent/ports.ts";
import type { PolicyConfig, Situation } from "../../../agent/situation.ts";

export const BOOT = "boot-1";

export const CONFIG: PolicyConfig = {
  safeDefaultWatts: 500,
  conflictPolicy: "min",
  prearm: false,
};

/** A pod `uid`, in namespace `ns`, named like its UID. */
export function pod(uid: string, change: Partial<Pod> = {}): Pod {
  return {
    namespace: "ns",
    name: uid,
    uid,
    staticPodHash: undefined,
    resourceVersion: "1",
    nodeName: "node",
    phase: "Running",
    terminating: false,
    powerLimit: undefined,
    powerGrant: undefined,
    gpuContainers: ["main"],
    gated: false,
    ...change,
  };
}

/** A pod with the annotation alone. */
export const annotated = (uid: string, powerLimit: string) =>
  pod(uid, { powerLimit });

/** A gated pod with both annotations, in agreement. */
export function granted(
  uid: string,
  generation: string,
  watts: number,
  change: Partial<Pod> = {},
): Pod {
  return pod(uid, {
    gated: true,
    powerLimit: watts === 0 ? undefined : `${watts}`,
    powerGrant: `v1 ${uid} ${generation} ${watts} ${watts}`,
    ...change,
  });
}

export function owner(uid: string, change: Partial<Owner> = {}): Owner {
  return {
    uid,
    namespace: "ns",
    name: uid,
    watts: 300,
    gated: false,
    ...change,
  };
}

export function applied(
  owners: readonly Owner[],
  change: Partial<Applied> = {},
): GpuEntry {
  return {
    uuid: "GPU-0",
    beforeWatts: 700,
    applied: {
      cause: "annotation",
      owners,
      watts: 300,
      bootId: BOOT,
      ...change,
    },
  };
}

/** Pods on the GPU, as kubelet and processes say. */
export function on(...pods: readonly Pod[]): Attribution {
  return {
    kind: "pods",
    pods: pods.map(({ uid, namespace, name }) => ({
      uid,
      namespace,
      name,
      evidence: "both",
    })),
  };
}

/** A quiet situation: fresh view, intact record, an H200 at its default. */
export function situation(
  pods: readonly Pod[],
  change: Partial<Situation> & { readonly attribution?: Attribution } = {},
): Situation {
  const attribution = change.attribution ??
    (pods.length === 0 ? { kind: "nobody" as const } : on(...pods));
  const allocation = attribution.kind === "pods"
    ? "allocated"
    : attribution.kind === "unknown"
    ? "silent"
    : "none";
  return {
    uuid: "GPU-0",
    limits: {
      managementWatts: 700,
      enforcedWatts: 700,
      defaultWatts: 700,
      minWatts: 200,
      maxWatts: 700,
    },
    ownership: { attribution, pids: [], allocation, notes: [] },
    entry: undefined,
    pods: new Map(pods.map((one) => [one.uid, one])),
    view: { freshness: { kind: "fresh", ageMs: 0 }, consistent: true },
    recordIntact: true,
    departing: new Map(),
    hint: undefined,
    vacatedLongEnough: false,
    ...change,
  };
}
