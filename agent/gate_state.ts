/** What a report says about a GPU's gate (`cap-protocol.md` §2, §5). Pure. @module */

import type { GateState } from "../cluster/mod.ts";
import type { Owner } from "./entry.ts";
import type { OwningPod, Pod } from "./ports.ts";

/**
 * `open` from the first start that is let through in this boot until the pod is gone. A gated pod that has a process on
 * the GPU is through, whatever the record says: after a lost record `waiting` would charge nothing for what it draws.
 */
export function gateStateOf(
  { pod, owner, placed, bootId }: {
    readonly pod: Pod | undefined;
    readonly owner: Owner | undefined;
    readonly placed: OwningPod["evidence"] | undefined;
    readonly bootId: string;
  },
): GateState {
  if (!(pod?.gated ?? owner?.gated ?? false)) return "none";
  const opened = owner?.openedBoot === bootId;
  const running = placed === "processes" || placed === "both";
  return opened || running ? "open" : "waiting";
}
