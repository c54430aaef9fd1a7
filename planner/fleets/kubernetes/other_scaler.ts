/** Autoscalers of others that aim at what the planner scales: two of them on one target fight. Pure. @module */

import { textAt } from "./object_fields.ts";
import { groupOf } from "./object_meta.ts";
import type { Scaler } from "./scaler.ts";

/** An autoscaler as read. */
export interface OtherScaler {
  readonly kind: "HorizontalPodAutoscaler" | "ScaledObject";
  readonly name: string;
  readonly target: {
    readonly group: string;
    readonly kind: string;
    readonly name: string;
  };
}

/** Reads an HPA or a KEDA ScaledObject; undefined when it aims at nothing. */
export function readOtherScaler(
  object: unknown,
  kind: OtherScaler["kind"],
): OtherScaler | undefined {
  const name = textAt(object, "metadata", "name");
  const target = textAt(object, "spec", "scaleTargetRef", "name");
  if (name === undefined || target === undefined) return undefined;
  const version = textAt(object, "spec", "scaleTargetRef", "apiVersion") ??
    "apps/v1";
  return {
    kind,
    name,
    target: {
      group: groupOf(version),
      kind: textAt(object, "spec", "scaleTargetRef", "kind") ?? "Deployment",
      name: target,
    },
  };
}

/** Who else scales a component, in words; undefined: nobody. A ScaledObject is named before the HPA that KEDA makes of it. */
export function scaledBy(
  { targets }: Scaler,
  others: readonly OtherScaler[],
): string | undefined {
  const hits = others.filter(({ target }) =>
    targets.some(({ group, kind, name }) =>
      kind === target.kind && name === target.name && group === target.group
    )
  ).sort((a, b) =>
    a.kind === b.kind
      ? (a.name < b.name ? -1 : 1)
      : a.kind === "ScaledObject"
      ? -1
      : 1
  );
  const [first] = hits;
  return first === undefined
    ? undefined
    : `${first.kind} "${first.name}" scales ${first.target.kind} "${first.target.name}"`;
}
