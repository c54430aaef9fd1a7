/**
 * What a fleet search is asked, as numbers: the host writes them into one window before rows are added. Latency and rate
 * factors are AIC's corrections (`aic-engine.md` §7.4, §7.5) or 1; coefficients are at least 1 (R14's gates).
 */

import { allocate, f64At } from "../arrays";

/** Doubles in the window, in the order of `optimizer-wasm/search/setting.ts`. */
const SLOTS: i32 = 49;
const window = allocate(SLOTS * 8);

export function searchSetting(): usize {
  return window;
}

/** Targets, ms. */
export function ttftTarget(): f64 {
  return f64At(window, 0);
}
export function itlTarget(): f64 {
  return f64At(window, 1);
}

/** Requests: input tokens, output tokens, cached input tokens. */
export function isl(): f64 {
  return f64At(window, 2);
}
export function osl(): f64 {
  return f64At(window, 3);
}
export function prefix(): f64 {
  return f64At(window, 4);
}

/** Corrections: prefill latency, what a request waits in front of prefill, decode latency, rates of both sides. */
export function prefillLatencyFactor(): f64 {
  return f64At(window, 5);
}
export function ttftFactor(): f64 {
  return f64At(window, 6);
}
export function decodeLatencyFactor(): f64 {
  return f64At(window, 7);
}
export function prefillRateFactor(): f64 {
  return f64At(window, 8);
}
export function decodeRateFactor(): f64 {
  return f64At(window, 9);
}

/** Coefficients, at least 1: TTFT, ITL, and power of the side at hand. */
export function ttftCoefficient(): f64 {
  return f64At(window, 10);
}
export function itlCoefficient(): f64 {
  return f64At(window, 11);
}
/** @param side 0 prefill, 1 decode, 2 aggregated */
export function powerCoefficient(side: i32): f64 {
  return f64At(window, 12 + side);
}

/** How caps are chosen. */
export namespace Caps {
  /** Every GPU may draw what it draws; the charge is the own draw (R10). */
  export const OWN_DRAW: i32 = 0;
  /** Any whole-watt cap down to what R17 allows. */
  export const FREE: i32 = 1;
  /** No cap is set; the charge is the own draw. */
  export const NONE: i32 = 2;
  /** A given cap for each side. */
  export const FIXED: i32 = 3;
}
export function capMode(): i32 {
  return <i32> f64At(window, 15);
}
export function fixedCap(side: i32): f64 {
  return f64At(window, 16 + side);
}
/** Range of the SKU's cap and nameplate TDP, watts. */
export function minCap(): f64 {
  return f64At(window, 19);
}
export function maxCap(): f64 {
  return f64At(window, 20);
}
export function nameplate(): f64 {
  return f64At(window, 21);
}
/** Lowest cap ÷ own draw that is searched (R17). */
export function lowestRatio(side: i32): f64 {
  return f64At(window, 22 + side);
}

/** The power curve (`power-curves.md` §3): voltage floor and slope, clock step and lowest clock relative to the highest. */
export function voltageFloor(): f64 {
  return f64At(window, 25);
}
export function voltageSlope(): f64 {
  return f64At(window, 26);
}
export function clockStep(): f64 {
  return f64At(window, 27);
}
export function lowestClock(): f64 {
  return f64At(window, 28);
}
/** Lower ends of the bands of the declared error, by cap relative to the own draw. */
export const ERROR_EDGES: i32 = 3;
function edgeOf(band: i32): f64 {
  return band == 0 ? 0.8 : band == 1 ? 0.6 : 0.45;
}
/** Declared latency error at a cap relative to the own draw; 0 where it does not bind. */
export function declaredError(ratio: f64): f64 {
  if (ratio >= 1.0) return 0.0;
  let band = 0;
  while (band < ERROR_EDGES && ratio < edgeOf(band)) band++;
  return f64At(window, 29 + band);
}
/** Lowest whole-watt cap with the error of a band. */
export function lowestCapOfBand(band: i32, own: f64): f64 {
  const edge = edgeOf(band);
  let cap = Math.ceil(edge * own);
  while ((cap - 1.0) / own >= edge) cap -= 1.0;
  while (cap / own < edge) cap += 1.0;
  return cap;
}

/** The fleet: most GPUs, most watts, requests a second worth serving; infinite where there is no bound. */
export function mostGpus(): f64 {
  return f64At(window, 33);
}
export function mostWatts(): f64 {
  return f64At(window, 34);
}
export function demand(): f64 {
  return f64At(window, 35);
}
/** Tokens a second are weighed by watts. */
export function efficiency(): bool {
  return f64At(window, 36) != 0.0;
}
/** Draft tokens a step. */
export function drafts(): f64 {
  return f64At(window, 37);
}
/** Aggregated serving: vllm's scheduling rules; what it dispatches a step for, ms. */
export function isVllm(): bool {
  return f64At(window, 38) != 0.0;
}
export function dispatchMs(): f64 {
  return f64At(window, 39);
}
/** Fewest and most replicas of a side. */
export function floorOf(side: i32): f64 {
  return f64At(window, 40 + side);
}
export function ceilingOf(side: i32): f64 {
  return f64At(window, 43 + side);
}
/** Share of a phase's time that scales with the clock, where live points refined it; 0: operator by operator. */
export function prefillShare(): f64 {
  return f64At(window, 46);
}
export function decodeShare(): f64 {
  return f64At(window, 47);
}
/** Draw extrapolated to zero clock, P0, watts. */
export function staticWatts(): f64 {
  return f64At(window, 48);
}
