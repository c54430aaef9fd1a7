/** Writes whose effect is not seen yet (C7). Pure. @module */

import { isOlder } from "../../../cluster/protocol/mod.ts";
import type { PendingWrite } from "./ledger_state.ts";

/** Whether a pod has been seen beyond a write's precondition: then it landed, and is in the pod, or is dead. */
export function hasMovedBeyond(
  resourceVersion: string,
  write: PendingWrite,
): boolean {
  return resourceVersion !== write.resourceVersion &&
    !isOlder(resourceVersion, write.resourceVersion);
}

/** Adds a write; several with one precondition are charged at their maximum, for only one of them can land. */
export function withPending(
  writes: readonly PendingWrite[],
  write: PendingWrite,
): readonly PendingWrite[] {
  const known = writes.find(({ podUid }) => podUid === write.podUid);
  if (!known) return [...writes, write];
  const merged = {
    ...write,
    watts: Math.max(known.watts, write.watts),
    landed: known.landed || write.landed,
  };
  return writes.map((one) => one === known ? merged : one);
}
