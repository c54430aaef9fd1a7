/**
 * From rows to options: every cap that a row may have, kept where it is the best of its layout. Caps are whole watts, so
 * a layout has one place for each; of two options of a layout the one that has no less rate for no more watts makes the
 * other one useless in any fleet, because as many replicas of it use as many GPUs.
 */

import * as agg from "../agg";
import { allocate } from "../arrays";
import {
  copyOption,
  makeRoom,
  MOST_OPTIONS,
  Option,
  OPTION_BYTES,
  optionAt,
  optionCount,
  setOptionCount,
  Side,
} from "./option";
import {
  clock,
  CLOCK_ROOM,
  draw,
  drawGeneration,
  error,
  lowestMeasuredCap,
  runAsMeasured,
  runAtCap,
  runAtClocks,
  runUncapped,
  slow,
  slowGeneration,
} from "./operating";
import { PhasePower } from "./phase_power";
import {
  generationOf,
  makePower,
  phaseOf,
  Row,
  rowAt,
  rowsNow,
} from "./row";
import * as setting from "./setting";

/** Whole watts that have a place; no GPU or module takes more. */
const MOST_WATTS: i32 = 4096;
const places = allocate(<usize> MOST_WATTS * OPTION_BYTES);
/** Whether a place is taken, by the layout at hand. */
const taken = allocate(<usize> MOST_WATTS);
let lowestTaken: i32 = MOST_WATTS;
let highestTaken: i32 = -1;

const candidate: Option = changetype<Option>(allocate(OPTION_BYTES));
/** The second phase of a worker that has one alone. */
const none: PhasePower = changetype<PhasePower>(
  allocate(offsetof<PhasePower>()),
);
/** Options looked at, for the count of candidates. */
let looked: f64 = 0.0;

export function candidatesLooked(): f64 {
  return looked;
}

/**
 * Makes the options of all rows; rows stand layout by layout.
 * @param only the one side whose options are wanted; negative: all
 * @returns false when a table is full
 */
export function expand(only: i32): bool {
  makeRoom();
  looked = 0.0;
  for (let side = 0; side < 3; side++) setOptionCount(side, 0);
  const count = rowsNow();
  let first: Row = rowAt(0);
  for (let i = 0; i < count; i++) {
    const row = rowAt(i);
    if (only >= 0 && row.side != only) continue;
    if (row.layout != first.layout || row.side != first.side) {
      if (!closeLayout(first.side)) return false;
      first = row;
    }
    expandRow(row);
  }
  return count == 0 || closeLayout(first.side);
}

/** Keeps what no cheaper option of the layout beats: rates rise with watts. */
function closeLayout(side: i32): bool {
  let best = 0.0;
  let count = optionCount(side);
  for (let watts = lowestTaken; watts <= highestTaken; watts++) {
    if (load<u8>(taken + <usize> watts) == 0) continue;
    store<u8>(taken + <usize> watts, 0);
    const option = placeOf(watts);
    if (option.rate <= best) continue;
    best = option.rate;
    if (count >= MOST_OPTIONS) return false;
    copyOption(optionAt(side, count), option);
    count++;
  }
  setOptionCount(side, count);
  lowestTaken = MOST_WATTS;
  highestTaken = -1;
  return true;
}

function placeOf(watts: i32): Option {
  return changetype<Option>(places + <usize> watts * OPTION_BYTES);
}

function expandRow(row: Row): void {
  if (!measure(row, 1.0, 1.0)) return;
  const mode = setting.capMode();
  const side = row.side;
  makePower(row);
  const phase = phaseOf(row);
  const generation = generationOf(row);
  const coefficient = setting.powerCoefficient(side);
  const own = ownCap(phase, generation, coefficient);
  if (mode == setting.Caps.FIXED) {
    const cap = givenCap(setting.fixedCap(side), own);
    if (runAtCap(row, phase, generation, own, cap)) {
      offer(row, phase, generation, cap);
    }
    return;
  }
  runUncapped(phase, generation);
  offer(row, phase, generation, own);
  if (mode != setting.Caps.FREE) return;
  if (row.limitCount > 0) {
    freeCapsAsMeasured(row, phase, generation, own);
    return;
  }
  const lowest = Math.ceil(
    max(setting.minCap(), own * setting.lowestRatio(side)),
  );
  if (side == Side.AGG) freeCapsOfTwo(row, phase, generation, own, lowest);
  else freeCaps(row, phase, own, lowest);
}

/**
 * The cap that costs nothing (R10, R11): the own draw at the upper end of its interval, corrected, in whole watts, within
 * the SKU's range. What cannot be is taken as the TDP. A cap bounds the average over tens of milliseconds, so of an
 * aggregated worker's two kinds of step the hungrier one decides.
 */
export function ownCap(phase: PhasePower, generation: PhasePower, c: f64): f64 {
  const draw = max(
    physical(phase.drawHigh(1.0)),
    generation.ms > 0.0 ? physical(generation.drawHigh(1.0)) : 0.0,
  );
  const cap = Math.ceil(draw * c);
  return min(max(cap, setting.minCap()), setting.maxCap());
}

