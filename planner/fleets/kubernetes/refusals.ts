/** GPUs that cannot be charged and capped one by one, and sides of mixed models (R29). Pure. @module */

import type { NodePowerReport } from "../../../cluster/mod.ts";
import type { PerSide, Side } from "../../core/mod.ts";
import type { DeploymentView } from "./deployment_view.ts";
import type { WatchedNode } from "./watched_node.ts";
import type { WatchedPod } from "./watched_pod.ts";

/** What is looked at. */
export interface RefusalInput {
  readonly sides: DeploymentView["sides"];
  readonly pods: PerSide<readonly WatchedPod[]>;
  readonly nodes: ReadonlyMap<string, WatchedNode>;
  readonly reports: readonly NodePowerReport[];
}

/** Why a side may not grow, one sentence a side; absent: nothing speaks against it. */
export function refusals(input: RefusalInput): PerSide<string> {
  const models = modelsByPod(input.reports);
  const found: Partial<Record<Side, string>> = {};
  for (const [side, pods] of sidesOf(input.pods)) {
    const reason = partial(side, pods, input) ??
      shared(side, pods, input.nodes) ?? mixed(side, pods, models);
    if (reason !== undefined) found[side] = reason;
  }
  return found;
}

function partial(
  side: Side,
  pods: readonly WatchedPod[],
  { sides }: RefusalInput,
): string | undefined {
  const asked = new Set([
    ...(sides[side]?.partialGpus ?? []),
    ...pods.flatMap(({ partialGpus }) => partialGpus),
  ]);
  return asked.size === 0
    ? undefined
    : `The ${side} workers ask for ${
      [...asked].sort().join(", ")
    }: a slice or share of a GPU has no power limit of its own. Give them whole GPUs (nvidia.com/gpu).`;
}

function shared(
  side: Side,
  pods: readonly WatchedPod[],
  nodes: ReadonlyMap<string, WatchedNode>,
): string | undefined {
  for (const { pod } of pods) {
    const sharing = nodes.get(pod.nodeName ?? "")?.shared;
    if (sharing !== undefined) {
      return `Pod "${pod.name}" (${side}) is on node "${pod.nodeName}", whose GPUs are shared (${sharing}): they cannot be capped pod by pod. Use nodes with whole GPUs.`;
    }
  }
  return undefined;
}

function mixed(
  side: Side,
  pods: readonly WatchedPod[],
  models: ReadonlyMap<string, string>,
): string | undefined {
  const found = new Map<string, string>();
  for (const { pod } of pods) {
    const model = models.get(pod.uid);
    if (model !== undefined) found.set(model, pod.nodeName ?? "");
  }
  return found.size < 2
    ? undefined
    : `The ${side} workers run on different GPUs: ${
      [...found].map(([model, node]) => `${model} (node "${node}")`).join(", ")
    }. One cap and one model stand for a side: give each its own deployment, or a nodeSelector.`;
}

function modelsByPod(
  reports: readonly NodePowerReport[],
): ReadonlyMap<string, string> {
  const models = new Map<string, string>();
  for (const { gpus } of reports) {
    for (const { pod, model } of gpus) {
      if (pod !== undefined) models.set(pod.uid, model);
    }
  }
  return models;
}

function sidesOf<Value>(sides: PerSide<Value>): [Side, Value][] {
  return (["prefill", "decode", "agg"] as const).flatMap((side) => {
    const value = sides[side];
    return value === undefined ? [] : [[side, value]];
  });
}
