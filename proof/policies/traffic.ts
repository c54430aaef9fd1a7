/** Traffic of a comparison: the same requests for every policy, as a rate or one by one. @module */

import {
  type Arrivals,
  dayOfTraffic,
  type RequestStream,
  type RequestTrace,
  seededRandom,
  TraceStream,
  WindowedStream,
} from "../../simulator/mod.ts";
import { unrolled } from "./unrolled.ts";

/** Where requests come from. Times are seconds of the run. */
export interface Traffic {
  /** For people: `a made-up day, 46 requests/s in its busiest hour`. */
  readonly name: string;
  /** Rate and mean lengths over the step that ends then. */
  readonly arrivals: (atSeconds: number) => Arrivals;
  /** The same, request by request, from its beginning. */
  readonly stream: () => RequestStream;
  /** Block numbers of the stream are below this. */
  readonly blockCount: number;
}

/** The built-in day. */
export const DAY_SECONDS = 86_400;
const WINDOW_SECONDS = 60;
/** Requests one by one have their own randomness: windows are the same in both resolutions. */
const STREAM_SEED = 0x51ed270b;

/** The built-in day, Poisson within its minutes. */
export function builtInDay(
  { seed, peakRequestsPerSecond }: {
    readonly seed: number;
    readonly peakRequestsPerSecond: number;
  },
): Traffic {
  const windows = dayOfTraffic({
    seed,
    windowSeconds: WINDOW_SECONDS,
    peakRequestsPerSecond,
  }).slice(1);
  const course = (atSeconds: number): Arrivals => {
    const second = atSeconds % DAY_SECONDS;
    const window = windows[Math.floor(second / WINDOW_SECONDS)];
    return {
      requestsPerSecond: (window?.requests ?? 0) / WINDOW_SECONDS,
      islTokens: window?.islTokens ?? 1,
      oslTokens: window?.oslTokens ?? 1,
    };
  };
  return {
    name: `a made-up day, ${
      peakRequestsPerSecond.toFixed(1)
    } requests/s in its busiest hour`,
    // A step that ends with a window belongs to it.
    arrivals: (atSeconds) => course(Math.max(0, atSeconds - 1e-6)),
    stream: () =>
      new WindowedStream({
        random: seededRandom(seed ^ STREAM_SEED),
        windowSeconds: WINDOW_SECONDS,
        course,
      }),
    blockCount: 0,
  };
}

/** A trace, so many times faster, so many copies of it at once, over and over until the time is up. */
export function traceTraffic(
  { name, trace, speed, copies, seconds, stepSeconds }: {
    readonly name: string;
    readonly trace: RequestTrace;
    readonly speed: number;
    readonly copies: number;
    /** How long it has to last. */
    readonly seconds: number;
    /** Length of the world's steps. */
    readonly stepSeconds: number;
  },
): Traffic {
  const perSecond = trace.atMs.length / trace.lengthMs * 1000 * speed * copies;
  const whole = unrolled(trace, { copies, lengthMs: seconds * 1000 * speed });
  return {
    name: `${name}${
      copies === 1 ? "" : `, ${copies} copies at once`
    }, ${speed} times as fast: ${perSecond.toFixed(1)} requests/s in the mean`,
    arrivals: meanOver(whole, speed, stepSeconds),
    stream: () => new TraceStream(whole, speed),
    blockCount: whole.blockCount,
  };
}

/** Requests and lengths of the step that ends at a time. */
function meanOver(trace: RequestTrace, speed: number, stepSeconds: number) {
  const { atMs, lengthMs } = trace;
  const isl = sumsOf(trace.islTokens);
  const osl = sumsOf(trace.oslTokens);
  const count = atMs.length;
  /** Requests before a time of the trace's own, rounds included. */
  const before = (ownMs: number) => {
    const round = Math.floor(ownMs / lengthMs);
    const within = ownMs - round * lengthMs;
    let [low, high] = [0, count];
    while (low < high) {
      const middle = low + high >> 1;
      if (atMs[middle]! < within) low = middle + 1;
      else high = middle;
    }
    return { round, index: low };
  };
  const upTo = (
    sums: Float64Array,
    { round, index }: ReturnType<typeof before>,
  ) => round * sums[count]! + sums[index]!;
  const usual = {
    islTokens: isl[count]! / count,
    oslTokens: osl[count]! / count,
  };
  return (atSeconds: number): Arrivals => {
    const from = before(Math.max(0, atSeconds - stepSeconds) * 1000 * speed);
    const until = before(atSeconds * 1000 * speed);
    const requests = (until.round - from.round) * count + until.index -
      from.index;
    if (requests <= 0) return { requestsPerSecond: 0, ...usual };
    return {
      requestsPerSecond: requests / Math.min(stepSeconds, atSeconds),
      islTokens: (upTo(isl, until) - upTo(isl, from)) / requests,
      oslTokens: (upTo(osl, until) - upTo(osl, from)) / requests,
    };
  };
}

function sumsOf(values: Int32Array): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let index = 0; index < values.length; index++) {
    sums[index + 1] = sums[index]! + values[index]!;
  }
  return sums;
}
