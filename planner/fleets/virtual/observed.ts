/** What another orchestrator says about its fleet, checked field by field. @module */

import { z } from "zod";
import {
  decodeNodePowerReport,
  type NodePowerReport,
} from "../../../cluster/mod.ts";
import type { FleetPod, FleetSnapshot } from "../../core/mod.ts";

/** More than this many pods in one statement is refused. */
export const MOST_PODS = 10_000;
/** More than this many nodes in one statement is refused. */
export const MOST_NODES = 10_000;

const text = z.string().min(1).max(253);
const count = z.int().min(0).max(1_000_000);
const side = z.enum(["prefill", "decode", "agg"]);

const inventory = z.strictObject({
  target_replicas: count.nullable().default(null),
  ready_replicas: count.nullable().default(null),
  starting_replicas: count.default(0),
  rollout: z.enum(["settled", "rolling", "failed", "unknown"]),
  gpus_per_replica: count.nullable().default(null),
  resource_version: text.optional(),
});

const pod = z.strictObject({
  namespace: text.default("default"),
  name: text,
  uid: text,
  resource_version: text,
  side,
  gpus: z.int().min(1).max(1_000),
  replica: text,
  /** Whether its worker serves; not known without it. */
  ready: z.boolean().optional(),
  node: text.nullable().default(null),
  phase: text.default("Running"),
  terminating: z.boolean().default(false),
  gated: z.boolean().default(false),
  power_limit: z.string().max(64).nullable().default(null),
  power_grant: z.string().max(256).nullable().default(null),
});

const result = z.strictObject({
  generation: count,
  outcome: z.enum(["done", "conflict", "gone", "refused"]),
  reason: z.string().max(1_000).default(""),
});

const statement = z.strictObject({
  /** The newest generation of the wanted state that has been carried out, or refused in `results`. */
  acknowledged_generation: count,
  results: z.array(result).max(1_000).default([]),
  sides: z.partialRecord(side, inventory),
  pods: z.array(pod).max(MOST_PODS).default([]),
  reports: z.array(z.unknown()).max(MOST_NODES).default([]),
  other_pod_uids: z.array(text).max(MOST_PODS).default([]),
  out_of_service_nodes: z.array(text).max(MOST_NODES).default([]),
});

/** A checked statement. */
export interface Observed {
  readonly acknowledgedGeneration: number;
  readonly results: readonly z.infer<typeof result>[];
  readonly snapshot: Omit<FleetSnapshot, "atMs">;
}

/** A statement, or every problem with its path. */
export type ObservedReading =
  | { readonly kind: "observed"; readonly observed: Observed }
  | { readonly kind: "malformed"; readonly problems: readonly string[] };

/** Reads a statement. One bad field refuses all of it: a ledger is not built on half a fleet. */
export function readObserved(body: unknown): ObservedReading {
  const parsed = statement.safeParse(body);
  if (!parsed.success) {
    return {
      kind: "malformed",
      problems: parsed.error.issues.slice(0, 20).map(({ path, message }) =>
        `${path.join(".") || "body"}: ${message}`
      ),
    };
  }
  const { data } = parsed;
  const problems: string[] = [];
  const reports: NodePowerReport[] = [];
  data.reports.forEach((report, index) => {
    const reading = decodeNodePowerReport(report);
    if (reading.kind === "report") reports.push(reading.report);
    else {
      problems.push(
        ...reading.problems.map((one) => `reports.${index}: ${one}`),
      );
    }
  });
  const twice = twiceIn(data.pods.map(({ uid }) => uid)) ??
    twiceIn(reports.map(({ nodeName }) => nodeName));
  if (twice !== undefined) problems.push(`"${twice}" is there twice`);
  if (problems.length > 0) {
    return { kind: "malformed", problems: problems.slice(0, 20) };
  }
  return {
    kind: "observed",
    observed: {
      acknowledgedGeneration: data.acknowledged_generation,
      results: data.results,
      snapshot: {
        consistent: true,
        sides: Object.fromEntries(
          Object.entries(data.sides).flatMap(([name, one]) =>
            one === undefined ? [] : [[name, {
              targetReplicas: one.target_replicas ?? undefined,
              readyReplicas: one.ready_replicas ?? undefined,
              startingReplicas: one.starting_replicas,
              rollout: one.rollout,
              gpusPerReplica: one.gpus_per_replica ?? undefined,
              resourceVersion: one.resource_version,
            }]]
          ),
        ),
        pods: data.pods.map(fleetPod),
        reports,
        otherPodUids: data.other_pod_uids,
        outOfServiceNodes: data.out_of_service_nodes,
        // One process decides; whose turn it is, is the other orchestrator's business.
        lease: undefined,
      },
    },
  };
}

function fleetPod(one: z.infer<typeof pod>): FleetPod {
  return {
    side: one.side,
    gpus: one.gpus,
    replica: one.replica,
    ...(one.ready === undefined ? {} : { unready: !one.ready }),
    pod: {
      namespace: one.namespace,
      name: one.name,
      uid: one.uid,
      staticPodHash: undefined,
      resourceVersion: one.resource_version,
      nodeName: one.node ?? undefined,
      phase: one.phase,
      terminating: one.terminating,
      powerLimit: one.power_limit ?? undefined,
      powerGrant: one.power_grant ?? undefined,
      gpuContainers: ["main"],
      gated: one.gated,
    },
  };
}

function twiceIn(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}
