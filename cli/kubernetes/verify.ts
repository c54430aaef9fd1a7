/** All checks of an installed system, in the order of their report. Nothing is written. @module */

import { type ApiTransport, REPORT_API_VERSION } from "../../cluster/mod.ts";
import type { Progress } from "../command.ts";
import { type CheckRow, notChecked } from "./check.ts";
import {
  checkCrd,
  checkPolicies,
  checkVersion,
} from "./checks/installation.ts";
import { checkMetrics } from "./checks/metrics.ts";
import { checkPods } from "./checks/pods.ts";
import { checkReports, decodedReports } from "./checks/reports.ts";
import { checkRights } from "./checks/rights.ts";
import {
  checkAgents,
  checkLeases,
  checkPlanners,
  plannedNamespaces,
} from "./checks/workloads.ts";
import { readList } from "./reading.ts";
import type { CheckTarget } from "./target.ts";

/** What to look at besides the installation itself. */
export interface VerifyRequest {
  /** Namespaces of deployments; empty: those that a planner has a Role in. */
  readonly namespaces: readonly string[];
  /** Whether the planner is to have the rights to write; an advisory one has none. */
  readonly writes: boolean;
  readonly transport: Pick<ApiTransport, "send">;
  readonly progress: Progress;
}

/**
 * Runs them.
 *
 * @throws {ApiError} only when the very first request finds no API server that answers
 */
export async function verify(
  target: CheckTarget,
  { namespaces: named, writes, transport, progress }: VerifyRequest,
): Promise<CheckRow[]> {
  // Not a check: without an API server that takes our credentials there is nothing to say.
  await target.client.get("/version", target.signal);
  const rows: CheckRow[] = [];
  const steps: readonly [string, () => Promise<readonly CheckRow[]>][] = [
    ["installation", async () => [
      ...await checkVersion(target),
      ...await checkCrd(target),
      ...await checkPolicies(target),
    ]],
    ["agents", () => checkAgents(target)],
    ["planners", () => checkPlanners(target)],
    ["deployments", () => deployments(target, named, writes)],
    ["metrics", () => checkMetrics(target, transport)],
  ];
  for (const [i, [name, step]] of steps.entries()) {
    progress.update(i, steps.length, name);
    rows.push(...await step());
    target.signal.throwIfAborted();
  }
  progress.end();
  return rows;
}

async function deployments(
  target: CheckTarget,
  named: readonly string[],
  writes: boolean,
): Promise<CheckRow[]> {
  const { client, signal } = target;
  const [nodes, reports] = await Promise.all([
    readList(client, "/api/v1/nodes", signal),
    readList(client, `/apis/${REPORT_API_VERSION}/nodepowerreports`, signal),
  ]);
  const rows = checkReports({ nodes, reports, nowMs: target.now() });
  const namespaces = named.length > 0 ? named : await plannedNamespaces(target);
  if (namespaces === undefined || namespaces.length === 0) {
    rows.push(notChecked(
      "annotations",
      "all namespaces",
      namespaces === undefined
        ? "RoleBindings cannot be listed, so it is not known where deployments are"
        : "no planner has a Role in any namespace",
      "Name the deployment's namespace with --namespace.",
    ));
  }
  for (const namespace of namespaces ?? []) {
    const pods = await readList(
      client,
      `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
      signal,
    );
    rows.push(
      ...await checkLeases(target, namespace),
      ...checkPods({ namespace, pods, reports: decodedReports(reports) }),
    );
  }
  rows.push(...await checkRights(target, namespaces ?? [], writes));
  return rows;
}