function physical(draw: f64): f64 {
  const most = setting.nameplate();
  return draw > 1.1 * most || !(draw > 0.0) ? most : draw;
}

/**
 * Every clock step below the uncapped one, at the lowest cap that keeps it; and where the declared error falls while the
 * clock stays, at the lowest cap with the smaller error.
 */
function freeCaps(row: Row, phase: PhasePower, own: f64, lowest: f64): void {
  const step = setting.clockStep();
  const c = setting.powerCoefficient(row.side);
  const end = setting.lowestClock() - CLOCK_ROOM;
  /** The lowest cap of the clocks above. */
  let above = own;
  for (let k = Math.ceil(1.0 / step) - 1.0; k * step >= end; k -= 1.0) {
    const at = k * step;
    const wanted = phase.capFor(at, c);
    if (wanted >= above) continue;
    const cap = max(wanted, lowest);
    if (cap >= own) return;
    runAtClocks(phase, phase, at, at, cap / own);
    offer(row, phase, phase, cap);
    for (let band = 0; band < setting.ERROR_EDGES; band++) {
      const edge = setting.lowestCapOfBand(band, own);
      if (edge > cap && edge < above) {
        runAtClocks(phase, phase, at, at, edge / own);
        offer(row, phase, phase, edge);
      }
    }
    above = cap;
    if (wanted <= lowest) return;
  }
}

/** Every whole watt between the own draw and the lowest limit that the row was measured at. */
function freeCapsAsMeasured(
  row: Row,
  phase: PhasePower,
  generation: PhasePower,
  own: f64,
): void {
  const lowest = max(Math.ceil(setting.minCap()), lowestMeasuredCap(row));
  for (let cap = own - 1.0; cap >= lowest; cap -= 1.0) {
    runAsMeasured(row, phase, generation, own, cap);
    offer(row, phase, generation, cap);
  }
}

/**
 * Both kinds of step of an aggregated worker find their own clock under one cap; of the caps with the same two clocks
 * and the same declared error the lowest is taken.
 */
function freeCapsOfTwo(
  row: Row,
  phase: PhasePower,
  generation: PhasePower,
  own: f64,
  lowest: f64,
): void {
  const step = setting.clockStep();
  const c = setting.powerCoefficient(row.side);
  const end = setting.lowestClock() - CLOCK_ROOM;
  let mixed = Math.ceil(1.0 / step);
  let decode = mixed;
  let heldMixed = 0.0, heldDecode = 0.0, heldError = 0.0, heldCap = own;
  for (let cap = own - 1.0; cap >= lowest; cap -= 1.0) {
    while (mixed * step >= end && !holds(phase, mixed * step, cap, c)) {
      mixed -= 1.0;
    }
    while (decode * step >= end && !holds(generation, decode * step, cap, c)) {
      decode -= 1.0;
    }
    if (mixed * step < end || decode * step < end) break;
    const error = setting.declaredError(cap / own);
    if (
      heldCap < own &&
      (mixed != heldMixed || decode != heldDecode || error != heldError)
    ) {
      offerTwo(row, phase, generation, own, heldCap, heldMixed, heldDecode);
    }
    heldMixed = mixed;
    heldDecode = decode;
    heldError = error;
    heldCap = cap;
  }
  if (heldCap < own) {
    offerTwo(row, phase, generation, own, heldCap, heldMixed, heldDecode);
  }
}

function offerTwo(
  row: Row,
  phase: PhasePower,
  generation: PhasePower,
  own: f64,
  cap: f64,
  mixed: f64,
  decode: f64,
): void {
  const step = setting.clockStep();
  const at = min(mixed * step, 1.0);
  runAtClocks(phase, generation, at, min(decode * step, 1.0), cap / own);
  offer(row, phase, generation, cap);
}

/** Whether a step at `clock` keeps a cap; above the last clock step it runs uncapped. */
function holds(phase: PhasePower, clock: f64, cap: f64, c: f64): bool {
  if (!(phase.ms > 0.0)) return true;
  if (clock >= 1.0) return cap >= phase.drawHigh(1.0) * c;
  return phase.keeps(clock, cap, c);
}

/** A given cap within the SKU's range, or the own draw where none is given. */
export function givenCap(given: f64, own: f64): f64 {
  return isFinite(given)
    ? min(max(given, setting.minCap()), setting.maxCap())
    : own;
}

/** Latencies and rate of a row whose steps take so many times as long: set by `measure`. */
export let ttftMs: f64 = 0.0;
export let itlMs: f64 = 0.0;
let rate: f64 = 0.0;

/**
 * Sets corrected latencies and the rate of a row.
 * @param slow, slowGeneration time of its steps ÷ uncapped time
 * @returns whether the targets are met
 */
