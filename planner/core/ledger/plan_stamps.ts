/** Patches that give nobody more: the stamps of a take-over (C12), and annotations that a stranger has changed. Pure. @module */

import type { CapPlan } from "./plan_caps.ts";
import type { LedgerPod } from "./ledger_pod.ts";
import {
  type Findings,
  type PlannedPatch,
  type StageContext,
  waitFor,
} from "./stage_context.ts";
import { DEADLINES_MS } from "./since.ts";
import { currentWattsOf } from "./wanted_caps.ts";

/** Plans them; a stamp may lower. */
export function planStamps(
  context: StageContext,
  { caps, findings }: {
    readonly caps: CapPlan;
    readonly findings: Findings;
  },
): readonly PlannedPatch[] {
  const { reign, view, since } = context;
  const patches: PlannedPatch[] = [];
  const unstamped = new Set(reign.unstamped);
  for (const pod of view.pods.values()) {
    if (!pod.present) continue;
    const isUnstamped = unstamped.has(pod.uid);
    // Nothing else may ever touch the pod: without a stamp the lost write would be waited for in vain (C7).
    const isUnheard = pod.pending !== undefined && !pod.pending.landed &&
      since.isOver(`unheard/${pod.uid}`, DEADLINES_MS.write);
    if (!isUnstamped && !isUnheard && pod.annotated) continue;
    if (isUnstamped) findings.waits.push(waitFor(pod, "take_over", { since }));
    // The view is behind a write of ours: its precondition would fail.
    if (pod.pending?.landed) continue;
    patches.push(stampOf(pod, context, caps));
  }
  return patches;
}

function stampOf(
  pod: LedgerPod,
  { account, settings }: StageContext,
  { caps }: CapPlan,
): PlannedPatch {
  // Same watts; a pod that was never granted gets a claim, whatever its GPU draws without us.
  const current = pod.memory.grant?.watts ?? 0;
  const standing = current > 0
    ? current
    : pod.reported.every(({ report }) => report.gate === "waiting")
    ? 0
    : currentWattsOf(pod, account, settings);
  const watts = Math.min(standing, caps.get(pod.uid) ?? standing);
  return { pod, watts, purpose: watts === 0 ? "claim" : "stamp" };
}
