import { strictEqual } from "node:assert";
import { missingRule, rbacVerb } from "../../../cluster/rbac_rule.ts";

const RULES: readonly [method: string, path: string, rule: string][] = [
  [
    "PATCH",
    "/api/v1/namespaces/prod/pods/worker-0",
    `Add to a Role of the account in namespace "prod", or a ClusterRole:
- apiGroups: [""]
  resources: ["pods"]
  verbs: ["patch"]`,
  ],
  [
    "PUT",
    "/apis/wattkeeper.dev/v1alpha1/nodepowerreports/gpu-1/status",
    `Add to a ClusterRole of the account:
- apiGroups: ["wattkeeper.dev"]
  resources: ["nodepowerreports/status"]
  verbs: ["update"]`,
  ],
  [
    "GET",
    "/api/v1/pods?limit=500",
    `Add to a ClusterRole of the account:
- apiGroups: [""]
  resources: ["pods"]
  verbs: ["list"]`,
  ],
  [
    "GET",
    "/api/v1/namespaces/prod",
    `Add to a ClusterRole of the account:
- apiGroups: [""]
  resources: ["namespaces"]
  verbs: ["get"]`,
  ],
];

for (const [method, path, rule] of RULES) {
  Deno.test(`the rule that allows ${method} ${path}`, () => {
    strictEqual(missingRule(method, path), rule);
  });
}

Deno.test("a path that names no resource has no rule", () => {
  strictEqual(missingRule("GET", "/readyz"), undefined);
  strictEqual(missingRule("GET", "/api"), undefined);
});

Deno.test("verbs are RBAC's", () => {
  strictEqual(rbacVerb("GET", "/api/v1/pods?watch=1"), "watch");
  strictEqual(rbacVerb("GET", "/api/v1/namespaces/a/pods/b?limit=1"), "get");
  strictEqual(rbacVerb("POST", "/api/v1/namespaces/a/events"), "create");
  strictEqual(rbacVerb("DELETE", "/api/v1/namespaces/a/pods/b"), "delete");
});
