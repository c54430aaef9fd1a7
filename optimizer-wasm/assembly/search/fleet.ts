/** One fleet: options with counts, what it serves, and which of two fleets is better (R16, R16a). */

import { allocate } from "../arrays";
import { Option, optionAt, Side } from "./option";
import * as setting from "./setting";

@unmanaged
export class Fleet {
  /** PREFILL: prefill and decode; DECODE, AGG: workers of one kind; the side of `first`. */
  side: i32;
  /** Indices in the tables; `second` is -1 in a fleet of one kind. */
  first: i32;
  second: i32;
  /** Layouts of both. */
  firstLayout: i32;
  secondLayout: i32;
  firstCount: f64;
  secondCount: f64;
  /** What it sustains and what of that is asked for, requests a second. */
  capacity: f64;
  served: f64;
  /** Served requests in output tokens, relative: fleets of different kinds count them differently. */
  value: f64;
  gpus: f64;
  watts: f64;
  quality: f64;
}

export const FLEET_BYTES: usize = offsetof<Fleet>();

/** Relative differences up to this are rounding, not throughput. */
const LAST_BITS: f64 = 1e-12;

export function newFleet(): Fleet {
  return changetype<Fleet>(allocate(FLEET_BYTES));
}

export function copyFleet(to: Fleet, from: Fleet): void {
  memory.copy(changetype<usize>(to), changetype<usize>(from), FLEET_BYTES);
}

/**
 * Tokens that AIC counts of a request, relative to its output length: an aggregated worker's first token is not
 * counted (`aic-engine.md` §7.4, §7.5). What a given demand leaves to serve is the same for both.
 */
export function weightOf(side: i32): f64 {
  if (side != Side.AGG || isFinite(setting.demand())) return 1.0;
  return (setting.osl() - 1.0) / setting.osl();
}

/** Sign of a − b, 0 within rounding. */
export function compare(a: f64, b: f64): i32 {
  if (abs(a - b) <= LAST_BITS * max(abs(a), abs(b))) return 0;
  return a > b ? 1 : -1;
}

/** What is maximised first: served tokens, or served tokens a watt. */
export function primary(value: f64, watts: f64): f64 {
  if (!setting.efficiency()) return value;
  return watts > 0.0 ? value / watts : 0.0;
}

/** Whether `a` is better than `b`. A demand is served with the fewest watts, the most throughput with the fewest GPUs. */
export function isBetter(a: Fleet, b: Fleet): bool {
  const first = compare(primary(a.value, a.watts), primary(b.value, b.watts));
  if (first != 0) return first > 0;
  const second = compare(a.value, b.value);
  if (second != 0) return second > 0;
  const wattsFirst = isFinite(setting.demand()) || setting.efficiency();
  if (wattsFirst && a.watts != b.watts) return a.watts < b.watts;
  if (a.gpus != b.gpus) return a.gpus < b.gpus;
  if (a.watts != b.watts) return a.watts < b.watts;
  return a.quality < b.quality;
}

/** Fills a fleet of `n` replicas of one kind. */
export function setSingle(fleet: Fleet, side: i32, index: i32, n: f64): void {
  const option = optionAt(side, index);
  fleet.side = side;
  fleet.first = index;
  fleet.second = -1;
  fleet.firstLayout = option.layout;
  fleet.secondLayout = -1;
  fleet.firstCount = n;
  fleet.secondCount = 0.0;
  fleet.capacity = n * option.rate;
  fleet.served = min(fleet.capacity, setting.demand());
  fleet.value = fleet.served * weightOf(side);
  fleet.gpus = n * option.gpus;
  fleet.watts = n * option.watts;
  fleet.quality = option.quality;
}

/** Fills a fleet of prefill and decode replicas. */
export function setPair(
  fleet: Fleet,
  first: i32,
  second: i32,
  n: f64,
  m: f64,
): void {
  const prefill: Option = optionAt(Side.PREFILL, first);
  const decode: Option = optionAt(Side.DECODE, second);
  fleet.side = Side.PREFILL;
  fleet.first = first;
  fleet.second = second;
  fleet.firstLayout = prefill.layout;
  fleet.secondLayout = decode.layout;
  fleet.firstCount = n;
  fleet.secondCount = m;
  fleet.capacity = min(n * prefill.rate, m * decode.rate);
  fleet.served = min(fleet.capacity, setting.demand());
  fleet.value = fleet.served;
  fleet.gpus = n * prefill.gpus + m * decode.gpus;
  fleet.watts = n * prefill.watts + m * decode.watts;
  fleet.quality = decode.quality;
}
