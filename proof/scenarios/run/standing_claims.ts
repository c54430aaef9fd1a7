/** What every scenario claims, whatever its file says: the budget, physically, at every event (R41, T6). @module */

import type { Assertion, Scenario } from "../schema/mod.ts";

/** The claims; none without power awareness. */
export function standingClaims({ planner, ticks }: Scenario): Assertion[] {
  if (!planner.config.power) return [];
  const when = { kind: "always" as const, from: 0, to: ticks - 1 };
  const never = (counter: string, description: string): Assertion => ({
    kind: "counter",
    counter,
    perTick: false,
    op: "==",
    against: { kind: "value", value: 0 },
    tolerance: 0,
    when,
    description,
    ours: true,
  });
  return [
    never("violations", "Σ limits within the budget in force at every event"),
    never("draw_violations", "Σ draw within it at every event"),
  ];
}
