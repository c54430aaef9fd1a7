/** Checks: annotations of pods against what the nodes report, and the gate. Pure. @module */

import {
  compareGenerations,
  formatGeneration,
  type GpuPowerReport,
  hasEnded,
  type NodePowerReport,
  parseGrant,
  parsePowerLimit,
  type Pod,
  readPod,
} from "../../../cluster/mod.ts";
import { type CheckRow, fail, notChecked, pass } from "../check.ts";
import type { Reading } from "../reading.ts";

/** What the checks of one namespace's pods look at. */
export interface PodReadings {
  readonly namespace: string;
  readonly pods: Reading<readonly unknown[]>;
  readonly reports: readonly NodePowerReport[];
}

/** One row a pod that is not as it should be, and one for all that are. */
export function checkPods(
  { namespace, pods, reports }: PodReadings,
): CheckRow[] {
  if (pods.kind !== "read") {
    return [notChecked("annotations", namespace, pods.reason)];
  }
  const workers = pods.value.flatMap((object) => {
    try {
      const pod = readPod(object);
      const concerns = pod.gpuContainers.length > 0 ||
        pod.powerLimit !== undefined || pod.powerGrant !== undefined;
      return concerns && !hasEnded(pod) ? [pod] : [];
    } catch {
      return [];
    }
  });
  const problems = workers.flatMap((pod) => {
    const problem = problemOf(pod, gpusOf(pod, reports));
    return problem === undefined ? [] : [{ pod, ...problem }];
  });
  const good = workers.length - problems.length;
  return [
    ...problems.map(({ pod, found, remedy }) =>
      fail("annotations", `${pod.namespace}/${pod.name}`, { found, remedy })
    ),
    ...(good > 0 || workers.length === 0
      ? [
        pass(
          "annotations",
          namespace,
          workers.length === 0
            ? "no pod with GPUs"
            : `${good} of ${workers.length} pods as their nodes report`,
        ),
      ]
      : []),
    gateRow(namespace, workers),
  ];
}

function gpusOf(
  pod: Pod,
  reports: readonly NodePowerReport[],
): readonly GpuPowerReport[] {
  return reports.flatMap(({ gpus }) =>
    gpus.filter((gpu) => gpu.pod?.uid === pod.uid)
  );
}

function problemOf(
  pod: Pod,
  gpus: readonly GpuPowerReport[],
): { readonly found: string; readonly remedy: string } | undefined {
  if (pod.powerGrant !== undefined) return grantProblem(pod, gpus);
  if (pod.powerLimit === undefined) return undefined;
  const watts = parsePowerLimit(pod.powerLimit);
  if (watts === undefined) {
    return {
      found: `the power limit "${
        pod.powerLimit.slice(0, 40)
      }" is no whole watts above 0`,
      remedy: "Write whole watts on the pod template.",
    };
  }
  if (pod.gated) {
    return {
      found: "a power limit without a grant; the gate ignores it",
      remedy: "Take it out of the pod template: the planner writes both.",
    };
  }
  return limitProblem(gpus, watts);
}

function grantProblem(pod: Pod, gpus: readonly GpuPowerReport[]) {
  const reading = parseGrant(pod.powerGrant ?? "");
  if (reading.kind === "malformed") {
    return {
      found: `the grant is unreadable: ${reading.problem}`,
      remedy: "Restart the pod: a new one gets a new grant.",
    };
  }
  const { grant } = reading;
  const generation = formatGeneration(grant.generation);
  const limit = grant.watts === 0
    ? pod.powerLimit === undefined
    : pod.powerLimit === `${grant.watts}`;
  if (grant.podUid !== pod.uid || !limit) {
    return {
      found: `grant ${generation} and power limit do not belong together`,
      remedy:
        "Look who else writes the annotations: kubectl get pod --show-managed-fields -o yaml",
    };
  }
  const behind = gpus.filter(({ appliedGeneration }) =>
    appliedGeneration === undefined ||
    compareGenerations(appliedGeneration, grant.generation) < 0
  );
  if (grant.watts > 0 && behind.length > 0) {
    return {
      found: `grant ${generation} is not applied on GPU ${
        behind.map(({ index }) => index).join(", ")
      }`,
      remedy:
        `Wait a second and run again; if it stays, see the agent's /readyz on ${
          pod.nodeName ?? "its node"
        }.`,
    };
  }
  return grant.watts === 0 ? undefined : limitProblem(gpus, grant.watts);
}

function limitProblem(gpus: readonly GpuPowerReport[], watts: number) {
  const above = gpus.filter((gpu) =>
    gpu.limitWatts !== undefined && gpu.limitWatts > watts &&
    gpu.state !== "clamped"
  );
  return above.length === 0 ? undefined : {
    found: above.map(({ index, limitWatts }) =>
      `GPU ${index} is at ${limitWatts} W, ${watts} W are written`
    ).join("; "),
    remedy: "See the agent's /readyz: it names who else sets limits.",
  };
}

function gateRow(namespace: string, workers: readonly Pod[]): CheckRow {
  const ungated = workers.filter((pod) =>
    pod.gpuContainers.length > 0 && !pod.gated
  );
  return ungated.length === 0
    ? pass(
      "gate",
      namespace,
      workers.length === 0
        ? "no pod with GPUs"
        : "every container with GPUs starts through it",
    )
    : fail("gate", namespace, {
      found: `${ungated.length} pods start without it: ${
        ungated.slice(0, 5).map(({ name }) => name).join(", ")
      }${ungated.length > 5 ? ", …" : ""}`,
      remedy:
        "Put the gate before their command (docs/gate.md), or use start_mode prearm; without a gate they are charged the default limit.",
    });
}
