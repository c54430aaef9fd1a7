/** Everything that the fleet watches, by what it is needed for. @module */

import {
  DEPLOYMENT_LABEL,
  DGD_LABEL,
  REPORT_API_VERSION,
  REPORT_RESOURCE,
} from "../../../cluster/mod.ts";
import type { Apis } from "./discovery.ts";
import {
  type Adapter,
  type GraphDeployment,
  readAdapter,
  readGraphDeployment,
} from "./dynamo/mod.ts";
import { ADAPTER_RESOURCE, DGD_RESOURCE, DYNAMO_GROUP } from "./names.ts";
import { type OtherScaler, readOtherScaler } from "./other_scaler.ts";
import { Watched, type WatchedEnvironment } from "./watched.ts";
import { readWatchedNode, type WatchedNode } from "./watched_node.ts";
import { readWatchedPod, type WatchedPod } from "./watched_pod.ts";
import { readWatchedReport, type WatchedReport } from "./watched_report.ts";
import {
  readWorkload,
  type Workload,
  WORKLOAD_KINDS,
} from "./workloads/mod.ts";

/** What is watched. */
export interface WatchesInput {
  readonly namespace: string;
  readonly name: string;
  readonly apis: Apis;
  /** Whether a DGD or plain workloads are planned for. */
  readonly kind: "dynamo" | "workloads";
  /** Power awareness is on: reports and nodes count. */
  readonly power: boolean;
  readonly environment: WatchedEnvironment;
  /** Reports have changed, were it only in time and draw. */
  readonly onReports: () => void;
}

/** The watches. */
export interface Watches {
  readonly pods: Watched<WatchedPod>;
  readonly reports: Watched<WatchedReport> | undefined;
  readonly nodes: Watched<WatchedNode> | undefined;
  readonly graphs: Watched<GraphDeployment> | undefined;
  readonly adapters: Watched<Adapter> | undefined;
  readonly workloads: readonly Watched<Workload>[];
  readonly autoscalers: readonly Watched<OtherScaler>[];
}

/** Makes them; none is running yet. */
export function makeWatches(input: WatchesInput): Watches {
  const { namespace, name, apis, environment, power } = input;
  const dynamo = input.kind === "dynamo";
  const core = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
  const group = (api: string) =>
    `/apis/${api}/namespaces/${encodeURIComponent(namespace)}`;
  const { graph, adapter, keda, leaderWorkerSet } = apis;
  const label = `${dynamo ? DGD_LABEL : DEPLOYMENT_LABEL}=${name}`;
  return {
    pods: new Watched("pods", {
      path: `${core}/pods`,
      labelSelector: label,
      read: readWatchedPod,
    }, environment),
    reports: power
      ? new Watched(REPORT_RESOURCE, {
        path: `/apis/${REPORT_API_VERSION}/${REPORT_RESOURCE}`,
        read: readWatchedReport,
      }, { ...environment, onChange: input.onReports })
      : undefined,
    nodes: power
      ? new Watched("nodes", {
        path: "/api/v1/nodes",
        read: readWatchedNode,
      }, environment)
      : undefined,
    graphs: dynamo && graph !== undefined
      ? new Watched(DGD_RESOURCE, {
        path: `${group(`${DYNAMO_GROUP}/${graph}`)}/${DGD_RESOURCE}`,
        fieldSelector: `metadata.name=${name}`,
        read: (object) => {
          const read = readGraphDeployment(object, graph);
          return read.meta.name === name ? read : undefined;
        },
      }, environment)
      : undefined,
    adapters: dynamo && adapter !== undefined
      ? new Watched(ADAPTER_RESOURCE, {
        path: `${group(`${DYNAMO_GROUP}/${adapter}`)}/${ADAPTER_RESOURCE}`,
        read: (object) => {
          const read = readAdapter(object);
          return read.meta.name.startsWith(`${name}-`) ? read : undefined;
        },
      }, environment)
      : undefined,
    workloads: dynamo ? [] : WORKLOAD_KINDS.flatMap((kind) => {
      const version = kind.kind === "LeaderWorkerSet" ? leaderWorkerSet : "v1";
      return version === undefined ? [] : [
        new Watched(kind.resource, {
          path: `${group(`${kind.group}/${version}`)}/${kind.resource}`,
          labelSelector: label,
          read: (object) => readWorkload(object, kind, version),
        }, environment),
      ];
    }),
    autoscalers: [
      new Watched("horizontalpodautoscalers", {
        path: `${group("autoscaling/v2")}/horizontalpodautoscalers`,
        read: (object) => readOtherScaler(object, "HorizontalPodAutoscaler"),
      }, environment),
      ...(keda === undefined ? [] : [
        new Watched("scaledobjects", {
          path: `${group(`keda.sh/${keda}`)}/scaledobjects`,
          read: (object) => readOtherScaler(object, "ScaledObject"),
        }, environment),
      ]),
    ],
  };
}

/** Watches without which nothing can be planned. */
export function neededWatches(watches: Watches): readonly Watched<unknown>[] {
  const { pods, reports, graphs, adapters, workloads } = watches;
  return [pods, reports, graphs, adapters, ...workloads].filter(
    (one): one is Watched<never> => one !== undefined,
  );
}

/** Watches that warn, and without which the rest goes on. */
export function helpfulWatches(watches: Watches): readonly Watched<unknown>[] {
  const { nodes, autoscalers } = watches;
  return [...(nodes ? [nodes] : []), ...autoscalers];
}
