/**
 * An axis with marks, so that a place on it is found in a step or two instead of a binary search whose every turn is a
 * guess. The leading bits of a positive double grow with its value: they number the marks, a few for each doubling.
 */

import { allocate, f64At, lowerIndex } from "./arrays";

/** Bits of a double behind the exponent; a mark uses the first few of them. */
const MANTISSA_BITS: i32 = 52;
/** Marks a doubling, as a power of two: as few as keep the keys apart. */
const MOST_MARK_BITS: i32 = 6;
const MOST_MARKS: i64 = 4096;

@unmanaged
export class Ruler {
  keys: usize;
  count: i32;
  /** Keys below each mark (u16); 0: no marks, the axis is searched. */
  marks: usize;
  markCount: i32;
  /** Bits of a key that do not number its mark, and the number of the first key's. */
  shift: i64;
  base: i64;
  /** The shared ruler made before this one. */
  before: Ruler;
}

let newest: usize = 0;

/** A ruler of these keys, one for all axes that have the same. */
export function sharedRulerOf(keys: usize, count: i32): Ruler {
  for (let at = newest; at != 0;) {
    const known = changetype<Ruler>(at);
    if (
      known.count == count &&
      memory.compare(known.keys, keys, (<usize> count) << 3) == 0
    ) return known;
    at = changetype<usize>(known.before);
  }
  const ruler = rulerOf(keys, count);
  ruler.before = changetype<Ruler>(newest);
  newest = changetype<usize>(ruler);
  return ruler;
}

/** Makes the ruler of `count` ascending keys. */
export function rulerOf(keys: usize, count: i32): Ruler {
  const ruler = changetype<Ruler>(allocate(offsetof<Ruler>()));
  ruler.keys = keys;
  ruler.count = count;
  if (count < 2 || count > 0xffff || !(f64At(keys, 0) > 0.0)) return ruler;
  for (let bits = 0; bits <= MOST_MARK_BITS; bits++) {
    ruler.shift = <i64> (MANTISSA_BITS - bits);
    ruler.base = numberOf(ruler, f64At(keys, 0));
    if (numberOf(ruler, f64At(keys, count - 1)) - ruler.base >= MOST_MARKS) {
      return ruler;
    }
    if (keepsApart(ruler)) break;
  }
  ruler.markCount = <i32> (numberOf(ruler, f64At(keys, count - 1)) -
    ruler.base) + 1;
  ruler.marks = allocate(((<usize> ruler.markCount) << 1) + 8);
  let below = 0;
  for (let mark = 0; mark < ruler.markCount; mark++) {
    while (
      numberOf(ruler, f64At(keys, below)) - ruler.base < <i64> mark
    ) below++;
    store<u16>(ruler.marks + ((<usize> mark) << 1), <u16> below);
  }
  return ruler;
}

function numberOf(ruler: Ruler, x: f64): i64 {
  return reinterpret<i64>(x) >> ruler.shift;
}

/** Whether no two keys have the same mark. */
function keepsApart(ruler: Ruler): bool {
  let before: i64 = -1;
  for (let i = 0; i < ruler.count; i++) {
    const number = numberOf(ruler, f64At(ruler.keys, i));
    if (number == before) return false;
    before = number;
  }
  return true;
}

/** Greatest index with `keys[index] <= x`, or -1 when x lies below the first: as `lowerIndex`. */
export function placeOn(ruler: Ruler, x: f64): i32 {
  if (ruler.marks == 0) return lowerIndex(ruler.keys, ruler.count, x);
  const mark = numberOf(ruler, x) - ruler.base;
  if (mark < 0) return -1;
  const last = ruler.count - 1;
  if (mark >= <i64> ruler.markCount) return last;
  let index = <i32> load<u16>(ruler.marks + ((<usize> mark) << 1)) - 1;
  while (index < last && f64At(ruler.keys, index + 1) <= x) index++;
  return index;
}

/** How far x lies from the key at `index` to the next: 0 on the key, below 1; -1 behind the last key. */
export function shareAt(ruler: Ruler, index: i32, x: f64): f64 {
  const low = f64At(ruler.keys, index);
  if (low == x) return 0.0;
  if (index == ruler.count - 1) return -1.0;
  return (x - low) / (f64At(ruler.keys, index + 1) - low);
}
