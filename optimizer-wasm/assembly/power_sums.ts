/**
 * Power of a phase as sums over its operators. A power limit regulates the average over tens of milliseconds and a
 * kernel takes microseconds, so a phase runs at one clock; what it draws and takes at any clock follows from its time,
 * its energy, and the clock-bound part of both (`docs/decisions/0020-one-clock-a-phase.md`).
 */

import { idleWatts } from "./machine";
import { Kind, Op, Role } from "./op";
import { evaluate, valueEnergy, valueMs } from "./operators";
import {
  clockShare,
  drawHigh,
  drawLow,
  drawOf,
  drawSource,
  drawWatts,
  Source,
} from "./power";
import { opAt, Phase, Program, selected } from "./program";
import { OK } from "./status";

/** Time in all, and the part that scales with the clock, ms. */
export let sumMs: f64 = 0.0;
export let sumClockMs: f64 = 0.0;
/** Energy above the idle draw: central, lower and upper end; and the clock-bound parts of central and upper. */
let dynamic: f64 = 0.0;
let dynamicLow: f64 = 0.0;
let dynamicHigh: f64 = 0.0;
let clockDynamic: f64 = 0.0;
let clockDynamicHigh: f64 = 0.0;
/** Time by the source of its watts, ms. */
export let measuredMs: f64 = 0.0;
export let borrowedMs: f64 = 0.0;
export let modelledMs: f64 = 0.0;
export let tdpMs: f64 = 0.0;

/** Energies, watt-milliseconds. */
export function energy(): f64 {
  return idleWatts * sumMs + dynamic;
}
export function energyLow(): f64 {
  return idleWatts * sumMs + dynamicLow;
}
export function energyHigh(): f64 {
  return idleWatts * sumMs + dynamicHigh;
}
export function clockEnergy(): f64 {
  return idleWatts * sumClockMs + clockDynamic;
}
export function clockEnergyHigh(): f64 {
  return idleWatts * sumClockMs + clockDynamicHigh;
}

export function clearSums(): void {
  sumMs = 0.0;
  sumClockMs = 0.0;
  dynamic = 0.0;
  dynamicLow = 0.0;
  dynamicHigh = 0.0;
  clockDynamic = 0.0;
  clockDynamicHigh = 0.0;
  measuredMs = 0.0;
  borrowedMs = 0.0;
  modelledMs = 0.0;
  tdpMs = 0.0;
}

/**
 * Adds `times` runs of a single operator.
 * @param alone whether its time counts; a group that runs beside a longer one adds draw and no time
 */
function add(
  op: Op,
  times: f64,
  ms: f64,
  measured: f64,
  alone: bool,
  b: f64,
  s: f64,
  prefix: f64,
  x: f64,
): void {
  drawOf(op, ms, measured, b, s, prefix, op.role == Role.LOGITS ? b : x);
  const all = times * ms;
  const above = all * (drawWatts - idleWatts);
  const aboveHigh = all * (drawHigh - idleWatts);
  dynamic += above;
  dynamicLow += all * (drawLow - idleWatts);
  dynamicHigh += aboveHigh;
  clockDynamic += clockShare * above;
  clockDynamicHigh += clockShare * aboveHigh;
  if (!alone) return;
  sumMs += all;
  sumClockMs += clockShare * all;
  if (drawSource == Source.MEASURED) measuredMs += all;
  else if (drawSource == Source.BORROWED) borrowedMs += all;
  else if (drawSource == Source.MODELLED) modelledMs += all;
  else tdpMs += all;
}

function childAt(op: Op, index: i32): Op {
  return changetype<Op>(<usize> load<u32>(op.children + ((<usize> index) << 2)));
}

/** Time of some children at a point, their figures left in them; negative when one is not measured. */
function groupMs(
  op: Op,
  first: i32,
  end: i32,
  b: f64,
  s: f64,
  prefix: f64,
  x: f64,
): f64 {
  let ms = 0.0;
  for (let i = first; i < end; i++) {
    const child = childAt(op, i);
    if (evaluate(child, b, s, prefix, x) != OK) return -1.0;
    child.lastMs = valueMs;
    child.lastEnergy = valueEnergy;
    ms += valueMs * child.scale;
  }
  return ms;
}

function addGroup(
  op: Op,
  first: i32,
  end: i32,
  times: f64,
  alone: bool,
  b: f64,
  s: f64,
  prefix: f64,
  x: f64,
): void {
  for (let i = first; i < end; i++) {
    const child = childAt(op, i);
    const runs = times * child.scale;
    if (isBlock(child)) addBlock(child, runs, child.lastMs, alone, b, s, prefix, x);
    else add(child, runs, child.lastMs, child.lastEnergy, alone, b, s, prefix, x);
  }
}

function isBlock(op: Op): bool {
  return op.kind == Kind.FALLBACK || op.kind == Kind.OVERLAP;
}

/** Adds `times` runs of a block that takes `ms`: its children, asked again at the point. */
function addBlock(
  op: Op,
  times: f64,
  ms: f64,
  alone: bool,
  b: f64,
  s: f64,
  prefix: f64,
  x: f64,
): void {
  if (op.kind == Kind.FALLBACK) {
    let first = 0, end = 1;
    let taken = groupMs(op, first, end, b, s, prefix, x);
    if (taken < 0.0) {
      first = 1;
      end = op.childCount;
      taken = groupMs(op, first, end, b, s, prefix, x);
    }
    if (!(taken > 0.0)) return;
    addGroup(op, first, end, times * ms / taken, alone, b, s, prefix, x);
    return;
  }
  const one = groupMs(op, 0, op.secondGroup, b, s, prefix, x);
  const two = groupMs(op, op.secondGroup, op.childCount, b, s, prefix, x);
  const taken = max(one, two);
  if (one < 0.0 || two < 0.0 || !(taken > 0.0)) return;
  const runs = times * ms / taken;
  addGroup(op, 0, op.secondGroup, runs, alone && one >= two, b, s, prefix, x);
  addGroup(
    op,
    op.secondGroup,
    op.childCount,
    runs,
    alone && one < two,
    b,
    s,
    prefix,
    x,
  );
}

/**
 * Adds the operators of a pass just asked, whose figures stand in them.
 * @param s new tokens (context) or KV length (generation)
 * @param steps passes that their figures are summed over; @param divisor what the pass counts for is one in so many
 */
export function addPassSums(
  program: Program,
  phase: i32,
  b: f64,
  s: f64,
  prefix: f64,
  role: i32,
  exclude: bool,
  steps: f64,
  divisor: f64,
): void {
  const generation = phase == Phase.GENERATION;
  const list = generation ? program.generationOps : program.contextOps;
  const count = generation ? program.generationCount : program.contextCount;
  const x = generation ? b : b * s;
  for (let i = 0; i < count; i++) {
    const op = opAt(list, i);
    if (!selected(op, role, exclude)) continue;
    if (!(op.lastMs > 0.0)) continue;
    const runs = op.scale * steps;
    const ms = op.lastMs / runs;
    const times = runs / divisor;
    if (isBlock(op)) addBlock(op, times, ms, true, b, s, prefix, x);
    else add(op, times, ms, op.lastEnergy / runs, true, b, s, prefix, x);
  }
}
