/** A Deployment, StatefulSet or LeaderWorkerSet with our labels, read (R26). Pure. @module */

import { ROLE_LABEL } from "../../../../cluster/mod.ts";
import type { Component, ComponentRole } from "../component.ts";
import { LWS_GROUP, LWS_RESOURCE } from "../names.ts";
import { at, countAt, isRecord, listAt, textAt } from "../object_fields.ts";
import { type ObjectMeta, objectMeta } from "../object_meta.ts";
import { templateFacts } from "../pod_template.ts";
import { replicaCounts } from "../replica_counts.ts";

/** The kinds that are scaled. */
export const WORKLOAD_KINDS = [
  { kind: "Deployment", group: "apps", resource: "deployments" },
  { kind: "StatefulSet", group: "apps", resource: "statefulsets" },
  { kind: "LeaderWorkerSet", group: LWS_GROUP, resource: LWS_RESOURCE },
] as const;
export type WorkloadKind = typeof WORKLOAD_KINDS[number];

/** One workload. */
export interface Workload {
  readonly kind: WorkloadKind;
  /** Version of its API: `v1`. */
  readonly version: string;
  readonly meta: ObjectMeta;
  readonly component: Component;
}

/** Reads one. Never throws. */
export function readWorkload(
  object: unknown,
  kind: WorkloadKind,
  version: string,
): Workload {
  const meta = objectMeta(object);
  const observed = countAt(object, "status", "observedGeneration");
  const isGroup = kind.kind === "LeaderWorkerSet";
  const shape = isGroup ? groupShape(object) : simpleShape(object);
  const specReplicas = at(object, "spec", "replicas");
  const replicas = countAt(object, "spec", "replicas") ??
    (specReplicas === undefined || specReplicas === null ? 1 : undefined);
  const problems = [...shape.problems];
  const role = roleOf(meta.labels[ROLE_LABEL]);
  if (role === undefined) {
    problems.push(
      `the label ${ROLE_LABEL} is "${
        meta.labels[ROLE_LABEL]?.slice(0, 40) ?? ""
      }", and prefill, decode, agg or frontend is wanted.`,
    );
  }
  if (replicas === undefined) {
    problems.push("spec.replicas is no whole number.");
  }
  return {
    kind,
    version,
    meta,
    component: {
      name: meta.name,
      role: role ?? "untyped",
      counts: replicaCounts(at(object, "status"), {
        spoken: observed !== undefined,
      }),
      // A LeaderWorkerSet says nothing about the generation that it has seen.
      lagging: !isGroup && meta.generation !== undefined &&
        (observed ?? 0) < meta.generation,
      rolloutFailed: hasCondition(object, "Progressing", "False"),
      rollingOut: hasCondition(object, "UpdateInProgress", "True"),
      gpusPerReplica: shape.gpus > 0 ? shape.gpus : undefined,
      podsPerReplica: shape.pods,
      authoredCapWatts: shape.authoredCapWatts,
      nodeSelector: shape.nodeSelector,
      modelName: shape.modelName,
      runtimeComponent: shape.runtimeComponent,
      runtimeNamespace: undefined,
      partialGpus: shape.partialGpus,
      scaler: {
        kind: "subresource",
        targets: [{ group: kind.group, kind: kind.kind, name: meta.name }],
        path:
          `/apis/${kind.group}/${version}/namespaces/${meta.namespace}/${kind.resource}/${meta.name}`,
        uid: meta.uid,
        resourceVersion: meta.resourceVersion,
        replicas,
        setBy: meta.replicasSetBy,
      },
      problems: problems.map((problem) =>
        `${kind.kind} "${meta.name}": ${problem}`
      ),
    },
  };
}

/** `agg` is one kind of worker: it stands for decode. */
function roleOf(label: string | undefined): ComponentRole | undefined {
  switch (label) {
    case "prefill":
    case "decode":
    case "frontend":
      return label;
    case "agg":
      return "decode";
    default:
      return undefined;
  }
}

function simpleShape(object: unknown) {
  const facts = templateFacts(at(object, "spec", "template"));
  return { ...facts, pods: 1 };
}

/** One leader and size − 1 workers make a replica; without a template of its own the leader is a worker. */
function groupShape(object: unknown) {
  const template = at(object, "spec", "leaderWorkerTemplate");
  const worker = templateFacts(at(template, "workerTemplate"));
  const own = at(template, "leaderTemplate");
  const leader = isRecord(own) ? templateFacts(own) : worker;
  const found = at(template, "size");
  const size = found === undefined ? 1 : countAt(template, "size");
  const pods = size !== undefined && size > 0 ? size : 1;
  return {
    ...leader,
    gpus: leader.gpus + (pods - 1) * worker.gpus,
    pods,
    partialGpus: [...new Set([...leader.partialGpus, ...worker.partialGpus])],
    authoredCapWatts: leader.authoredCapWatts === worker.authoredCapWatts
      ? worker.authoredCapWatts
      : undefined,
    nodeSelector: worker.nodeSelector,
    problems: [
      ...new Set([
        ...leader.problems,
        ...worker.problems,
        ...(size === pods
          ? []
          : ["leaderWorkerTemplate.size is no whole number above 0."]),
        ...(leader.authoredCapWatts !== worker.authoredCapWatts
          ? [
            `the leader's cap is ${
              leader.authoredCapWatts ?? "missing"
            } and the workers' is ${worker.authoredCapWatts ?? "missing"}.`,
          ]
          : []),
      ]),
    ],
  };
}

function hasCondition(object: unknown, type: string, status: string): boolean {
  return listAt(object, "status", "conditions").some((condition) =>
    textAt(condition, "type") === type && textAt(condition, "status") === status
  );
}
