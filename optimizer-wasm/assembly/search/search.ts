/**
 * The exact search over all fleets (R16, R16a): every pair of options with every count, the best of each pair of layouts
 * ranked. Pairs that cannot reach what is ranked already are left out by a bound that holds for any counts.
 */

import { allocate, f64At, i32At, setF64 } from "../arrays";
import { bestPair, bestSingle } from "./counts";
import { expand } from "./expand";
import { compare, Fleet, newFleet, primary } from "./fleet";
import { optionAt, Side } from "./option";
import {
  rank,
  settleRanked,
  startRanking,
  threshold,
  thresholdWatts,
} from "./ranking";
import {
  costOf,
  findSegments,
  MOST_LAYOUTS,
  newSegments,
  WEIGHTS,
} from "./segments";
import * as setting from "./setting";

/** Bounds are compared with this much room, so that rounding never leaves a fleet out. */
const ROOM: f64 = 1e-9;

/** Statuses of a search. */
const DONE: i32 = 0;
const TOO_MANY: i32 = 1;

const prefill = newSegments();
const decode = newSegments();
const single = newSegments();
/** Group of each layout (f64 each): prefill and decode of one fleet must share it; 0 goes with any (sglang's tp, §11.4). */
const groups = allocate(3 * MOST_LAYOUTS * 8);
/** Bounds of the pairs of layouts, and the weight that gave them. */
const bounds = allocate(<usize> MOST_LAYOUTS * MOST_LAYOUTS * 8);
const weights = allocate(<usize> MOST_LAYOUTS * MOST_LAYOUTS);
const best: Fleet = newFleet();

/** Group of a layout. @param side prefill or decode */
export function groupOf(side: i32, layout: i32): f64 {
  return f64At(groups, side * MOST_LAYOUTS + layout);
}

/** Address of the groups: `MOST_LAYOUTS` doubles for each side. */
export function layoutGroups(): usize {
  return groups;
}

/**
 * Expands the rows of one side under the setting and ranks nothing.
 * @returns 0, or 1 when there are more options than there is room for
 */
export function expandSide(side: i32): i32 {
  startRanking(0);
  return expand(side) ? DONE : TOO_MANY;
}

/**
 * Expands all rows under the setting and ranks fleets.
 * @param disagg, prefillOnly, decodeOnly, aggOnly which kinds of fleet there are
 * @returns 0, or 1 when there are more options or layouts than there is room for
 */
export function search(
  disagg: bool,
  prefillOnly: bool,
  decodeOnly: bool,
  aggOnly: bool,
  top: i32,
): i32 {
  startRanking(top);
  if (!expand(-1)) return TOO_MANY;
  if (disagg && !searchPairs()) return TOO_MANY;
  if (prefillOnly && !searchSingle(Side.PREFILL)) return TOO_MANY;
  if (decodeOnly && !searchSingle(Side.DECODE)) return TOO_MANY;
  if (aggOnly && !searchSingle(Side.AGG)) return TOO_MANY;
  settleRanked();
  return DONE;
}

function searchSingle(side: i32): bool {
  if (!findSegments(single, side)) return false;
  for (let s = 0; s < single.count; s++) {
    let found = false;
    const end = i32At(single.starts, s + 1);
    for (let i = i32At(single.starts, s); i < end; i++) {
      found = bestSingle(side, i, best, found);
    }
    if (found) rank(best);
  }
  return true;
}

function searchPairs(): bool {
  if (!findSegments(prefill, Side.PREFILL)) return false;
  if (!findSegments(decode, Side.DECODE)) return false;
  const pairs = prefill.count * decode.count;
  for (let pair = 0; pair < pairs; pair++) boundPair(pair);
  for (let done = 0; done < pairs; done++) {
    let next = 0;
    for (let pair = 1; pair < pairs; pair++) {
      if (f64At(bounds, pair) > f64At(bounds, next)) next = pair;
    }
    const bound = f64At(bounds, next);
    if (bound < 0.0 || bound < threshold() * (1.0 - ROOM)) return true;
    setF64(bounds, next, -1.0);
    searchPair(next);
  }
  return true;
}