export function measure(row: Row, slow: f64, slowGeneration: f64): bool {
  const batch = <f64> row.batch;
  const cTtft = setting.ttftCoefficient();
  const cItl = setting.itlCoefficient();
  if (row.side == Side.PREFILL) {
    const pass = row.ms * slow * setting.prefillLatencyFactor() * cTtft;
    ttftMs = pass * setting.ttftFactor();
    itlMs = 0.0;
    rate = batch * row.ranks * 1000.0 / pass * setting.prefillRateFactor();
  } else if (row.side == Side.DECODE) {
    const phase = row.ms * slow * setting.decodeLatencyFactor() * cItl;
    ttftMs = 0.0;
    itlMs = phase / (setting.osl() - 1.0);
    rate = batch * row.ranks * 1000.0 / phase * setting.decodeRateFactor();
  } else {
    const osl = setting.osl();
    const vllm = setting.isVllm();
    agg.schedule(batch, row.contextTokens, setting.isl(), osl, vllm);
    agg.serve(
      batch,
      row.contextTokens,
      setting.isl(),
      osl,
      vllm,
      setting.dispatchMs(),
      setting.ttftFactor() != 1.0,
      row.ms * slow,
      row.generationMs * slowGeneration,
    );
    ttftMs = agg.ttftMs * cTtft;
    itlMs = agg.tpotMs * cItl;
    rate = agg.tokensPerSecond / (osl - 1.0) * row.ranks / cItl;
  }
  rate = min(rate, row.mostRate);
  return ttftMs <= setting.ttftTarget() && itlMs <= setting.itlTarget();
}

/**
 * Makes the candidate of a row that runs as was set last; false when a target is missed at the pessimistic end of the
 * declared error (R17).
 */
function propose(
  row: Row,
  phase: PhasePower,
  generation: PhasePower,
  cap: f64,
): bool {
  if (!measure(row, slow, slowGeneration)) return false;
  if (
    ttftMs * (1.0 + error) > setting.ttftTarget() ||
    itlMs * (1.0 + error) > setting.itlTarget()
  ) return false;
  const isAgg = row.side == Side.AGG;
  candidate.capWatts = cap;
  candidate.gpus = row.gpus;
  candidate.watts = cap * row.gpus;
  candidate.rate = rate;
  candidate.ttftMs = ttftMs;
  candidate.itlMs = itlMs;
  candidate.predictedWatts = isAgg
    ? max(phase.draw(1.0), generation.draw(1.0))
    : phase.draw(1.0);
  candidate.drawWatts = isAgg ? max(draw, drawGeneration) : draw;
  candidate.clock = clock;
  candidate.error = error;
  candidate.contextTokens = row.contextTokens;
  const all = phase.ms + (isAgg ? generation.ms : 0.0);
  const other = isAgg ? generation : none;
  candidate.measured = (phase.measuredMs + other.measuredMs) / all;
  candidate.borrowed = (phase.borrowedMs + other.borrowedMs) / all;
  candidate.modelled = (phase.modelledMs + other.modelledMs) / all;
  candidate.batch = row.batch;
  candidate.layout = row.layout;
  candidate.flags = row.flags;
  candidate.gpusPerRate = row.gpus / rate;
  candidate.wattsPerRate = candidate.watts / rate;
  return true;
}

/** Takes a row as it runs under a cap into its place, when it meets the targets and is the best there. */
function offer(
  row: Row,
  phase: PhasePower,
  generation: PhasePower,
  cap: f64,
): void {
  looked += 1.0;
  const watts = <i32> cap;
  if (watts >= MOST_WATTS) return;
  if (!propose(row, phase, generation, cap)) return;
  const place = placeOf(watts);
  if (load<u8>(taken + <usize> watts) != 0) {
    if (candidate.rate < place.rate) return;
    if (
      candidate.rate == place.rate && candidate.quality >= place.quality
    ) return;
  } else {
    store<u8>(taken + <usize> watts, 1);
    lowestTaken = min(lowestTaken, watts);
    highestTaken = max(highestTaken, watts);
  }
  copyOption(place, candidate);
}

/**
 * Among the rows of an option's layout under the same cap, the one whose latency is lowest and whose rate is still
 * enough: what the other side cannot use is worth less than a better answer to each user.
 */
export function refine(
  side: i32,
  option: Option,
  replicas: f64,
  served: f64,
): void {
  const count = rowsNow();
  const mode = setting.capMode();
  for (let i = 0; i < count; i++) {
    const row = rowAt(i);
    if (row.side != side || row.layout != option.layout) continue;
    if (!measure(row, 1.0, 1.0)) continue;
    makePower(row);
    const phase = phaseOf(row);
    const generation = generationOf(row);
    const own = ownCap(phase, generation, setting.powerCoefficient(side));
    const cap = option.capWatts;
    if (mode == setting.Caps.FREE) {
      const lowest = row.limitCount > 0
        ? lowestMeasuredCap(row)
        : Math.ceil(own * setting.lowestRatio(side));
      if (cap > own || (cap < lowest && cap < own)) continue;
    } else if (mode != setting.Caps.FIXED && cap != own) continue;
    if (!runAtCap(row, phase, generation, own, cap)) continue;
    if (!propose(row, phase, generation, cap)) continue;
    if (candidate.rate * replicas < served) continue;
    if (candidate.quality >= option.quality) continue;
    copyOption(option, candidate);
  }
}
