/** Checks: the API server's version, the report's CRD, the admission policies. @module */

import { REPORT_API_VERSION, REPORT_RESOURCE } from "../../../cluster/mod.ts";
import { type CheckRow, fail, notChecked, pass } from "../check.ts";
import {
  at,
  listAt,
  nameOf,
  readList,
  readObject,
  textAt,
} from "../reading.ts";
import type { CheckTarget } from "../target.ts";

/** ValidatingAdmissionPolicies are v1, and tokens of pods name their node, since this minor version (decision 0221). */
export const LEAST_MINOR = 30;

/** Policies without which the claims about who may write what do not hold. */
export const POLICIES = [
  "wattkeeper-agent-reports",
  "wattkeeper-pod-grants",
  "wattkeeper-pod-starts",
  "wattkeeper-planner-scaling",
  "wattkeeper-gate-required",
] as const;

const APPLY = "Apply the overlay again: kubectl apply -k deploy/overlays/…";

/** The version that answers. */
export async function checkVersion(target: CheckTarget): Promise<CheckRow[]> {
  const check = "api_server";
  const reading = await readObject(target.client, "/version", target.signal);
  if (reading.kind !== "read") {
    return [notChecked(check, "version", reading.reason)];
  }
  const version = textAt(reading.value, "gitVersion") ?? "?";
  const [major, minor] = [
    textAt(reading.value, "major"),
    textAt(reading.value, "minor"),
  ].map((text) => Number(/^\d+/.exec(text ?? "")?.[0] ?? NaN));
  const enough = major !== undefined && minor !== undefined &&
    (major > 1 || (major === 1 && minor >= LEAST_MINOR));
  return [
    enough ? pass(check, "version", version) : fail(check, "version", {
      found: version,
      remedy:
        `Use Kubernetes 1.${LEAST_MINOR} or later: before it the policies do not exist, and an agent's token names no node.`,
    }),
  ];
}

/** Whether reports can be stored, by the API server's own directory, which everybody may read. */
export async function checkCrd(target: CheckTarget): Promise<CheckRow[]> {
  const [check, subject] = ["crd", `${REPORT_RESOURCE}.wattkeeper.dev`];
  const reading = await readObject(
    target.client,
    `/apis/${REPORT_API_VERSION}`,
    target.signal,
  );
  if (reading.kind === "unreadable") {
    return [notChecked(check, subject, reading.reason)];
  }
  const served = reading.kind === "absent"
    ? []
    : listAt(reading.value, "resources").map((one) => textAt(one, "name"));
  const missing = [REPORT_RESOURCE, `${REPORT_RESOURCE}/status`].filter(
    (name) => !served.includes(name),
  );
  return [
    missing.length === 0
      ? pass(check, subject, "v1alpha1 with status")
      : fail(check, subject, {
        found: `not served: ${missing.join(", ")}`,
        remedy: APPLY,
      }),
  ];
}

/** Whether each policy is there, fails closed, and is bound with Deny. */
export async function checkPolicies(target: CheckTarget): Promise<CheckRow[]> {
  const group = "/apis/admissionregistration.k8s.io/v1";
  const [policies, bindings] = await Promise.all([
    readList(
      target.client,
      `${group}/validatingadmissionpolicies`,
      target.signal,
    ),
    readList(
      target.client,
      `${group}/validatingadmissionpolicybindings`,
      target.signal,
    ),
  ]);
  return POLICIES.map((name) => {
    for (const reading of [policies, bindings]) {
      if (reading.kind !== "read") {
        return notChecked("policy", name, reading.reason);
      }
    }
    const all = (reading: typeof policies) =>
      reading.kind === "read" ? reading.value : [];
    return policyRow(
      name,
      all(policies).find((one) => nameOf(one) === name),
      all(bindings).filter((one) => at(one, "spec", "policyName") === name),
    );
  });
}

function policyRow(
  name: string,
  policy: unknown,
  bindings: readonly unknown[],
): CheckRow {
  const bad = (found: string) => fail("policy", name, { found, remedy: APPLY });
  if (policy === undefined) return bad("there is no such policy");
  if (textAt(policy, "spec", "failurePolicy") !== "Fail") {
    return bad("an error in it lets requests through (failurePolicy)");
  }
  const denies = bindings.some((binding) =>
    listAt(binding, "spec", "validationActions").includes("Deny")
  );
  if (!denies) return bad("no binding denies by it");
  return pass("policy", name, "denies");
}
