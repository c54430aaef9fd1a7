/** The best fleets, one for each pair of layouts, best first. */

import { allocate } from "../arrays";
import { refine } from "./expand";
import {
  compare,
  copyFleet,
  Fleet,
  FLEET_BYTES,
  isBetter,
  primary,
} from "./fleet";
import { copyOption, Option, OPTION_BYTES, optionAt, Side } from "./option";

/** Fleets that are kept at most. */
const MOST_RANKED: i32 = 64;
const ranked = allocate(<usize> MOST_RANKED * FLEET_BYTES);
/** Two options for each ranked fleet. */
const options = allocate(<usize> MOST_RANKED * 2 * OPTION_BYTES);
let count: i32 = 0;
let wanted: i32 = 1;

export function startRanking(top: i32): void {
  count = 0;
  wanted = min(max(top, 1), MOST_RANKED);
}

export function rankedCount(): i32 {
  return count;
}

export function rankedAt(index: i32): Fleet {
  return changetype<Fleet>(ranked + <usize> index * FLEET_BYTES);
}

/** What a fleet must at least reach to be ranked; below every fleet while there is room. */
export function threshold(): f64 {
  if (count < wanted) return -1.0;
  const last = rankedAt(count - 1);
  return primary(last.value, last.watts);
}

/** Watts that a fleet serving `served` must stay below to be ranked; infinite while there is room or the last ranked one serves less. */
export function thresholdWatts(served: f64): f64 {
  if (count < wanted) return Infinity;
  const last = rankedAt(count - 1);
  return compare(last.value, served) < 0 ? Infinity : last.watts;
}

/** Puts the best fleet of a pair of layouts in its place. */
export function rank(fleet: Fleet): void {
  let at = count;
  while (at > 0 && isBetter(fleet, rankedAt(at - 1))) at--;
  if (at >= wanted) return;
  for (let i = min(count, wanted - 1); i > at; i--) {
    copyFleet(rankedAt(i), rankedAt(i - 1));
  }
  copyFleet(rankedAt(at), fleet);
  if (count < wanted) count++;
}

/** The first or second option of a ranked fleet, after `settleRanked`. */
export function rankedOption(index: i32, which: i32): Option {
  return changetype<Option>(
    options + <usize> (index * 2 + which) * OPTION_BYTES,
  );
}

/** Gives each ranked fleet options of its own, with the best latencies that its users can have at no cost. */
export function settleRanked(): void {
  for (let i = 0; i < count; i++) {
    const fleet = rankedAt(i);
    settle(fleet, i, 0, fleet.side, fleet.first, fleet.firstCount);
    if (fleet.second < 0) continue;
    settle(fleet, i, 1, Side.DECODE, fleet.second, fleet.secondCount);
  }
}

function settle(
  fleet: Fleet,
  index: i32,
  which: i32,
  side: i32,
  option: i32,
  replicas: f64,
): void {
  const own = rankedOption(index, which);
  copyOption(own, optionAt(side, option));
  if (replicas > 0.0) refine(side, own, replicas, fleet.served);
}
