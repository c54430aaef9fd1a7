/** The phases of a budget: what a fleet is made of while watts grow, and where it changes. @module */

import type {
  FleetCandidate,
  FleetSide,
  WattsPoint,
} from "../../optimizer-wasm/portable.ts";
import { layoutLabel } from "./layout_text.ts";

/** A stretch of budgets over which a fleet keeps its kind, its layouts and the sides that are held below their own draw. */
export interface BudgetPhase {
  readonly fromWatts: number;
  readonly toWatts: number;
  /** `disagg TP1 + TP2`. */
  readonly fleet: string;
  /** `prefill held below its own draw`. */
  readonly caps: string;
  readonly first: FleetCandidate;
}

/** What tells two phases apart. */
export function phaseKey(fleet: FleetCandidate): string {
  return `${fleetLabel(fleet)} | ${capsLabel(fleet)}`;
}

/** Kind and layouts. */
export function fleetLabel(
  { mode, prefill, decode, workers }: FleetCandidate,
): string {
  const layouts = [prefill, decode, workers].flatMap((side) =>
    side ? [layoutLabel(side.layout)] : []
  );
  return `${mode} ${layouts.join(" + ")}`;
}

/** Which sides run below their own draw. */
export function capsLabel(
  { prefill, decode, workers }: FleetCandidate,
): string {
  const held = ([["prefill", prefill], ["decode", decode], [
    "workers",
    workers,
  ]] as const).flatMap(([name, side]) => side && isHeld(side) ? [name] : []);
  return held.length === 0
    ? "caps at own draw"
    : `${held.join(" and ")} capped below own draw`;
}

/** Whether a cap costs the side speed. */
export function isHeld(side: FleetSide): boolean {
  return side.clock === undefined || side.clock < 1;
}

/** The phases of a frontier, from few watts to many. */
export function phasesOf(points: readonly WattsPoint[]): BudgetPhase[] {
  const phases: BudgetPhase[] = [];
  let key = "";
  for (const { budgetWatts, best } of points) {
    const last = phases.at(-1);
    const next = phaseKey(best);
    if (last && next === key) {
      phases[phases.length - 1] = { ...last, toWatts: budgetWatts };
      continue;
    }
    if (last) phases[phases.length - 1] = { ...last, toWatts: budgetWatts };
    key = next;
    phases.push({
      fromWatts: budgetWatts,
      toWatts: budgetWatts,
      fleet: fleetLabel(best),
      caps: capsLabel(best),
      first: best,
    });
  }
  return phases;
}
