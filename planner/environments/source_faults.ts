/** A source that fails: what it says for what it would have said. Pure. @module */

import type { ActiveFaults, SourceSignal } from "../../simulator/mod.ts";
import type { LiveSignals, Observation } from "../core/mod.ts";

const ALL: readonly SourceSignal[] = [
  "requests",
  "ttft",
  "itl",
  "power_prefill",
  "power_decode",
  "capacity",
  "engines",
];

/** One signal changed in an observation. */
type Change = (observation: Observation, signal: SourceSignal) => Observation;

/** Applies the faults of a source that are on. */
export function withSourceFaults(
  faults: ActiveFaults,
  observation: Observation,
  { stale, name }: {
    /** What a source that lags would say. */
    readonly stale: Observation | undefined;
    readonly name: string;
  },
): Observation {
  let seen = observation;
  const each = (
    signals: readonly SourceSignal[] | undefined,
    change: Change,
  ) => {
    for (const signal of signals ?? ALL) seen = change(seen, signal);
  };
  if (stale) {
    for (const { signals } of faults.all("prometheus_stale")) {
      each(signals, (one, signal) => taken(one, stale, signal));
    }
  }
  for (const { signals, factor } of faults.all("prometheus_lies")) {
    each(signals, (one, signal) => scaled(one, signal, factor));
  }
  for (const { signals } of faults.all("prometheus_nan")) {
    each(signals, (one, signal) => scaled(one, signal, NaN));
  }
  for (const { signals } of faults.all("prometheus_down")) {
    each(signals, (one, signal) => taken(one, NOTHING, signal));
    seen = {
      ...seen,
      problems: [...(seen.problems ?? []), {
        kind: "unreachable",
        what: name,
        message: `No answer for ${(signals ?? ALL).join(", ")}.`,
      }],
    };
  }
  return seen;
}

/** Knows nothing. */
const NOTHING = {
  requests: undefined,
  islTokens: undefined,
  oslTokens: undefined,
} satisfies Partial<Observation>;

/** One signal of another observation. */
function taken(
  observation: Observation,
  other: Pick<Observation, "requests" | "islTokens" | "oslTokens" | "live">,
  signal: SourceSignal,
): Observation {
  if (signal === "requests") {
    const { requests, islTokens, oslTokens } = other;
    return { ...observation, requests, islTokens, oslTokens };
  }
  const { live } = observation;
  return live
    ? { ...observation, live: { ...live, ...partOf(other.live, signal) } }
    : observation;
}

function partOf(
  live: LiveSignals | undefined,
  signal: Exclude<SourceSignal, "requests">,
): Partial<LiveSignals> {
  switch (signal) {
    case "ttft":
      return {
        ttftMs: live?.ttftMs,
        requestDurationMs: live?.requestDurationMs,
      };
    case "itl":
      return { itlMs: live?.itlMs };
    case "capacity":
      return { tokensPerSecond: live?.tokensPerSecond };
    case "engines":
      return { engines: live?.engines };
    case "power_prefill":
    case "power_decode":
      // Power comes from one exporter: a side cannot be had without the other.
      return {
        drawWatts: live?.drawWatts ?? {},
        totalDrawWatts: live?.totalDrawWatts,
      };
  }
}

function scaled(
  observation: Observation,
  signal: SourceSignal,
  factor: number,
): Observation {
  const times = (value: number | undefined) =>
    value === undefined ? undefined : value * factor;
  if (signal === "requests") {
    const { requests } = observation;
    return {
      ...observation,
      requests: requests === undefined
        ? undefined
        : Math.round(requests * factor),
    };
  }
  const { live } = observation;
  if (!live) return observation;
  const change = (part: Partial<LiveSignals>): Observation => ({
    ...observation,
    live: { ...live, ...part },
  });
  switch (signal) {
    case "ttft":
      return change({ ttftMs: times(live.ttftMs) });
    case "itl":
      return change({ itlMs: times(live.itlMs) });
    case "capacity":
      return change({ tokensPerSecond: times(live.tokensPerSecond) });
    case "engines":
      return observation;
    case "power_prefill":
      return change({
        drawWatts: { ...live.drawWatts, ...draw("prefill", live, factor) },
      });
    case "power_decode":
      return change({
        drawWatts: { ...live.drawWatts, ...draw("decode", live, factor) },
      });
  }
}

function draw(
  side: "prefill" | "decode",
  live: LiveSignals,
  factor: number,
) {
  const watts = live.drawWatts?.[side];
  return watts === undefined ? {} : { [side]: watts * factor };
}
