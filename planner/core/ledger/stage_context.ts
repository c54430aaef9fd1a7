/** What the parts of one stage share. @module */

import type { SideTarget } from "../decision.ts";
import type { Account } from "./account.ts";
import type { FleetView } from "./fleet_view.ts";
import type { LedgerPod } from "./ledger_pod.ts";
import { isGated, type LedgerSettings } from "./ledger_settings.ts";
import type { Reign } from "./ledger_state.ts";
import type { Since } from "./since.ts";
import type { FleetSnapshot } from "./snapshot.ts";
import type { Alarm, Wait } from "./transition.ts";
import { rangeOf } from "./wanted_caps.ts";

/** One patch before it has a generation. */
export interface PlannedPatch {
  readonly pod: LedgerPod;
  readonly watts: number;
  readonly purpose: "claim" | "stamp" | "lower" | "grant" | "raise";
}

/** Everything that one stage has found out. */
export interface StageContext {
  readonly snapshot: FleetSnapshot;
  readonly targets: readonly SideTarget[];
  readonly settings: LedgerSettings;
  readonly view: FleetView;
  readonly account: Account;
  readonly reign: Extract<Reign, { kind: "held" }>;
  /** Budget in force, watts. */
  readonly budgetWatts: number;
  readonly since: Since;
}

/** Steps, waits and alarms as they are found. */
export interface Findings {
  readonly waits: Wait[];
  readonly alarms: Alarm[];
}

/** Why a pod may not be granted or raised now (C3, C13, §5); undefined when it may. */
export function obstacleTo(
  pod: LedgerPod,
  { settings, reign, snapshot }: StageContext,
): Wait["kind"] | undefined {
  if (!pod.present || pod.ended || pod.memory.terminating) {
    return "pod_terminating";
  }
  if (isGated(settings) && !pod.memory.gated) return "gate_not_ready";
  if (!snapshot.consistent || reign.unstamped.length > 0) return "take_over";
  if (pod.pending) return "write_unresolved";
  if (pod.reported.some(({ silent }) => silent)) return "agent_silent";
  if (!pod.placed || rangeOf(pod) === undefined) return "pod_not_placed";
  return undefined;
}

/** A wait that names a pod. */
export function waitFor(
  pod: LedgerPod,
  kind: Wait["kind"],
  { since, watts }: {
    readonly since: Since;
    readonly watts?: number | undefined;
  },
): Wait {
  return {
    kind,
    podName: pod.memory.name,
    nodeName: pod.memory.nodeName,
    gpuUuid: pod.reported[0]?.uuid,
    generation: pod.memory.grant?.generation,
    watts,
    sinceMs: since.of(`${kind}/${pod.uid}`),
  };
}

/** An alarm that names a pod. */
export function alarmFor(
  pod: LedgerPod,
  kind: Alarm["kind"],
  { message, watts, gpuUuid }: {
    readonly message: string;
    readonly watts?: number | undefined;
    readonly gpuUuid?: string | undefined;
  },
): Alarm {
  return {
    kind,
    message,
    nodeName: pod.memory.nodeName,
    podName: pod.memory.name,
    gpuUuid: gpuUuid ?? pod.reported[0]?.uuid,
    watts,
  };
}
