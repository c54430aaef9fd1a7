/** A node as the fleet sees it: labels that place pods, and how its GPUs are shared. Pure. @module */

import { OUT_OF_SERVICE_TAINT, PRODUCT_LABEL, SHARING_LABEL } from "./names.ts";
import { listAt, textAt, textsAt } from "./object_fields.ts";

/** A node, read once for each of its versions. */
export interface WatchedNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** A person has declared it dead (C28). */
  readonly outOfService: boolean;
  /** Why its GPUs cannot be charged and capped one by one; undefined when they can. */
  readonly shared: string | undefined;
}

/** Reads one; undefined without a name. */
export function readWatchedNode(object: unknown): WatchedNode | undefined {
  const name = textAt(object, "metadata", "name");
  if (name === undefined) return undefined;
  const labels = textsAt(object, "metadata", "labels");
  return {
    name,
    labels,
    outOfService: listAt(object, "spec", "taints").some((taint) =>
      textAt(taint, "key") === OUT_OF_SERVICE_TAINT
    ),
    shared: sharing(labels),
  };
}

function sharing(
  labels: Readonly<Record<string, string>>,
): string | undefined {
  const strategy = labels[SHARING_LABEL]?.toLowerCase();
  if (strategy === "mps" || strategy === "time-slicing") {
    return `${SHARING_LABEL}=${strategy}`;
  }
  const product = labels[PRODUCT_LABEL] ?? "";
  return /-MIG-|-SHARED$/i.test(product)
    ? `${PRODUCT_LABEL}=${product}`
    : undefined;
}

/** Whether a node's labels let a pod with this selector run there. */
export function matchesSelector(
  { labels }: Pick<WatchedNode, "labels">,
  selector: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector).every(([key, value]) =>
    labels[key] === value
  );
}
