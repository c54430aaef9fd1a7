/** Which replicas move now: downs always, ups never in a rollout, and without a gate never before there is room (P46, P50, R13, C13). Pure. @module */

import type { SideTarget } from "../decision.ts";
import { startWattsOf } from "./charge_rows.ts";
import { isGated } from "./ledger_settings.ts";
import type { Reign } from "./ledger_state.ts";
import type { Account } from "./account.ts";
import type { LedgerSettings } from "./ledger_settings.ts";
import type { Since } from "./since.ts";
import type { FleetSnapshot, SideInventory } from "./snapshot.ts";
import type { Findings } from "./stage_context.ts";
import type { Step } from "./step.ts";

type ScaleStep = Extract<Step, { readonly kind: "scale" }>;

/** What scaling depends on. */
export interface ScaleContext {
  readonly snapshot: FleetSnapshot;
  readonly targets: readonly SideTarget[];
  /** Absent: power awareness is off, and watts count for nothing. */
  readonly power:
    | {
      readonly settings: LedgerSettings;
      readonly account: Account;
      readonly reign: Extract<Reign, { kind: "held" }>;
      readonly budgetWatts: number;
    }
    | undefined;
  readonly since: Since;
}

/** What is done about replicas. */
export interface ScalePlan {
  readonly downs: readonly ScaleStep[];
  readonly ups: readonly ScaleStep[];
  readonly fences: readonly ScaleStep[];
  /** Every side is set to what its target says. */
  readonly done: boolean;
}

/** Plans the scale steps of one stage. */
export function planScale(
  context: ScaleContext,
  findings: Findings,
): ScalePlan {
  const { snapshot, targets } = context;
  const downs: ScaleStep[] = [];
  const wishes: { target: SideTarget; side: SideInventory; from: number }[] =
    [];
  let done = true;
  for (const target of targets) {
    const side = snapshot.sides[target.side];
    const from = side?.targetReplicas;
    const known = from ?? side?.readyReplicas;
    if (from === target.replicas) continue;
    done = false;
    if (side?.scaledBy !== undefined) {
      const sinceMs = context.since.of(`other_scaler/${target.side}`);
      findings.waits.push(podless("other_scaler", sinceMs, undefined));
    } else if (!side || known === undefined) {
      // Neither what it is set to nor what serves is known: up or down, nobody can say.
      rolloutWait(target, context, findings);
    } else if (target.replicas <= known) {
      downs.push(scaleStep(target, side));
    } else wishes.push({ target, side, from: known });
  }
  const ups: ScaleStep[] = [];
  const starts = { gpus: startsUnderWay(context) };
  for (const { target, side, from } of wishes) {
    if (side.rollout !== "settled" || side.targetReplicas === undefined) {
      rolloutWait(target, context, findings);
    } else if (mayGrow(target, from, { context, findings, starts })) {
      ups.push(scaleStep(target, side));
    }
  }
  return { downs, ups, fences: fencesOf(context), done };
}

function scaleStep(target: SideTarget, side: SideInventory): ScaleStep {
  return {
    kind: "scale",
    side: target.side,
    replicas: target.replicas,
    fromReplicas: side.targetReplicas,
    resourceVersion: side.resourceVersion,
  };
}

function rolloutWait(
  { side }: SideTarget,
  { since }: ScaleContext,
  { waits }: Findings,
): void {
  waits.push(podless("rollout", since.of(`rollout/${side}`), undefined));
}

function podless(
  kind:
    | "rollout"
    | "budget_room"
    | "take_over"
    | "pod_terminating"
    | "other_scaler",
  sinceMs: number,
  watts: number | undefined,
): Findings["waits"][number] {
  return {
    kind,
    podName: undefined,
    nodeName: undefined,
    gpuUuid: undefined,
    generation: undefined,
    watts,
    sinceMs,
  };
}

/** Behind a gate new pods draw nothing. Without one every growth is a raise: room for the start, and shrink first (R13). */
function mayGrow(
  target: SideTarget,
  from: number,
  { context, findings, starts }: {
    readonly context: ScaleContext;
    readonly findings: Findings;
    /** GPUs that earlier growth has yet to take. */
    readonly starts: { gpus: number };
  },
): boolean {
  const { power, since, snapshot, targets } = context;
  if (!power) return true;
  const { settings, account, reign, budgetWatts } = power;
  const key = `grow/${target.side}`;
  if (isGated(settings)) return true;
  if (!snapshot.consistent || reign.unstamped.length + reign.unfenced.length) {
    findings.waits.push(podless("take_over", since.of(key), undefined));
    return false;
  }
  const peak = targets.reduce((sum, { side, replicas, ...each }) => {
    const ready = snapshot.sides[side]?.readyReplicas ?? 0;
    return sum + Math.max(ready, replicas) * each.gpusPerReplica *
        (each.capWatts ?? 0);
  }, 0);
  const shrinking = targets.some(({ side, replicas }) =>
    (snapshot.sides[side]?.readyReplicas ?? 0) > replicas
  );
  if (shrinking && peak > budgetWatts) {
    const missing = peak - budgetWatts;
    findings.waits.push(podless("pod_terminating", since.of(key), missing));
    return false;
  }
  const gpus = (target.replicas - from) * target.gpusPerReplica;
  const more = settings.capOwner === "deployment"
    ? gpus * (target.capWatts ?? settings.gpu.maxWatts)
    : Math.max(0, starts.gpus + gpus - account.idleGpus()) *
      startWattsOf(undefined, settings);
  const missing = account.watts + more - budgetWatts;
  if (missing <= 0) {
    starts.gpus += gpus;
    return true;
  }
  findings.waits.push(podless("budget_room", since.of(key), missing));
  return false;
}

/** GPUs of replicas that a scaler is set to and that no pod stands for yet. */
function startsUnderWay({ snapshot, targets }: ScaleContext): number {
  let gpus = 0;
  for (const { side, gpusPerReplica } of targets) {
    const asked = (snapshot.sides[side]?.targetReplicas ?? 0) * gpusPerReplica;
    const there = snapshot.pods.filter((pod) => pod.side === side)
      .reduce((sum, pod) => sum + pod.gpus, 0);
    gpus += Math.max(0, asked - there);
  }
  return gpus;
}

/** A write on each scaler that kills what earlier leaders have under way (C13 without a gate). */
function fencesOf({ snapshot, power }: ScaleContext): ScaleStep[] {
  if (!power || isGated(power.settings)) return [];
  const { reign } = power;
  return reign.unfenced.flatMap((side): ScaleStep[] => {
    const inventory = snapshot.sides[side];
    if (inventory?.targetReplicas === undefined) return [];
    return [{
      kind: "scale",
      side,
      replicas: inventory.targetReplicas,
      fromReplicas: inventory.targetReplicas,
      resourceVersion: inventory.resourceVersion,
      fenceEpoch: reign.epoch,
    }];
  });
}
