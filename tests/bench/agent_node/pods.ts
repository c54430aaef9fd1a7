/** Pods of a node, small or as large as real ones. @module */

import { POWER_LIMIT_ANNOTATION } from "../../../cluster/mod.ts";
import type { PodObject } from "./pod_server.ts";

/** UID of pod `i`. */
export function podUid(i: number): string {
  return `${`${i}`.padStart(8, "0")}-1111-4222-8333-444444444444`;
}

/** What a pod is asked to be. */
export interface BenchPod {
  readonly index: number;
  readonly resourceVersion: string;
  /** Undefined: it asks for no GPU and no cap. */
  readonly watts: number | undefined;
  /** With variables, volumes, conditions and managed fields, 8 to 9 kB, as API servers send them. */
  readonly whole: boolean;
}

/** A running pod with one container. */
export function benchPod(pod: BenchPod): PodObject {
  const { index, resourceVersion, watts, whole } = pod;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: "ns",
      name: `pod-${index}`,
      uid: podUid(index),
      resourceVersion,
      annotations: watts === undefined
        ? {}
        : { [POWER_LIMIT_ANNOTATION]: `${watts}` },
      ...(whole && { labels: LABELS, managedFields: MANAGED }),
    },
    spec: {
      nodeName: "n1",
      containers: [{
        name: "main",
        resources: watts === undefined
          ? {}
          : { limits: { "nvidia.com/gpu": "1" } },
        ...(whole && { env: VARIABLES, volumeMounts: MOUNTS }),
      }],
      ...(whole && { volumes: VOLUMES, tolerations: TOLERATIONS }),
    },
    status: { phase: "Running", ...(whole && { conditions: CONDITIONS }) },
  };
}

const NOW = "2026-11-27T08:00:00Z";
const many = <T>(count: number, make: (i: number) => T) =>
  Array.from({ length: count }, (_, i) => make(i));
const LABELS = Object.fromEntries(
  many(8, (i) => [`app.kubernetes.io/label-${i}`, `value-${i}`]),
);
const VARIABLES = many(30, (i) => ({
  name: `ENGINE_OPTION_${i}`,
  value: `a value that is as long as paths and addresses are ${i}`,
}));
const MOUNTS = many(6, (i) => ({
  name: `volume-${i}`,
  mountPath: `/var/lib/engine/volume-${i}`,
  readOnly: true,
}));
const VOLUMES = many(6, (i) => ({
  name: `volume-${i}`,
  configMap: { name: `settings-of-the-engine-${i}`, defaultMode: 420 },
}));
const TOLERATIONS = many(8, (i) => ({
  key: `node.kubernetes.io/condition-${i}`,
  operator: "Exists",
  effect: "NoExecute",
}));
const CONDITIONS = many(5, (i) => ({
  type: `Condition${i}`,
  status: "True",
  lastProbeTime: null,
  lastTransitionTime: NOW,
}));
const MANAGED = many(3, (m) => ({
  manager: `manager-${m}`,
  operation: "Update",
  apiVersion: "v1",
  time: NOW,
  fieldsType: "FieldsV1",
  fieldsV1: {
    "f:spec": Object.fromEntries(
      many(12, (i) => [
        `k:{"name":"ENGINE_OPTION_${i}"}`,
        { ".": {}, "f:name": {}, "f:value": {} },
      ]),
    ),
  },
}));
