/**
 * How a row runs under a cap: its steps' times relative to the uncapped ones, its draw, its clock. Times at a cap come
 * from rows measured at several power limits where a row has them (R17), else from the power curve.
 */

import { f64At } from "../arrays";
import { limitsOf, LIMIT_SLOTS, Row } from "./row";
import { PhasePower } from "./phase_power";
import * as setting from "./setting";

/** Rounding of a clock step: the lowest clock is one of the steps. */
export const CLOCK_ROOM: f64 = 1e-9;

/** Time of the steps ÷ uncapped time; the second one of an aggregated worker's steps of decode requests alone. */
export let slow: f64 = 1.0;
export let slowGeneration: f64 = 1.0;
/** Mean draw, watts. */
export let draw: f64 = 0.0;
export let drawGeneration: f64 = 0.0;
/** Clock of the slower kind of step relative to the uncapped one; 0 where times at the cap were measured. */
export let clock: f64 = 1.0;
/** Declared relative error of the latency; 0 where the cap does not bind, and where it was measured. */
export let error: f64 = 0.0;

/** The row as it runs without a cap. */
export function runUncapped(phase: PhasePower, generation: PhasePower): void {
  runAtClocks(phase, generation, 1.0, 1.0, 1.0);
}

/** The row at clocks of the power curve. @param ratio cap ÷ own draw */
export function runAtClocks(
  phase: PhasePower,
  generation: PhasePower,
  at: f64,
  generationAt: f64,
  ratio: f64,
): void {
  slow = phase.slowdown(at);
  slowGeneration = generation.slowdown(generationAt);
  draw = phase.draw(at);
  drawGeneration = generation.draw(generationAt);
  clock = min(at, generationAt);
  error = clock < 1.0 ? setting.declaredError(ratio) : 0.0;
}

/** The row under a cap. @returns false when no clock keeps it */
export function runAtCap(
  row: Row,
  phase: PhasePower,
  generation: PhasePower,
  own: f64,
  cap: f64,
): bool {
  if (isMeasuredAt(row, cap)) {
    runAsMeasured(row, phase, generation, own, cap);
    return true;
  }
  const at = clockAt(phase, row.side, cap, own);
  const generationAt = generation.ms > 0.0
    ? clockAt(generation, row.side, cap, own)
    : at;
  if (!(at > 0.0) || !(generationAt > 0.0)) return false;
  runAtClocks(phase, generation, at, generationAt, cap / own);
  if (row.limitCount > 0 && cap < own) {
    // Below the limits the curve goes on, and nothing is faster than at the lowest.
    const lowest = lowestLimit(row);
    slow = max(slow, slowAt(row, phase, lowest, 1));
    if (generation.ms > 0.0) {
      slowGeneration = max(slowGeneration, slowAt(row, generation, lowest, 2));
    }
  }
  return true;
}

/** Highest clock at which a phase keeps a cap; 0 when none does. */
export function clockAt(phase: PhasePower, side: i32, cap: f64, own: f64): f64 {
  const c = setting.powerCoefficient(side);
  if (cap >= own || cap >= phase.drawHigh(1.0) * c) return 1.0;
  const step = setting.clockStep();
  const end = setting.lowestClock() - CLOCK_ROOM;
  for (let k = Math.ceil(1.0 / step) - 1.0; k * step >= end; k -= 1.0) {
    if (phase.keeps(k * step, cap, c)) return k * step;
  }
  return 0.0;
}

/** Lowest whole-watt cap that rows measured at limits say something about; infinite where there are none. */
export function lowestMeasuredCap(row: Row): f64 {
  if (row.limitCount == 0) return Infinity;
  return Math.ceil(lowestLimit(row) * setting.powerCoefficient(row.side));
}

function lowestLimit(row: Row): f64 {
  return f64At(limitsOf(row), (row.limitCount - 1) * LIMIT_SLOTS);
}

function isMeasuredAt(row: Row, cap: f64): bool {
  return cap >= lowestMeasuredCap(row);
}

/**
 * The row between the limits that it was measured at: straight lines from one to the next, the last one to the own draw,
 * where a cap begins to bind. A GPU that draws c times what the model says meets a limit c times as high alike (R10).
 */
export function runAsMeasured(
  row: Row,
  phase: PhasePower,
  generation: PhasePower,
  own: f64,
  cap: f64,
): void {
  runUncapped(phase, generation);
  if (cap >= own) return;
  const limit = cap / setting.powerCoefficient(row.side);
  slow = slowAt(row, phase, limit, 1);
  draw = drawAt(row, phase, limit, 3, draw);
  if (generation.ms > 0.0) {
    slowGeneration = slowAt(row, generation, limit, 2);
    drawGeneration = drawAt(row, generation, limit, 4, drawGeneration);
  }
  if (slow > 1.0 || slowGeneration > 1.0) clock = 0.0;
}

/** Time of a kind of step at a limit ÷ its uncapped time; a lower limit is never faster. */
function slowAt(row: Row, phase: PhasePower, limit: f64, slot: i32): f64 {
  return between(row, phase, limit, slot, 1.0, true);
}

function drawAt(
  row: Row,
  phase: PhasePower,
  limit: f64,
  slot: i32,
  uncapped: f64,
): f64 {
  return min(limit, between(row, phase, limit, slot, uncapped, false));
}

/** A figure of the row's limits at `limit`. @param uncapped its value from the own draw up */
function between(
  row: Row,
  phase: PhasePower,
  limit: f64,
  slot: i32,
  uncapped: f64,
  rising: bool,
): f64 {
  const limits = limitsOf(row);
  let above = phase.drawHigh(1.0);
  let atAbove = uncapped;
  if (limit >= above) return uncapped;
  for (let i = 0; i < row.limitCount; i++) {
    const watts = f64At(limits, i * LIMIT_SLOTS);
    // A limit that the phase does not reach says nothing about the cap.
    if (watts >= above) continue;
    let value = f64At(limits, i * LIMIT_SLOTS + slot);
    if (rising) value = max(value, atAbove);
    if (limit >= watts) {
      return value + (atAbove - value) * (limit - watts) / (above - watts);
    }
    above = watts;
    atAbove = value;
  }
  return atAbove;
}
