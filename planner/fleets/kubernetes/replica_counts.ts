/** Replicas as a status counts them: a status leaves zeros out (P94). Pure. @module */

import type { ReplicaCounts } from "./component.ts";
import { at, countAt, isRecord } from "./object_fields.ts";

/**
 * Reads `replicas`, `updatedReplicas`, `availableReplicas`, `readyReplicas` of one status.
 *
 * @param spoken whether the controller has said anything at all: then a count that is left out is zero
 */
export function replicaCounts(
  status: unknown,
  { spoken }: { readonly spoken: boolean },
): ReplicaCounts {
  const zero = spoken && isRecord(status) ? 0 : undefined;
  const count = (name: string) =>
    at(status, name) === undefined ? zero : countAt(status, name);
  return {
    replicas: count("replicas"),
    updated: count("updatedReplicas"),
    serving: countAt(status, "availableReplicas") ?? count("readyReplicas"),
  };
}
