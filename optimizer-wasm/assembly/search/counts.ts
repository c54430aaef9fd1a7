/** The best replica counts of a fleet whose options are given: exact, in a logarithm of the counts. */

import {
  compare,
  copyFleet,
  Fleet,
  isBetter,
  newFleet,
  setPair,
  setSingle,
} from "./fleet";
import { Option, optionAt, Side } from "./option";
import * as setting from "./setting";

/** No fleet has more replicas of one kind; bounds the work where nothing else does. */
const MOST_REPLICAS: f64 = 1048576.0;

/** Most replicas of an option beside what is spent already; below the floor when they do not fit. */
function mostOf(side: i32, option: Option, gpus: f64, watts: f64): f64 {
  const byGpus = Math.floor((setting.mostGpus() - gpus) / option.gpus);
  const byWatts = option.watts > 0.0
    ? Math.floor((setting.mostWatts() - watts) / option.watts)
    : Infinity;
  return min(min(byGpus, byWatts), min(setting.ceilingOf(side), MOST_REPLICAS));
}

/** Fewest replicas that do `rate` together within rounding, not below the floor of the side. */
function fewestFor(side: i32, option: Option, rate: f64): f64 {
  const floor = setting.floorOf(side);
  let n = max(floor, Math.ceil(rate / option.rate));
  while (n > floor && compare((n - 1.0) * option.rate, rate) >= 0) n -= 1.0;
  while (compare(n * option.rate, rate) < 0) n += 1.0;
  return n;
}

const trial: Fleet = newFleet();

/** Takes the trial when it is better. @param found whether `best` holds a fleet yet */
function take(best: Fleet, found: bool): bool {
  if (found && !isBetter(trial, best)) return true;
  copyFleet(best, trial);
  return true;
}

/**
 * Best count of one kind of worker.
 * @returns whether `best` holds a fleet
 */
export function bestSingle(
  side: i32,
  index: i32,
  best: Fleet,
  found: bool,
): bool {
  const option = optionAt(side, index);
  const floor = setting.floorOf(side);
  const most = mostOf(side, option, 0.0, 0.0);
  if (most < floor) return found;
  const useful = min(
    most,
    isFinite(setting.demand())
      ? fewestFor(side, option, setting.demand())
      : most,
  );
  setSingle(trial, side, index, max(useful, floor));
  let has = take(best, found);
  // Tokens a watt fall again when the last replica serves little.
  if (setting.efficiency() && useful - 1.0 >= max(floor, 1.0)) {
    setSingle(trial, side, index, useful - 1.0);
    has = take(best, has);
  }
  return has;
}

/**
 * Best counts of a prefill and a decode option. With more prefill replicas their rate rises and the decode replicas that
 * still fit fall, so the weaker side is strongest where the two cross; counts are then the fewest that serve as much.
 */
export function bestPair(
  first: i32,
  second: i32,
  best: Fleet,
  found: bool,
): bool {
  const prefill = optionAt(Side.PREFILL, first);
  const decode = optionAt(Side.DECODE, second);
  const floor = setting.floorOf(Side.PREFILL);
  const decodeFloor = setting.floorOf(Side.DECODE);
  const most = mostOf(
    Side.PREFILL,
    prefill,
    decodeFloor * decode.gpus,
    decodeFloor * decode.watts,
  );
  if (most < floor || decodeBeside(prefill, decode, floor) < decodeFloor) {
    return found;
  }
  if (setting.efficiency()) {
    return bestRatio(first, second, floor, most, best, found);
  }
  // The last count at which prefill is the weaker side.
  let low = floor - 1.0;
  let high = most + 1.0;
  while (high - low > 1.0) {
    const middle = Math.floor((low + high) / 2.0);
    const rate = middle * prefill.rate;
    if (rate <= decodeBeside(prefill, decode, middle) * decode.rate) {
      low = middle;
    } else high = middle;
  }
  let rate = 0.0;
  if (low >= floor) rate = low * prefill.rate;
  if (high <= most) {
    rate = max(rate, decodeBeside(prefill, decode, high) * decode.rate);
  }
  rate = min(rate, setting.demand());
  setPair(
    trial,
    first,
    second,
    fewestFor(Side.PREFILL, prefill, rate),
    fewestFor(Side.DECODE, decode, rate),
  );
  return take(best, found);
}

/** Decode replicas that fit beside `n` prefill replicas. */
function decodeBeside(prefill: Option, decode: Option, n: f64): f64 {
  return mostOf(Side.DECODE, decode, n * prefill.gpus, n * prefill.watts);
}

/** Tokens a watt depend on how the counts round: every prefill count with the two decode counts around its own rate. */
function bestRatio(
  first: i32,
  second: i32,
  floor: f64,
  most: f64,
  best: Fleet,
  found: bool,
): bool {
  const prefill = optionAt(Side.PREFILL, first);
  const decode = optionAt(Side.DECODE, second);
  const decodeFloor = setting.floorOf(Side.DECODE);
  const demand = setting.demand();
  let has = found;
  for (let n = max(floor, min(most, 1.0)); n <= most; n += 1.0) {
    const fits = decodeBeside(prefill, decode, n);
    if (fits < decodeFloor) break;
    const rate = min(n * prefill.rate, demand);
    const enough = min(fits, fewestFor(Side.DECODE, decode, rate));
    setPair(trial, first, second, n, max(enough, decodeFloor));
    has = take(best, has);
    if (enough - 1.0 >= max(decodeFloor, 1.0)) {
      setPair(trial, first, second, n, enough - 1.0);
      has = take(best, has);
    }
    if (n * prefill.rate >= demand) break;
  }
  return has;
}
