/** Checks: the agents' DaemonSet and the planners' Deployments are as large as they should be; a planner leads. @module */

import {
  LEASE_BUDGET_ANNOTATION,
  LEASE_EPOCH_ANNOTATION,
} from "../../../cluster/mod.ts";
import { type CheckRow, fail, notChecked, pass } from "../check.ts";
import {
  listAt,
  nameOf,
  numberAt,
  readList,
  readObject,
  textAt,
} from "../reading.ts";
import type { CheckTarget } from "../target.ts";

/** Label of everything that belongs to a planner. */
export const PLANNER_SELECTOR =
  "labelSelector=app.kubernetes.io%2Fname%3Dwattkeeper-planner";
/** Label of everything that belongs to the agents. */
export const AGENT_SELECTOR =
  "labelSelector=app.kubernetes.io%2Fname%3Dwattkeeper-agent";

/** Name of the agents' DaemonSet. */
export const AGENT_DAEMON_SET = "wattkeeper-agent";

/** Whether every agent that should be there is ready. */
export async function checkAgents(target: CheckTarget): Promise<CheckRow[]> {
  const [check, subject] = ["agents", `${target.system}/${AGENT_DAEMON_SET}`];
  const reading = await readObject(
    target.client,
    `/apis/apps/v1/namespaces/${target.system}/daemonsets/${AGENT_DAEMON_SET}`,
    target.signal,
  );
  if (reading.kind === "unreadable") {
    return [notChecked(check, subject, reading.reason)];
  }
  if (reading.kind === "absent") {
    return [fail(check, subject, {
      found: "there is no such DaemonSet",
      remedy:
        "Apply an overlay, or name the installation's --system-namespace.",
    })];
  }
  const desired = numberAt(reading.value, "status", "desiredNumberScheduled") ??
    0;
  const ready = numberAt(reading.value, "status", "numberReady") ?? 0;
  if (desired === 0) {
    return [fail(check, subject, {
      found: "no node is to have an agent",
      remedy:
        "Look at the DaemonSet's nodeSelector (nvidia.com/gpu.present) and the labels of the GPU nodes.",
    })];
  }
  return [
    ready >= desired
      ? pass(check, subject, `${ready} of ${desired} ready`)
      : fail(check, subject, {
        found: `${ready} of ${desired} ready`,
        remedy:
          `See which: kubectl -n ${target.system} get pods -l app.kubernetes.io/name=wattkeeper-agent -o wide; their /readyz says why.`,
      }),
  ];
}

/** Whether every planner has a replica that is available. */
export async function checkPlanners(target: CheckTarget): Promise<CheckRow[]> {
  const check = "planner";
  const reading = await readList(
    target.client,
    `/apis/apps/v1/namespaces/${target.system}/deployments?${PLANNER_SELECTOR}`,
    target.signal,
  );
  if (reading.kind !== "read") {
    return [notChecked(check, target.system, reading.reason)];
  }
  if (reading.value.length === 0) {
    return [
      notChecked(
        check,
        target.system,
        "no planner runs in the cluster",
        "One that runs elsewhere is seen by its Lease below.",
      ),
    ];
  }
  return reading.value.map((deployment) => {
    const available = numberAt(deployment, "status", "availableReplicas") ?? 0;
    const wanted = numberAt(deployment, "spec", "replicas") ?? 1;
    const subject = `${target.system}/${nameOf(deployment)}`;
    const found = `${available} of ${wanted} available`;
    return available > 0 && available >= wanted
      ? pass(check, subject, found)
      : fail(check, subject, {
        found,
        remedy: `See its log: kubectl -n ${target.system} logs deployment/${
          nameOf(deployment)
        }`,
      });
  });
}

/** The planners' Leases of one namespace. */
export async function checkLeases(
  target: CheckTarget,
  namespace: string,
): Promise<CheckRow[]> {
  const check = "lease";
  const reading = await readList(
    target.client,
    `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`,
    target.signal,
  );
  if (reading.kind !== "read") {
    return [notChecked(check, namespace, reading.reason)];
  }
  const leases = reading.value.filter((lease) =>
    nameOf(lease).startsWith("wattkeeper-planner-")
  );
  if (leases.length === 0) {
    return [
      notChecked(
        check,
        namespace,
        "no planner has led here",
        "An advisory planner takes none; one that writes does.",
      ),
    ];
  }
  return leases.map((lease) => leaseRow(lease, target.now()));
}

/** Whether somebody renews a Lease, and how long ago. */
export function leaseHolder(
  lease: unknown,
  nowMs: number,
): { readonly holder: string; readonly ageMs: number; readonly held: boolean } {
  const holder = textAt(lease, "spec", "holderIdentity") ?? "";
  const renewed = Date.parse(textAt(lease, "spec", "renewTime") ?? "");
  const seconds = numberAt(lease, "spec", "leaseDurationSeconds") ?? 15;
  const ageMs = nowMs - renewed;
  return { holder, ageMs, held: holder !== "" && ageMs <= seconds * 1000 };
}

function leaseRow(lease: unknown, nowMs: number): CheckRow {
  const subject = `${textAt(lease, "metadata", "namespace")}/${nameOf(lease)}`;
  const { holder, ageMs, held } = leaseHolder(lease, nowMs);
  const annotation = (key: string) =>
    textAt(lease, "metadata", "annotations", key) ?? "none";
  if (!held) {
    return fail("lease", subject, {
      found: holder === ""
        ? "nobody leads"
        : `"${holder}" has not renewed it for ${Math.round(ageMs / 1000)} s`,
      remedy: "Start a planner: caps stay as they are until one leads.",
    });
  }
  return pass(
    "lease",
    subject,
    `"${holder}", epoch ${annotation(LEASE_EPOCH_ANNOTATION)}, budget ${
      annotation(LEASE_BUDGET_ANNOTATION)
    } W`,
  );
}

/** Namespaces that a planner has a Role in; undefined: not to be known. */
export async function plannedNamespaces(
  target: CheckTarget,
): Promise<readonly string[] | undefined> {
  const reading = await readList(
    target.client,
    `/apis/rbac.authorization.k8s.io/v1/rolebindings?${PLANNER_SELECTOR}`,
    target.signal,
  );
  if (reading.kind !== "read") return undefined;
  const names = reading.value.filter((binding) =>
    listAt(binding, "subjects").some((subject) =>
      textAt(subject, "name") === "wattkeeper-planner"
    )
  ).map((binding) => textAt(binding, "metadata", "namespace") ?? "");
  return [...new Set(names)].filter((name) => name !== "").sort();
}
