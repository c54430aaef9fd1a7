/** What others do who may write pods. @module */

import {
  POWER_GRANT_ANNOTATION as GRANT,
  POWER_LIMIT_ANNOTATION as LIMIT,
} from "../../../../cluster/mod.ts";
import {
  annotate,
  create,
  gatedPod,
  patch,
  plainPod,
} from "../access_world.ts";
import { NAMESPACE } from "../filled_deploy.ts";
import { grant, OTHER_PODS, policy, type Trial } from "./attempt.ts";

export const STRANGER: readonly Trial[] = [
  {
    what: "raises a worker's power limit",
    request: () => annotate("worker", { [LIMIT]: "700" }),
    ...policy(/Only the planner's account/),
  },
  {
    what: "forges a newer grant",
    request: (uid) => grant(uid, "9.1 700 700", "700"),
    ...policy(/Only the planner's account/),
  },
  {
    what: "takes both annotations away",
    request: () => annotate("worker", { [GRANT]: null, [LIMIT]: null }),
    ...policy(/Only the planner's account/),
  },
  {
    what: "changes the grant through the pod's status",
    request: () =>
      patch(
        "worker",
        { metadata: { annotations: { [LIMIT]: "700" } } },
        "/status",
      ),
    ...policy(/Only the planner's account/),
  },
  {
    what: "binds a pod with a power limit in the binding",
    request: () => ({
      method: "POST",
      path: `/api/v1/namespaces/${NAMESPACE}/pods/worker/binding`,
      body: {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name: "worker", annotations: { [LIMIT]: "700" } },
        target: { apiVersion: "v1", kind: "Node", name: "node-a" },
      },
    }),
    ...policy(/No pod is created or bound/),
  },
  {
    what: "creates a pod with a grant",
    request: (uid) =>
      create(gatedPod("granted", { [GRANT]: `v1 ${uid} 9.1 700 700` })),
    ...policy(/No pod is created or bound/),
  },
  {
    what: "creates a worker without the gate where the namespace asks for it",
    request: () => create(plainPod("ungated")),
    ...policy(/without it: main/),
  },
  {
    what: "creates a worker through the gate",
    request: () => create(gatedPod("gated", {})),
  },
  {
    what: "labels a worker, as controllers do",
    request: () => patch("worker", { metadata: { labels: { seen: "1" } } }),
  },
];

export const OPERATOR: readonly Trial[] = [
  {
    what: "takes one annotation away, with the right to release",
    request: () => annotate("worker", { [LIMIT]: null }),
    ...policy(/Only the planner's account/),
  },
  {
    what: "takes both annotations away, with the right to release",
    request: () => annotate("worker", { [GRANT]: null, [LIMIT]: null }),
  },
];

export const ADMINISTRATOR: readonly Trial[] = [
  {
    what: "raises a worker's power limit",
    request: () => annotate("worker", { [LIMIT]: "700" }),
    ...policy(/Only the planner's account/),
  },
  {
    what:
      "creates a worker without the gate, elsewhere, with the label that asks for it",
    request: () => ({
      method: "POST",
      path: OTHER_PODS,
      body: plainPod("asked", { "wattkeeper.dev/gate": "required" }),
    }),
    ...policy(/without it: main/),
  },
  {
    what: "creates a worker without the gate where nobody asks for it",
    request: () => ({
      method: "POST",
      path: OTHER_PODS,
      body: plainPod("free"),
    }),
  },
];
