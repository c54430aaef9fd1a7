/** The loop's events as log lines: transitions, never states (§ habits of the log). @module */

import type { Logger } from "@logtape/logtape";
import { reasonText, severityOf } from "./core/mod.ts";
import {
  alarmJson,
  type Listener,
  type LoopEvent,
  outcomeJson,
  stepJson,
} from "./loop/mod.ts";

/** How a decision moves replicas, in upstream's words (P12). */
type Direction = "hold" | "scale_up" | "scale_down" | "rebalance";

/** Writes events to a log. */
export function logListener(log: Logger): Listener {
  const alarms = new Set<string>();
  let wasCompliant = true;
  let said: ReadonlySet<string> = new Set();
  return (event) => {
    switch (event.kind) {
      case "started":
        return log.info("The planner runs.");
      case "stopped":
        return log.info("The planner has stopped.");
      case "decided":
        said = logDecision(log, event, said);
        return;
      case "staged": {
        const { transition, changed, withheld } = event;
        if (changed && withheld !== undefined) {
          for (const step of transition.steps) {
            const json = stepJson(step);
            log.info(`${withheld}: would ${json["text"]}`, {
              ...json,
              withheld,
            });
          }
        }
        if (transition.compliant !== wasCompliant) {
          wasCompliant = transition.compliant;
          const watts = {
            chargedWatts: transition.chargedWatts,
            budgetWatts: transition.budgetInForceWatts,
          };
          if (wasCompliant) log.info("The ledger is within the budget.", watts);
          else if (transition.chargedWatts > transition.budgetInForceWatts) {
            log.warn("The ledger is over the budget in force.", watts);
          } else log.info("Compliance waits for the take-over.", watts);
        }
        return logAlarms(log, alarms, event);
      }
      case "step": {
        const { step, outcome } = event;
        const json = { ...stepJson(step), outcome: outcomeJson(outcome) };
        const text = `${stepJson(step)["text"]}: ${outcome.kind}${
          "reason" in outcome ? ` (${outcome.reason})` : ""
        }`;
        const fine = outcome.kind === "done" || outcome.kind === "gone";
        return fine
          ? step.kind === "lease" ? log.debug(text, json) : log.info(text, json)
          : log.warn(text, json);
      }
      case "fault": {
        const { fault } = event.change;
        const properties = { part: fault.part, sinceMs: fault.sinceMs };
        return event.change.kind === "raised"
          ? log.error(`${fault.part}: ${fault.message}`, properties)
          : log.info(`${fault.part}: well again`, properties);
      }
      case "settings":
        return log.info("The configuration changed.", {
          generation: event.inForce.generation,
        });
      case "tick_skipped":
        return log.debug("A tick was left out.", { ticks: event.ticks });
      case "tick_timeout":
        return;
      case "clock_jump":
        return log.warn(
          `The wall clock jumped by ${event.seconds.toFixed(1)} s.`,
          { seconds: event.seconds },
        );
      case "observed":
        return;
    }
  };
}

function logDecision(
  log: Logger,
  { record }: LoopEvent & { kind: "decided" },
  said: ReadonlySet<string>,
): ReadonlySet<string> {
  const { decision, durationMs } = record;
  const direction = directionOf(record);
  const properties = {
    decision: decision.sequence,
    direction,
    targets: Object.fromEntries(
      decision.targets.map(({ side, replicas, capWatts }) => [
        side,
        { replicas, capWatts: capWatts ?? null },
      ]),
    ),
    projectedWatts: decision.projectedWatts ?? null,
    budgetWatts: decision.budgetWatts ?? null,
    durationMs: Math.round(durationMs),
  };
  const text = `Decision ${decision.sequence}: ${direction}, ${
    decision.targets.map(({ side, replicas, capWatts }) =>
      `${side} ${replicas}${capWatts === undefined ? "" : ` at ${capWatts} W`}`
    ).join(", ")
  }`;
  if (direction === "hold") log.debug(text, properties);
  else log.info(text, properties);
  // A reason that goes on is said once, when it begins.
  const now = new Set<string>();
  for (const reason of decision.reasons) {
    const id = `${reason.kind} ${"side" in reason ? reason.side : ""}`;
    now.add(id);
    if (said.has(id)) continue;
    const properties = { decision: decision.sequence, reason: reason.kind };
    switch (severityOf(reason)) {
      case "critical":
        log.fatal(reasonText(reason), properties);
        break;
      case "warning":
        log.warn(reasonText(reason), properties);
        break;
      case "info":
        log.debug(reasonText(reason), properties);
        break;
    }
  }
  return now;
}

function directionOf(
  { decision }: (LoopEvent & { kind: "decided" })["record"],
): Direction {
  let [up, down] = [false, false];
  for (const { side, replicas } of decision.targets) {
    const before = decision.found?.[side]?.targetReplicas ??
      decision.previous[side];
    if (before === undefined) continue;
    up ||= replicas > before;
    down ||= replicas < before;
  }
  return up && down
    ? "rebalance"
    : up
    ? "scale_up"
    : down
    ? "scale_down"
    : "hold";
}

function logAlarms(
  log: Logger,
  standing: Set<string>,
  { transition }: LoopEvent & { kind: "staged" },
): void {
  const now = new Map(
    transition.alarms.map((alarm) => [
      [alarm.kind, alarm.podName, alarm.nodeName, alarm.gpuUuid].join(" "),
      alarm,
    ]),
  );
  for (const [id, alarm] of now) {
    if (!standing.has(id)) log.error(alarm.message, { ...alarmJson(alarm) });
  }
  for (const id of [...standing]) {
    if (!now.has(id)) {
      standing.delete(id);
      log.info(`Over: ${id.trim()}`);
    }
  }
  for (const id of now.keys()) standing.add(id);
}
