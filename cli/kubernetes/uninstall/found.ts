/** What of an installation is there: what an uninstall will stop, change and name. @module */

import {
  POWER_GRANT_ANNOTATION,
  POWER_LIMIT_ANNOTATION,
  readPod,
} from "../../../cluster/mod.ts";
import { WattkeeperError } from "../../../service/mod.ts";
import {
  AGENT_DAEMON_SET,
  plannedNamespaces,
  PLANNER_SELECTOR,
} from "../checks/workloads.ts";
import {
  at,
  listAt,
  nameOf,
  type Reading,
  readList,
  readObject,
  textAt,
} from "../reading.ts";
import type { CheckTarget } from "../target.ts";

/** A pod that carries one of our annotations. */
export interface AnnotatedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly gated: boolean;
}

/** The installation. */
export interface Installation {
  readonly namespaces: readonly string[];
  /** Names of planner Deployments that are not scaled to 0. */
  readonly planners: readonly string[];
  readonly pods: readonly AnnotatedPod[];
  /** Pods that start through the gate, annotated or not. */
  readonly gatedPods: number;
  /** Index of the agent's container in the DaemonSet; undefined: no DaemonSet, or it gives back already. */
  readonly agents: "absent" | "releasing" | { readonly container: number };
}

/** The flag with which agents give everything back and go on reporting. */
export const RELEASE_FLAG = "--release-all";

/**
 * Looks.
 *
 * @param named namespaces of deployments; empty: those that a planner has a Role in
 * @throws {WattkeeperError} when something that must be known cannot be read
 */
export async function findInstallation(
  target: CheckTarget,
  named: readonly string[],
): Promise<Installation> {
  const namespaces = named.length > 0
    ? named
    : await plannedNamespaces(target) ?? [];
  if (namespaces.length === 0) {
    throw new WattkeeperError(
      "invalid_usage",
      "It is not known where deployments are: no planner has a Role in any namespace, or RoleBindings cannot be listed.",
      {
        where: "--namespace",
        remedy: "Name each namespace with --namespace.",
      },
    );
  }
  const { client, signal, system } = target;
  const planners = known(
    await readList(
      client,
      `/apis/apps/v1/namespaces/${system}/deployments?${PLANNER_SELECTOR}`,
      signal,
    ),
  );
  const lists = await Promise.all(
    namespaces.map((namespace) =>
      readList(
        client,
        `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
        signal,
      )
    ),
  );
  const pods = lists.flatMap((list) => known(list));
  return {
    namespaces,
    planners: planners.filter((one) => at(one, "spec", "replicas") !== 0)
      .map(nameOf),
    pods: pods.flatMap(annotatedPod),
    gatedPods: pods.filter(isGated).length,
    agents: await agentsOf(target),
  };
}

/** What is not there is empty; what cannot be read must not be taken for empty. */
function known(reading: Reading<readonly unknown[]>): readonly unknown[] {
  if (reading.kind === "unreadable") {
    throw new WattkeeperError("cluster_unreachable", reading.reason, {
      remedy: "Run it with an account that may read this.",
    });
  }
  return reading.kind === "read" ? reading.value : [];
}

function annotatedPod(object: unknown): AnnotatedPod[] {
  const annotations = at(object, "metadata", "annotations");
  const carries = [POWER_GRANT_ANNOTATION, POWER_LIMIT_ANNOTATION].some((key) =>
    at(annotations, key) !== undefined
  );
  const uid = textAt(object, "metadata", "uid");
  const namespace = textAt(object, "metadata", "namespace");
  return carries && uid !== undefined && namespace !== undefined
    ? [{ namespace, name: nameOf(object), uid, gated: isGated(object) }]
    : [];
}

function isGated(object: unknown): boolean {
  try {
    return readPod(object).gated;
  } catch {
    return false;
  }
}

async function agentsOf(
  { client, signal, system }: CheckTarget,
): Promise<Installation["agents"]> {
  const reading = await readObject(
    client,
    `/apis/apps/v1/namespaces/${system}/daemonsets/${AGENT_DAEMON_SET}`,
    signal,
  );
  if (reading.kind === "absent") return "absent";
  if (reading.kind === "unreadable") {
    throw new WattkeeperError("cluster_unreachable", reading.reason, {
      remedy: "Run it with an account that may read this.",
    });
  }
  const containers = listAt(
    reading.value,
    "spec",
    "template",
    "spec",
    "containers",
  );
  const container = containers.findIndex((one) =>
    textAt(one, "name") === "agent"
  );
  if (container === -1) return "absent";
  const args = listAt(containers[container], "args");
  return args.includes(RELEASE_FLAG) ? "releasing" : { container };
}