/** What no fleet of two layouts can pass; -1 for layouts that do not go together. */
function boundPair(pair: i32): void {
  const p = pair / decode.count;
  const d = pair % decode.count;
  const groupP = groupOf(Side.PREFILL, i32At(prefill.layouts, p));
  const groupD = groupOf(Side.DECODE, i32At(decode.layouts, d));
  if (groupP != groupD && groupP != 0.0 && groupD != 0.0) {
    setF64(bounds, pair, -1.0);
    return;
  }
  if (setting.efficiency()) {
    const watts = f64At(prefill.watts, p) + f64At(decode.watts, d);
    setF64(bounds, pair, 1.0 / watts);
    return;
  }
  let least = 0.0;
  let weight = 0;
  for (let w = 0; w < WEIGHTS; w++) {
    const cost = f64At(prefill.costs, p * WEIGHTS + w) +
      f64At(decode.costs, d * WEIGHTS + w);
    if (cost > least) {
      least = cost;
      weight = w;
    }
  }
  store<u8>(weights + <usize> pair, <u8> weight);
  setF64(bounds, pair, min(1.0 / least, setting.demand()));
}

/** The best fleet of two layouts. */
function searchPair(pair: i32): void {
  const p = pair / decode.count;
  const d = pair % decode.count;
  const weight = <i32> load<u8>(weights + <usize> pair);
  const leastDecode = f64At(decode.costs, d * WEIGHTS + weight);
  const leastWatts = f64At(decode.watts, d);
  const floor = setting.floorOf(Side.PREFILL);
  const decodeFloor = setting.floorOf(Side.DECODE);
  const first = i32At(decode.starts, d);
  const end = i32At(decode.starts, d + 1);
  const lastPrefill = i32At(prefill.starts, p + 1);
  let found = false;
  for (let i = i32At(prefill.starts, p); i < lastPrefill; i++) {
    const option = optionAt(Side.PREFILL, i);
    const cost = setting.efficiency() ? 0.0 : costOf(option, weight);
    if (
      isHopeless(
        cost + leastDecode,
        option.wattsPerRate + leastWatts,
        floor * option.watts,
        found,
      )
    ) continue;
    const gpus = option.gpusPerRate / setting.mostGpus();
    const watts = option.wattsPerRate / setting.mostWatts();
    for (let j = first; j < end; j++) {
      const other = optionAt(Side.DECODE, j);
      const share = max(
        gpus + other.gpusPerRate / setting.mostGpus(),
        watts + other.wattsPerRate / setting.mostWatts(),
      );
      if (
        isHopeless(
          share,
          option.wattsPerRate + other.wattsPerRate,
          floor * option.watts + decodeFloor * other.watts,
          found,
        )
      ) continue;
      found = bestPair(i, j, best, found);
    }
  }
  if (found) rank(best);
}

/**
 * Whether options of such a cost cannot reach what is found.
 * @param share least share of GPUs or watts a request a second; @param wattsPerRate least watts a request a second
 * @param floorWatts watts of the floors
 */
function isHopeless(
  share: f64,
  wattsPerRate: f64,
  floorWatts: f64,
  found: bool,
): bool {
  const demand = setting.demand();
  const goal = max(
    threshold(),
    found ? primary(best.value, best.watts) : -1.0,
  );
  const bound = setting.efficiency()
    ? 1.0 / wattsPerRate
    : min(1.0 / share, demand);
  if (bound < goal * (1.0 - ROOM)) return true;
  if (setting.efficiency() || goal < demand * (1.0 - ROOM)) return false;
  // All of the demand is served: fewer watts decide.
  const ranked = thresholdWatts(demand);
  const watts = found && compare(best.value, demand) == 0
    ? min(best.watts, ranked)
    : ranked;
  return max(demand * wattsPerRate, floorWatts) > watts * (1.0 + ROOM);
}
