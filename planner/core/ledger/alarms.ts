/** What a person must look at, read off the reports (C9, C10, C26). Pure. @module */

import { hasApplied, wholeWatts } from "./charge_rows.ts";
import type { LedgerPod } from "./ledger_pod.ts";
import { isGated } from "./ledger_settings.ts";
import { DEADLINES_MS } from "./since.ts";
import { alarmFor, type Findings, type StageContext } from "./stage_context.ts";

/** Finds every alarm that does not depend on the plan. */
export function findAlarms(context: StageContext, findings: Findings): void {
  const { view, settings, snapshot, account, budgetWatts } = context;
  const { alarms } = findings;
  for (const [nodeName, sinceMs] of view.silentNodes) {
    silent(nodeName, sinceMs, { context, findings });
  }
  for (const report of snapshot.reports) {
    if (report.safeDefaultWatts === settings.safeDefaultWatts) continue;
    alarms.push({
      kind: "safe_default_differs",
      message:
        `The agent of node ${report.nodeName} has ${report.safeDefaultWatts} W as safe default, the planner ${settings.safeDefaultWatts} W.`,
      nodeName: report.nodeName,
      podName: undefined,
      gpuUuid: undefined,
      watts: report.safeDefaultWatts,
    });
  }
  for (const pod of view.pods.values()) podAlarms(pod, context, findings);
  if (account.watts > budgetWatts) {
    alarms.push({
      kind: "over_budget",
      message:
        `${account.watts} W are charged and ${budgetWatts} W are in force.`,
      nodeName: undefined,
      podName: undefined,
      gpuUuid: undefined,
      watts: account.watts - budgetWatts,
    });
  }
}

function silent(
  nodeName: string,
  sinceMs: number,
  { context, findings: { alarms, waits } }: {
    readonly context: StageContext;
    readonly findings: Findings;
  },
): void {
  const lost = context.since.nowMs - sinceMs >= DEADLINES_MS.lost;
  alarms.push({
    kind: lost ? "node_lost" : "agent_silent",
    message: lost
      ? `Node ${nodeName} has not reported for minutes. Its watts stay charged until it reports, or until a person taints it node.kubernetes.io/out-of-service.`
      : `The agent of node ${nodeName} is silent: its watts stay charged, and nothing is granted there.`,
    nodeName,
    podName: undefined,
    gpuUuid: undefined,
    watts: undefined,
  });
  waits.push({
    kind: "agent_silent",
    podName: undefined,
    nodeName,
    gpuUuid: undefined,
    generation: undefined,
    watts: undefined,
    sinceMs,
  });
}

function podAlarms(
  pod: LedgerPod,
  { settings, since, account }: StageContext,
  { alarms }: Findings,
): void {
  const { name, grant, gated, terminating } = pod.memory;
  if (pod.present && !pod.ended && isGated(settings) && !gated) {
    alarms.push(alarmFor(pod, "gate_missing", {
      message: `Pod ${name} starts without the gate: it is charged ${
        account.ownWatts(pod.uid)
      } W a GPU and never capped by a grant.`,
      watts: account.ownWatts(pod.uid),
    }));
  }
  for (const { uuid, report } of pod.reported) {
    if (report.persistenceMode === false) {
      alarms.push(alarmFor(pod, "persistence_off", {
        message:
          `GPU ${uuid} runs without persistence mode: its limit is lost with its last client.`,
        gpuUuid: uuid,
      }));
    }
  }
  const raised = pod.reported.find((seen) =>
    grant !== undefined && grant.watts > 0 && hasApplied(grant, seen) &&
    seen.report.gate !== "waiting" && seen.report.limitWatts !== undefined &&
    wholeWatts(seen.report.limitWatts) > grant.watts &&
    seen.report.state !== "clamped"
  );
  if (raised) {
    alarms.push(alarmFor(pod, "foreign_raise", {
      message: `GPU ${raised.uuid} is at ${raised.report.limitWatts} W, ${
        grant?.watts ?? 0
      } W are granted and applied: somebody else has raised it.`,
      gpuUuid: raised.uuid,
      watts: raised.report.limitWatts,
    }));
  }
  const going = !pod.present || terminating || pod.ended;
  if (
    going && account.ownWatts(pod.uid) > 0 &&
    since.isOver(`leave/${pod.uid}`, DEADLINES_MS.leave)
  ) {
    alarms.push(alarmFor(pod, "deadline_missed", {
      message: `Pod ${name} is ${
        pod.present ? "terminating" : "gone"
      }, and no report says that GPU ${
        pod.reported[0]?.uuid ?? pod.unseen[0] ?? "of it"
      } is free: it stays charged.`,
      watts: account.ownWatts(pod.uid),
    }));
  }
}
