/** The event log of a run: what the planners told, and what happened to them. Bounded. @module */

import type { LoopEvent } from "../../../planner/mod.ts";
import type { LogEntry } from "../judge/mod.ts";
import { saysOf } from "./says.ts";

/** A run that tells more than this repeats itself; the newest are dropped, and that is told. */
const MOST_ENTRIES = 50_000;

/** Collects entries. */
export class EventLog {
  readonly entries: LogEntry[] = [];
  readonly #tickMs: number;
  readonly #nowMs: () => number;
  /** Waits and alarms of the last look, by planner: only new ones are told. */
  readonly #standing = new Map<string, Set<string>>();

  constructor(tickMs: number, nowMs: () => number) {
    this.#tickMs = tickMs;
    this.#nowMs = nowMs;
  }

  add(event: string, says: object = {}): void {
    if (this.entries.length >= MOST_ENTRIES) return;
    const atMs = this.#nowMs();
    this.entries.push({
      atMs,
      tick: Math.floor(atMs / this.#tickMs),
      event,
      says: saysOf(says),
    });
  }

  /** One event of a planner's loop. */
  take(planner: string, event: LoopEvent): void {
    switch (event.kind) {
      case "decided": {
        const { decision } = event.record;
        const { searched, plan } = decision.optimizer;
        if (searched) {
          this.add("search", { planner, trigger: searched, caps: plan?.caps });
        }
        for (const { kind, ...rest } of decision.reasons) {
          this.add(kind, { planner, ...rest });
        }
        return;
      }
      case "staged":
        this.#news(planner, "wait", event.transition.waits);
        this.#news(planner, "alarm", event.transition.alarms);
        return;
      case "step": {
        const { step, outcome } = event;
        const { kind, ...rest } = step;
        this.add("step", {
          planner,
          step: kind,
          outcome: outcome.kind,
          watts: step.kind === "patch" ? step.grant.watts : null,
          bound_watts: step.kind === "patch" ? step.grant.boundWatts : null,
          ...rest,
        });
        return;
      }
      case "fault": {
        const { kind, fault } = event.change;
        this.add(kind === "raised" ? "fault" : "fault_cleared", {
          planner,
          part: fault.part,
          message: fault.message,
        });
        return;
      }
      case "clock_jump":
      case "tick_skipped":
      case "tick_timeout":
      case "started":
      case "stopped":
        this.add(event.kind, { planner, ...event });
        return;
      case "settings":
        this.add("settings", { planner });
        return;
      case "observed":
        return;
    }
  }

  #news(
    planner: string,
    name: "wait" | "alarm",
    found: readonly {
      readonly kind: string;
      readonly podName: string | undefined;
      readonly nodeName: string | undefined;
    }[],
  ): void {
    const key = `${planner}/${name}`;
    const before = this.#standing.get(key) ?? new Set();
    const now = new Set<string>();
    for (const one of found) {
      const id = `${one.kind}/${one.podName ?? ""}/${one.nodeName ?? ""}`;
      if (!before.has(id) && !now.has(id)) this.add(name, { planner, ...one });
      now.add(id);
    }
    this.#standing.set(key, now);
  }
}
