/** A pod of the deployment as the fleet sees it: the ledger's facts, and where it belongs. Pure. @module */

import {
  DEPLOYMENT_LABEL,
  DGD_COMPONENT_LABEL,
  DGD_COMPONENT_TYPE_LABEL,
  DGD_LABEL,
  parseGrant,
  type Pod,
  readPod,
  ROLE_LABEL,
} from "../../../cluster/mod.ts";
import type { FrontendPod, NamedPort } from "../../admission/mod.ts";
import { gpuRequest } from "./gpu_request.ts";
import {
  GROVE_GROUP_LABEL,
  GROVE_INDEX_LABEL,
  LWS_INDEX_LABEL,
  LWS_NAME_LABEL,
} from "./names.ts";
import { at, isRecord, listAt, textAt, textsAt } from "./object_fields.ts";
import { controllerOf } from "./object_meta.ts";

/** A pod, read once for each of its versions. */
export interface WatchedPod {
  readonly pod: Pod;
  /** Epoch of the grant that it carries for itself; 0: none. */
  readonly grantEpoch: number;
  /** Component by the label of a DGD's pods, else the role label. */
  readonly component: string | undefined;
  readonly role: string | undefined;
  /** Type of its component by the label of a DGD's pods. */
  readonly componentType: string | undefined;
  readonly isFrontend: boolean;
  /** Whole GPUs that it asks for. */
  readonly gpus: number;
  /** GPUs may come from claims, which it does not count. */
  readonly claims: boolean;
  readonly partialGpus: readonly string[];
  /** Its kubelet has not called it ready. False where it carries no conditions: nobody says. */
  readonly unready: boolean;
  /** What pods of one replica share; its UID where a replica is one pod. */
  readonly replica: string;
  /** The object has annotations: a patch can add one. */
  readonly hasAnnotations: boolean;
  readonly frontend: FrontendPod;
}

/** Reads one; throws only for an object without identity, which no API server stores. */
export function readWatchedPod(object: unknown): WatchedPod {
  const pod = readPod(object);
  const labels = textsAt(object, "metadata", "labels");
  const request = gpuRequest(at(object, "spec"));
  const role = labels[ROLE_LABEL];
  return {
    pod,
    grantEpoch: grantEpoch(pod),
    component: labels[DGD_COMPONENT_LABEL] ??
      (labels[DGD_LABEL] === undefined
        ? undefined
        : controllerName(object) ?? ""),
    role: labels[DEPLOYMENT_LABEL] === undefined ? undefined : role,
    componentType: labels[DGD_COMPONENT_TYPE_LABEL]?.toLowerCase(),
    isFrontend: labels[DGD_COMPONENT_TYPE_LABEL]?.toLowerCase() ===
        "frontend" || role === "frontend",
    gpus: request.gpus,
    claims: request.claims,
    partialGpus: request.partial,
    unready: isUnready(object),
    replica: replicaOf(labels) ?? pod.uid,
    hasAnnotations: isRecord(at(object, "metadata", "annotations")),
    frontend: {
      name: pod.name,
      ip: textAt(object, "status", "podIP"),
      // A worker's ports are of no use, and there may be a thousand of them.
      ports: request.gpus > 0 ? [] : portsOf(object),
    },
  };
}

function isUnready(object: unknown): boolean {
  const conditions = listAt(object, "status", "conditions");
  return conditions.length > 0 &&
    !conditions.some((condition) =>
      textAt(condition, "type") === "Ready" &&
      textAt(condition, "status") === "True"
    );
}

function portsOf(object: unknown): readonly NamedPort[] {
  return listAt(object, "spec", "containers").flatMap((container) =>
    listAt(container, "ports").filter((port): port is NamedPort =>
      isRecord(port)
    )
  );
}

/** Grove and LeaderWorkerSet number the groups of their pods. */
function replicaOf(
  labels: Readonly<Record<string, string>>,
): string | undefined {
  const clique = labels[GROVE_INDEX_LABEL];
  if (clique !== undefined) {
    return `${
      labels[GROVE_GROUP_LABEL] ?? labels[DGD_COMPONENT_LABEL] ?? ""
    }/${clique}`;
  }
  const group = labels[LWS_INDEX_LABEL];
  return group === undefined
    ? undefined
    : `${labels[LWS_NAME_LABEL] ?? ""}/${group}`;
}

function grantEpoch({ powerGrant, uid }: Pod): number {
  if (powerGrant === undefined) return 0;
  const reading = parseGrant(powerGrant);
  return reading.kind === "grant" && reading.grant.podUid === uid
    ? reading.grant.generation.epoch
    : 0;
}

function controllerName(object: unknown): string | undefined {
  return textAt(controllerOf(object), "name");
}
