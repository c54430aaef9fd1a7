/** The writes of an uninstall, each of which may be done again. @module */

import {
  ApiError,
  POWER_GRANT_ANNOTATION,
  POWER_LIMIT_ANNOTATION,
} from "../../../cluster/mod.ts";
import { WattkeeperError } from "../../../service/mod.ts";
import { AGENT_DAEMON_SET, leaseHolder } from "../checks/workloads.ts";
import { nameOf, readList, textAt } from "../reading.ts";
import type { CheckTarget } from "../target.ts";
import { type AnnotatedPod, RELEASE_FLAG } from "./found.ts";
import type { Patience } from "./wait.ts";

/** Stops planners of the installation: one that goes on would write annotations again. */
export async function stopPlanners(
  { client, signal, system }: CheckTarget,
  planners: readonly string[],
): Promise<void> {
  for (const name of planners) {
    await client.mergePatch(
      `/apis/apps/v1/namespaces/${system}/deployments/${name}/scale`,
      { spec: { replicas: 0 } },
      signal,
    );
  }
}

/** Who leads, by the Leases of these namespaces: `namespace/lease held by holder`. */
export async function leaders(
  target: CheckTarget,
  namespaces: readonly string[],
): Promise<readonly string[]> {
  const lists = await Promise.all(
    namespaces.map((namespace) =>
      readList(
        target.client,
        `/apis/coordination.k8s.io/v1/namespaces/${
          encodeURIComponent(namespace)
        }/leases`,
        target.signal,
      )
    ),
  );
  const held: string[] = [];
  for (const list of lists) {
    if (list.kind !== "read") continue;
    for (const lease of list.value) {
      const { held: isHeld, holder } = leaseHolder(lease, target.now());
      if (!isHeld || !nameOf(lease).startsWith("wattkeeper-planner-")) continue;
      held.push(
        `${textAt(lease, "metadata", "namespace")}/${
          nameOf(lease)
        } held by "${holder}"`,
      );
    }
  }
  return held;
}

/**
 * Waits until nobody leads.
 *
 * @throws {WattkeeperError} when somebody goes on
 */
export async function waitForNoLeader(
  target: CheckTarget,
  namespaces: readonly string[],
  patience: Patience,
): Promise<void> {
  const quiet = await patience.until(
    async () => (await leaders(target, namespaces)).length === 0,
    "waiting for planners to end",
  );
  if (quiet) return;
  throw new WattkeeperError(
    "fleet_unusable",
    `A planner goes on: ${
      (await leaders(target, namespaces)).join("; ")
    }. No annotation was removed.`,
    {
      remedy:
        "Stop it, wherever it runs: it would write annotations again. Then run uninstall once more.",
    },
  );
}

/** Takes both annotations away, of this very pod. */
export async function releasePod(
  { client, signal }: CheckTarget,
  { namespace, name, uid }: AnnotatedPod,
): Promise<"removed" | "gone"> {
  try {
    await client.mergePatch(
      `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${
        encodeURIComponent(name)
      }`,
      {
        metadata: {
          uid,
          annotations: {
            [POWER_GRANT_ANNOTATION]: null,
            [POWER_LIMIT_ANNOTATION]: null,
          },
        },
      },
      signal,
    );
    return "removed";
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // Another pod of the same name has nothing of this one's.
    if (error.kind === "gone" || error.kind === "conflict") return "gone";
    if (error.kind !== "forbidden" && error.kind !== "invalid") throw error;
    throw new WattkeeperError("fleet_unusable", error.message, {
      where: `${namespace}/${name}`,
      remedy:
        'Give this account the right to release: {apiGroups: ["wattkeeper.dev"], resources: ["powergrants"], verbs: ["release"]} and patch on pods.',
      cause: error,
    });
  }
}

/** Tells agents to give every GPU back; their DaemonSet rolls them one after the other. */
export async function releaseAgents(
  { client, signal, system }: CheckTarget,
  container: number,
): Promise<void> {
  const path = `/spec/template/spec/containers/${container}`;
  await client.jsonPatch(
    `/apis/apps/v1/namespaces/${system}/daemonsets/${AGENT_DAEMON_SET}`,
    [
      { op: "test", path: `${path}/name`, value: "agent" },
      { op: "add", path: `${path}/args/-`, value: RELEASE_FLAG },
    ],
    signal,
  );
}
