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
let sample: i32 = 0;
let line: i32 = 0;
/** Steps after which the rests repeat, and the sums of the first 0, 1, 2 … of them. */
let cycle: i32 = 1;
const restSums = allocate((PERIOD + 1) * 4);

/** Sets whose lengths the other functions are about. */
export function countSteps(firstLength: i32, stepStride: i32): void {
  first = firstLength;
  stride = stepStride;
  cycle = PERIOD;
  if (stride % 5 == 0) cycle /= 5;
  if (stride % 4 == 0) cycle /= 4;
  else if (stride % 2 == 0) cycle /= 2;
}

/** Chooses one of a step's lengths. */
export function chooseSample(which: i32): void {
  sample = which;
  line = lineOf(which);
  let place = first % PERIOD;
  const turn = stride % PERIOD;
  let sum = 0;
  for (let i = 0; i < cycle; i++) {
    sum += i32At(rests, which * PERIOD + place);
    setI32(restSums, i + 1, sum);
    place += turn;
    if (place >= PERIOD) place -= PERIOD;
  }
}

export function lengthOfStep(i: i32): i32 {
  return sampledLength(first + stride * i, sample);
}

/** How many of the first `count` steps have no length above `end`; at least step `from` has none. */
export function stepsWithin(end: i32, from: i32, count: i32): i32 {
  // Two roundings take less than 40 twentieths.
  const s = (PERIOD * end + 40) / line;
  let i = min((s - first) / stride, count - 1);
  while (i > from && lengthOfStep(i) > end) i--;
  return i + 1;
}

/** Twentieths that rounding takes off the first `count` lengths. */
function restsOf(count: i32): i64 {
  const turns = count / cycle;
  return <i64> turns * i32At(restSums, cycle) +
    i32At(restSums, count - turns * cycle);
}

/** Sum of the lengths of the steps from `from` up to, and without, `end`. */
export function lengthSum(from: i32, end: i32): i64 {
  const count = <i64> (end - from);
  const tokens = count * first + (count * (from + end - 1) >> 1) * stride;
  return (line * tokens + restsOf(end) - restsOf(from)) / PERIOD;
}
