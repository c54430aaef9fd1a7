/** How near rows come to the targets that none of them meets: asked for when a search found nothing (R16). */

import { allocate, f64At, setF64 } from "../arrays";
import { givenCap, itlMs, measure, ownCap, ttftMs } from "./expand";
import {
  CLOCK_ROOM,
  error,
  runAtCap,
  slow,
  slowGeneration,
} from "./operating";
import { Side } from "./option";
import { PhasePower } from "./phase_power";
import { generationOf, makePower, phaseOf, Row, rowAt, rowsNow } from "./row";
import { groupOf } from "./search";
import * as setting from "./setting";

/**
 * Lowest figures of any row, at the pessimistic end of the declared error: 0 prefill TTFT, 1 decode ITL; aggregated
 * workers: 2 TTFT, 3 ITL, 4 TTFT beside an ITL within its target, 5 ITL beside such a TTFT; 6…8 by side: the lowest cap
 * that any clock keeps, among rows that keep the given one at none.
 */
const SLOTS: i32 = 9;
const nearest = allocate(SLOTS * 8);

export function nearestMisses(): usize {
  return nearest;
}

function note(slot: i32, value: f64): void {
  if (value < f64At(nearest, slot)) setF64(nearest, slot, value);
}

/** Looks at all rows. @param group rows of prefill and decode layouts of another group are left out; 0: of none */
export function noteMisses(group: f64): void {
  for (let slot = 0; slot < SLOTS; slot++) setF64(nearest, slot, Infinity);
  const count = rowsNow();
  for (let i = 0; i < count; i++) {
    const row = rowAt(i);
    const own = row.side == Side.AGG ? 0.0 : groupOf(row.side, row.layout);
    if (group == 0.0 || own == 0.0 || own == group) noteRow(row);
  }
}

function noteRow(row: Row): void {
  let times = 1.0, timesGeneration = 1.0, beyond = 0.0;
  if (setting.capMode() == setting.Caps.FIXED) {
    makePower(row);
    const side = row.side;
    const phase = phaseOf(row);
    const generation = generationOf(row);
    const own = ownCap(phase, generation, setting.powerCoefficient(side));
    const cap = givenCap(setting.fixedCap(side), own);
    if (!runAtCap(row, phase, generation, own, cap)) {
      note(6 + side, max(lowestCap(phase, side), lowestCap(generation, side)));
      return;
    }
    times = slow;
    timesGeneration = slowGeneration;
    beyond = error;
  }
  measure(row, times, timesGeneration);
  const ttft = ttftMs * (1.0 + beyond);
  const itl = itlMs * (1.0 + beyond);
  if (row.side == Side.PREFILL) note(0, ttft);
  else if (row.side == Side.DECODE) note(1, itl);
  else {
    note(2, ttft);
    note(3, itl);
    if (itl <= setting.itlTarget()) note(4, ttft);
    if (ttft <= setting.ttftTarget()) note(5, itl);
  }
}

/** Lowest whole-watt cap that the lowest clock keeps; 0 for a phase that is not there. */
function lowestCap(phase: PhasePower, side: i32): f64 {
  if (!(phase.ms > 0.0)) return 0.0;
  const step = setting.clockStep();
  const clock = Math.ceil((setting.lowestClock() - CLOCK_ROOM) / step) * step;
  return phase.capFor(clock, setting.powerCoefficient(side));
}
