/** One request of one account, and what must come of it. @module */

import {
  POWER_GRANT_ANNOTATION,
  POWER_LIMIT_ANNOTATION,
} from "../../../../cluster/mod.ts";
import { type Account, annotate } from "../access_world.ts";
import { NAMESPACE } from "../filled_deploy.ts";
import type { RawRequest } from "../raw_api.ts";

/** One attempt. */
export interface Attempt {
  readonly who: Account;
  readonly what: string;
  /** Made from the UID of the pod `worker`, which carries the grant 5.3 over 300 W before each attempt. */
  readonly request: (
    uid: string,
    version: (path: string) => Promise<string>,
  ) => RawRequest | Promise<RawRequest>;
  /** Part of the refusal; absent: it is allowed. */
  readonly refused?: RegExp;
  /** Whose refusal it is. */
  readonly by?: "RBAC" | "policy";
}

/** What an account tries; who it is is said by the list. */
export type Trial = Omit<Attempt, "who">;

/** Where reports, and pods outside the deployment's namespace, are. */
export const REPORTS = "/apis/wattkeeper.dev/v1alpha1/nodepowerreports";
export const OTHER_PODS = "/api/v1/namespaces/other/pods";
export const SECRETS = `/api/v1/namespaces/${NAMESPACE}/secrets`;

export const rbac = { refused: /is forbidden: User/, by: "RBAC" } as const;

export function policy(refused: RegExp) {
  return { refused, by: "policy" as const };
}

/** Sets grant and power limit of the pod `worker`; a limit of null takes it away. */
export function grant(
  uid: string,
  text: string,
  limit: string | null,
): RawRequest {
  return annotate("worker", {
    [POWER_GRANT_ANNOTATION]: `v1 ${uid} ${text}`,
    [POWER_LIMIT_ANNOTATION]: limit,
  });
}

export function read(path: string): RawRequest {
  return { method: "GET", path };
}

export function mergePatch(path: string, body: object): RawRequest {
  return {
    method: "PATCH",
    path,
    contentType: "application/merge-patch+json",
    body,
  };
}

export function jsonPatch(path: string, ...operations: object[]): RawRequest {
  return {
    method: "PATCH",
    path,
    contentType: "application/json-patch+json",
    body: operations,
  };
}

/** A JSON patch of a Node. The start-up taint is its first. */
export function node(name: string, ...operations: object[]): RawRequest {
  return jsonPatch(`/api/v1/nodes/${name}`, ...operations);
}

export function takeTaint(index: number): object {
  return { op: "remove", path: `/spec/taints/${index}` };
}
