/** What an agent's account does, and what it must not be able to. @module */

import { POWER_LIMIT_ANNOTATION as LIMIT } from "../../../../cluster/mod.ts";
import { annotate, report } from "../access_world.ts";
import {
  node,
  policy,
  rbac,
  read,
  REPORTS,
  SECRETS,
  takeTaint,
  type Trial,
} from "./attempt.ts";

/** With the token of a pod on `node-a`. */
export const AGENT: readonly Trial[] = [
  {
    what: "makes its own node's report",
    request: () => report("POST", "node-a"),
  },
  {
    what: "writes its own node's report",
    request: async (_, version) =>
      report("PUT", "node-a", await version(`${REPORTS}/node-a`)),
  },
  {
    what: "makes another node's report",
    request: () => report("POST", "node-c"),
    ...policy(
      /writes only the report of its own node: this token is of node "node-a"/,
    ),
  },
  {
    what: "writes another node's report",
    request: async (_, version) =>
      report("PUT", "node-b", await version(`${REPORTS}/node-b`)),
    ...policy(/writes only the report of its own node/),
  },
  {
    what: "changes the object of another node's report",
    request: () => ({
      method: "PATCH",
      path: "/apis/wattkeeper.dev/v1alpha1/nodepowerreports/node-b",
      contentType: "application/merge-patch+json",
      body: { metadata: { labels: { a: "b" } } },
    }),
    ...rbac,
  },
  {
    what: "deletes a report",
    request: () => report("DELETE", "node-a"),
    ...rbac,
  },
  {
    what: "lists pods",
    request: () => read("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-a"),
  },
  {
    what: "changes a worker's power limit",
    request: () => annotate("worker", { [LIMIT]: "700" }),
    ...rbac,
  },
  {
    what: "reads secrets",
    request: () => read(SECRETS),
    ...rbac,
  },
  {
    what: "cordons its own node",
    request: () =>
      node("node-a", { op: "add", path: "/spec/unschedulable", value: true }),
    ...policy(/changes nothing of its Node/),
  },
  {
    what: "takes another taint of its own node away",
    request: () => node("node-a", takeTaint(1)),
    ...policy(/changes no other taint/),
  },
  {
    what: "takes the start-up taint of another node away",
    request: () => node("node-b", takeTaint(0)),
    ...policy(/changes only its own Node/),
  },
  {
    what: "labels its own node while it takes the start-up taint away",
    request: () =>
      node("node-a", takeTaint(0), {
        op: "add",
        path: "/metadata/labels",
        value: { a: "b" },
      }),
    ...policy(/changes nothing of its Node/),
  },
  {
    what: "takes the start-up taint of its own node away",
    request: () => node("node-a", takeTaint(0)),
  },
];

/** With a token that is bound to no pod. */
export const UNBOUND: readonly Trial[] = [{
  what: "writes a report with a token that names no node",
  request: () => report("POST", "node-d"),
  ...policy(/names no node/),
}];
