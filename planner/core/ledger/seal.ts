/** Gives planned patches their generations and bounds (C5, C6). Pure. @module */

import type { Account } from "./account.ts";
import type { PlannedPatch } from "./stage_context.ts";
import type { Step } from "./step.ts";

/** Patches as steps, each with a generation above every one of this epoch so far. */
export function sealed(
  patches: readonly PlannedPatch[],
  { epoch, sequence, account }: {
    readonly epoch: number;
    /** The last one used. */
    readonly sequence: number;
    readonly account: Account;
  },
): { readonly steps: readonly Step[]; readonly sequence: number } {
  let last = sequence;
  const steps = patches.map(({ pod, watts, purpose }): Step => {
    last++;
    const { namespace, name, resourceVersion } = pod.memory;
    return {
      kind: "patch",
      purpose,
      pod: { namespace, name, uid: pod.uid, resourceVersion },
      grant: {
        podUid: pod.uid,
        generation: { epoch, sequence: last },
        watts,
        boundWatts: boundOf(watts, account.ownWatts(pod.uid)),
      },
    };
  });
  return { steps, sequence: last };
}

/** The most the hardware may be at until this generation is confirmed: the pod's own charge, nobody else's (C6). */
function boundOf(watts: number, ownWatts: number): number {
  return watts === 0 ? 0 : Math.max(ownWatts, watts);
}
