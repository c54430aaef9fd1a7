/**
 * KV lengths of the decode steps of a static run (`aic-engine.md` §7.2), counted and summed without visiting each. Step
 * i has s = first + stride · i tokens, and looks at five lengths around s (§5.4) or at s alone. Each is a straight line
 * in s but for rounding, and what is rounded away repeats every 20 tokens.
 */

import { allocate, i32At, setI32 } from "./arrays";

/** Lengths that a step averages. */
export const LENGTH_SAMPLES: i32 = 5;
/** In place of a sample: the length of the step itself. */
export const ITSELF: i32 = 5;

/** One length of a step: ⌊0.9·s⌋, ⌊1.1·s⌋ or one of three between them. */
export function sampledLength(s: i32, sample: i32): i32 {
  if (sample == ITSELF) return s;
  const low = 9 * s / 10;
  return low + ((11 * s / 10 - low) * sample >> 2);
}

/** 20 · length = `lineOf(sample)` · s + a rest for each s mod 20. */
const PERIOD: i32 = 20;
const rests = allocate((ITSELF + 1) * PERIOD * 4);

function lineOf(sample: i32): i32 {
  return sample == ITSELF ? PERIOD : 18 + sample;
}

for (let sample = 0; sample <= ITSELF; sample++) {
  for (let i = 0; i < PERIOD; i++) {
    const s = PERIOD + i;
    setI32(
      rests,
      sample * PERIOD + i,
      PERIOD * sampledLength(s, sample) - lineOf(sample) * s,
    );
  }
}

let first: i32 = 0;
let stride: i32 = 1;
let whole: i32 = 0;
let count: i32 = 0;
/** Steps after which the rests repeat; for each sample the sums of the first 0, 1, 2 … of them. */
let cycle: i32 = 1;
let perCycle: f64 = 1.0;
let perStride: f64 = 1.0;
const SUMS: i32 = PERIOD + 1;
const restSums = allocate((ITSELF + 1) * SUMS * 4);
/** For each sample: steps taken so far, and the rests of all of them. */
const taken = allocate((ITSELF + 1) * 4);
const takenRests = allocate((ITSELF + 1) * 8);

/** Begins with steps that each stand for `stepStride` of `steps`; the last of them may stand for fewer. */
export function beginSteps(
  firstLength: i32,
  steps: i32,
  stepStride: i32,
): void {
  first = firstLength;
  stride = stepStride;
  perStride = 1.0 / <f64> stride;
  whole = steps / stride;
  count = whole * stride == steps ? whole : whole + 1;
  cycle = PERIOD;
  if (stride % 5 == 0) cycle /= 5;
  if (stride % 4 == 0) cycle /= 4;
  else if (stride % 2 == 0) cycle /= 2;
  perCycle = 1.0 / <f64> cycle;
}

/** Begins with one length of each step. */
export function beginSample(sample: i32): void {
  setI32(taken, sample, 0);
  store<i64>(takenRests + ((<usize> sample) << 3), 0);
  const rest = rests + ((<usize> (sample * PERIOD)) << 2);
  const sums = restSums + ((<usize> (sample * SUMS)) << 2);
  const turn = stride % PERIOD;
  let place = first % PERIOD;
  let sum = 0;
  for (let i = 1; i <= cycle; i++) {
    sum += i32At(rest, place);
    setI32(sums, i, sum);
    place += turn;
    if (place >= PERIOD) place -= PERIOD;
  }
}

/** The lowest and the highest length of a sample. */
export function lowestLength(sample: i32): i32 {
  return sampledLength(first, sample);
}

export function highestLength(sample: i32): i32 {
  return sampledLength(first + stride * (count - 1), sample);
}

/** Lengths taken: their number and sum; and the same of last steps that stand for fewer than the others. */
export let wholeCount: i32 = 0;
export let wholeSum: i64 = 0;
export let lastCount: i32 = 0;
export let lastSum: i64 = 0;

export function clearTaken(): void {
  wholeCount = 0;
  wholeSum = 0;
  lastCount = 0;
  lastSum = 0;
}

/** Takes the lengths of a sample that are not above `end`. @returns whether none is left */
export function takeUpTo(end: i32, sample: i32): bool {
  const from = i32At(taken, sample);
  if (from == count) return true;
  let next = from;
  if (from < whole && sampledLength(first + stride * from, sample) <= end) {
    next = lastWithin(end, sample) + 1;
    takeWhole(from, next, sample);
  }
  if (next == whole && whole < count) {
    const length = sampledLength(first + stride * whole, sample);
    if (length <= end) {
      lastCount++;
      lastSum += length;
      next++;
    }
  }
  setI32(taken, sample, next);
  return next == count;
}

/** The last whole step with a length not above `end`; the caller knows that there is one. */
function lastWithin(end: i32, sample: i32): i32 {
  // Two roundings take less than 40 twentieths, so this is never too low.
  const s = <f64> (PERIOD * end + 40) / <f64> lineOf(sample);
  let i = min(<i32> ((s - <f64> first) * perStride), whole - 1);
  while (sampledLength(first + stride * i, sample) > end) i--;
  return i;
}

function takeWhole(from: i32, next: i32, sample: i32): void {
  const at = takenRests + ((<usize> sample) << 3);
  const sums = restSums + ((<usize> (sample * SUMS)) << 2);
  const turns = <i32> ((<f64> next + 0.5) * perCycle);
  const all = <i64> turns * i32At(sums, cycle) +
    i32At(sums, next - turns * cycle);
  const steps = <i64> (next - from);
  const tokens = steps * first + (steps * (from + next - 1) >> 1) * stride;
  wholeCount += next - from;
  wholeSum += (lineOf(sample) * tokens + all - load<i64>(at)) / PERIOD;
  store<i64>(at, all);
}
