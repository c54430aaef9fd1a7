/** What the planner's account does, and what it must not be able to. @module */

import {
  POWER_GRANT_ANNOTATION as GRANT,
  POWER_LIMIT_ANNOTATION as LIMIT,
} from "../../../../cluster/mod.ts";
import { annotate, create, gatedPod, patch, report } from "../access_world.ts";
import { NAMESPACE } from "../filled_deploy.ts";
import type { RawRequest } from "../raw_api.ts";
import {
  grant,
  node,
  OTHER_PODS,
  policy,
  rbac,
  read,
  REPORTS,
  SECRETS,
  takeTaint,
  type Trial,
} from "./attempt.ts";

const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;

function lease(
  method: "POST" | "PUT",
  name: string,
  resourceVersion?: string,
): RawRequest {
  return {
    method,
    path: method === "POST" ? LEASES : `${LEASES}/${name}`,
    body: {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name, ...(resourceVersion ? { resourceVersion } : {}) },
      spec: { holderIdentity: "a" },
    },
  };
}

/** Pods, Leases and what it reads. */
export const PLANNER: readonly Trial[] = [
  {
    what: "raises with a newer generation, both annotations together",
    request: (uid) => grant(uid, "5.4 400 400", "400"),
  },
  {
    what: "stamps the same watts in a higher epoch",
    request: (uid) => grant(uid, "6.1 300 500", "300"),
  },
  {
    what: "takes back to a claim: 0 W and no power limit",
    request: (uid) => grant(uid, "5.4 0 300", null),
  },
  {
    what: "writes the same generation with other watts",
    request: (uid) => grant(uid, "5.3 400 400", "400"),
    ...policy(/Generations of a pod grow/),
  },
  {
    what: "writes a lower sequence",
    request: (uid) => grant(uid, "5.2 250 300", "250"),
    ...policy(/Generations of a pod grow/),
  },
  {
    what: "writes a lower epoch with a higher sequence",
    request: (uid) => grant(uid, "4.99 500 500", "500"),
    ...policy(/Generations of a pod grow/),
  },
  {
    what: "changes the power limit alone",
    request: () => annotate("worker", { [LIMIT]: "500" }),
    ...policy(/changed together/),
  },
  {
    what: "changes the grant alone",
    request: (uid) => annotate("worker", { [GRANT]: `v1 ${uid} 5.4 500 500` }),
    ...policy(/changed together/),
  },
  {
    what: "takes the power limit away alone",
    request: () => annotate("worker", { [LIMIT]: null }),
    ...policy(/changed together/),
  },
  {
    what: "takes both annotations away",
    request: () => annotate("worker", { [LIMIT]: null, [GRANT]: null }),
    ...policy(/must be "v1/),
  },
  {
    what: "copies another pod's grant",
    request: () => grant("another-pod", "5.4 300 300", "300"),
    ...policy(/The grant is for pod UID "another-pod"/),
  },
  {
    what: "writes a malformed grant",
    request: (uid) => grant(uid, "5.4 300W 300", "300"),
    ...policy(/must be "v1/),
  },
  {
    what: "writes a bound below the watts",
    request: (uid) => grant(uid, "5.4 400 300", "400"),
    ...policy(/bound of a grant/),
  },
  {
    what: "changes the image of a worker",
    request: () =>
      patch("worker", {
        spec: {
          containers: [{
            ...gatedPod("worker", {}).spec.containers[0],
            image: "other:1",
          }],
        },
      }),
    ...policy(/changes its spec/),
  },
  {
    what: "changes the image together with a valid grant",
    request: (uid) =>
      patch("worker", {
        metadata: {
          annotations: { [GRANT]: `v1 ${uid} 5.4 400 400`, [LIMIT]: "400" },
        },
        spec: {
          containers: [{
            ...gatedPod("worker", {}).spec.containers[0],
            image: "other:1",
          }],
        },
      }),
    ...policy(/changes its spec/),
  },
  {
    what: "changes a label",
    request: () => patch("worker", { metadata: { labels: { app: "mine" } } }),
    ...policy(/changes its labels/),
  },
  {
    what: "adds another annotation",
    request: () => annotate("worker", { other: "1" }),
    ...policy(/changes another annotation/),
  },
  {
    what: "takes another annotation away",
    request: () => annotate("worker", { note: null }),
    ...policy(/changes another annotation/),
  },
  {
    what: "adds a finalizer",
    request: () =>
      patch("worker", { metadata: { finalizers: ["example.org/hold"] } }),
    ...policy(/changes its status, finalizers/),
  },
  {
    what: "writes the status of a pod",
    request: () => patch("worker", { status: { phase: "Failed" } }, "/status"),
    ...rbac,
  },
  {
    what: "deletes a worker",
    request: () => ({
      method: "DELETE",
      path: `/api/v1/namespaces/${NAMESPACE}/pods/worker`,
    }),
    ...rbac,
  },
  {
    what: "creates a pod",
    request: () => create(gatedPod("new", {})),
    ...rbac,
  },
  {
    what: "opens a shell in a worker",
    request: () => ({
      method: "POST",
      path: `/api/v1/namespaces/${NAMESPACE}/pods/worker/exec?command=sh`,
    }),
    ...rbac,
  },
  {
    what: "patches a pod of another namespace",
    request: () => ({
      method: "PATCH",
      path: `${OTHER_PODS}/worker`,
      contentType: "application/merge-patch+json",
      body: {},
    }),
    ...rbac,
  },
  {
    what: "reads secrets",
    request: () => read(SECRETS),
    ...rbac,
  },
  {
    what: "writes a report",
    request: () => report("PUT", "node-a"),
    ...rbac,
  },
  {
    what: "changes a node",
    request: () => node("node-a", takeTaint(0)),
    ...rbac,
  },
  {
    what: "takes the Lease of another planner",
    request: () => lease("PUT", "wattkeeper-planner-other"),
    ...rbac,
  },
  {
    what: "makes its own Lease",
    request: () => lease("POST", "wattkeeper-planner-chat"),
  },
  {
    what: "renews its own Lease",
    request: async (_, version) =>
      lease(
        "PUT",
        "wattkeeper-planner-chat",
        await version(`${LEASES}/wattkeeper-planner-chat`),
      ),
  },
  {
    what: "lists reports",
    request: () => read(REPORTS),
  },
  { what: "lists nodes", request: () => read("/api/v1/nodes") },
  {
    what: "lists its pods",
    request: () => read(`/api/v1/namespaces/${NAMESPACE}/pods`),
  },
  {
    what: "lists the pods of all namespaces",
    request: () => read("/api/v1/pods"),
    ...rbac,
  },
];
