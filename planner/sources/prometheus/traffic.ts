/** Traffic and latencies of a window from a collection. @module */

import type { Collection } from "./collection.ts";
import { meanOf, sumOf } from "./collection.ts";
import type { PrometheusDeployment } from "./deployment.ts";
import {
  ageQuery,
  meanQuery,
  reachQuery,
  requestsQuery,
  samplesQuery,
  trafficMetrics,
  trafficSelector,
  usualSamplesQuery,
} from "./queries.ts";

/** What the traffic metrics say. */
export interface Traffic {
  readonly requests: number | undefined;
  readonly islTokens: number | undefined;
  readonly oslTokens: number | undefined;
  readonly ttftMs: number | undefined;
  readonly itlMs: number | undefined;
  readonly requestDurationMs: number | undefined;
  readonly tokensPerSecond: number | undefined;
}

/** How often targets are scraped, and how far a window is looked into for gaps. */
export interface ScrapeTiming {
  /** Absent: seen from the samples of the last hour. */
  readonly intervalSeconds: number | undefined;
}

/** Fewer samples than this share of the expected ones, and `increase` cannot be trusted (P82). */
const LEAST_COVERAGE = 0.6;
/** A window of fewer scrapes says nothing about gaps. */
const FEWEST_SCRAPES = 3;
/** Part of the window that the series must reach back over. */
const LEAST_REACH = 0.6;
/** Scrapes that may be missed before a series is stale. */
const STALE_AFTER_SCRAPES = 4;

/** Asks for the traffic of the last `seconds`. */
export async function readTraffic(
  collection: Collection,
  deployment: PrometheusDeployment,
  { seconds, scrape }: {
    readonly seconds: number;
    readonly scrape: ScrapeTiming;
  },
): Promise<Traffic> {
  const metrics = trafficMetrics(deployment);
  const series = trafficSelector(deployment);
  const mean = (what: string, metric: string) =>
    readMean(collection, what, meanQuery(metric, series, seconds));
  const [counted, isl, osl, ttft, itl, duration, tokens] = await Promise.all([
    countRequests(collection, deployment, { seconds, scrape }),
    mean("input tokens", metrics.isl),
    mean("output tokens", metrics.osl),
    mean("TTFT", metrics.ttft),
    mean("ITL", metrics.itl),
    mean("request duration", metrics.duration),
    collection.finite(
      "output tokens",
      requestsQuery(`${metrics.osl}_sum`, series, seconds),
    ),
  ]);
  const required = { "input tokens": isl, "output tokens": osl };
  // Without requests every mean is 0 ÷ 0, and that is no fault (P78).
  if (counted !== undefined && counted > 0) {
    for (
      const [what, { notANumber }] of Object.entries({
        ...required,
        TTFT: ttft,
        ITL: itl,
      })
    ) {
      if (!notANumber) continue;
      collection.tell(
        "not_a_number",
        what,
        `The mean of ${what} is no number although there were requests.`,
      );
    }
  }
  const trusted = counted !== undefined;
  const seconds1000 = (value: number | undefined) =>
    value === undefined ? undefined : value * 1000;
  return {
    requests: counted,
    islTokens: trusted ? isl.value : undefined,
    oslTokens: trusted ? osl.value : undefined,
    ttftMs: trusted ? seconds1000(ttft.value) : undefined,
    itlMs: trusted ? seconds1000(itl.value) : undefined,
    requestDurationMs: trusted ? seconds1000(duration.value) : undefined,
    tokensPerSecond: trusted && tokens && tokens.values.length > 0
      ? sumOf(tokens.values) / seconds
      : undefined,
  };
}

interface Mean {
  readonly value: number | undefined;
  /** There were series, and none had a number. */
  readonly notANumber: boolean;
}

/** Several matching series are averaged; those without a number are left out (P72). */
async function readMean(
  collection: Collection,
  what: string,
  promql: string,
): Promise<Mean> {
  const found = await collection.finite(what, promql);
  const value = meanOf(found?.values.filter((one) => one >= 0) ?? []);
  return {
    value,
    notANumber: found !== undefined && value === undefined &&
      found.otherwise > 0,
  };
}

/** Requests of the window; undefined is unknown demand, never none (P73). */
async function countRequests(
  collection: Collection,
  deployment: PrometheusDeployment,
  { seconds, scrape }: {
    readonly seconds: number;
    readonly scrape: ScrapeTiming;
  },
): Promise<number | undefined> {
  const series = trafficSelector(deployment);
  for (const metric of trafficMetrics(deployment).requests) {
    const ask = (promql: string) => collection.finite("requests", promql);
    const [found, age, reach, samples, usual] = await Promise.all([
      ask(requestsQuery(metric, series, seconds)),
      ask(ageQuery(metric, series)),
      ask(reachQuery(metric, series, seconds)),
      ask(samplesQuery(metric, series, seconds)),
      ask(usualSamplesQuery(metric, series, seconds)),
    ]);
    if (!found || !age || !reach || !samples || !usual) return undefined;
    if (found.values.length === 0 && found.otherwise === 0) {
      // A first scrape is there and has no increase yet: the metric exists, its window does not.
      if (age.values.length === 0) continue;
      collection.tell(
        "partial",
        "requests",
        `${metric} was not scraped twice within ${seconds} s.`,
      );
      return undefined;
    }
    if (found.values.length === 0) {
      collection.tell("not_a_number", "requests", `${metric} is no number.`);
      return undefined;
    }
    const trouble = gapIn({ seconds, scrape }, {
      ageSeconds: age.values[0],
      reachSeconds: reach.values[0],
      samples: samples.values[0],
      usualSamples: usual.values[0],
    });
    if (trouble) {
      collection.tell(
        trouble.kind,
        "requests",
        `${metric}: ${trouble.message}`,
      );
      return undefined;
    }
    return sumOf(found.values.filter((value) => value >= 0));
  }
  collection.tell(
    "partial",
    "requests",
    `No request counter of ${deployment.source} matches ${series}: demand is unknown.`,
  );
  return undefined;
}

/** What is known of the scrapes of a window. */
interface Scrapes {
  readonly ageSeconds: number | undefined;
  readonly reachSeconds: number | undefined;
  readonly samples: number | undefined;
  readonly usualSamples: number | undefined;
}

/** Why the counter's increase cannot be trusted. */
function gapIn(
  { seconds, scrape }: {
    readonly seconds: number;
    readonly scrape: ScrapeTiming;
  },
  { ageSeconds, reachSeconds, samples, usualSamples }: Scrapes,
):
  | { readonly kind: "stale" | "partial"; readonly message: string }
  | undefined {
  if (ageSeconds === undefined) {
    return { kind: "stale", message: "the series ended within the window." };
  }
  const expected = scrape.intervalSeconds === undefined
    ? usualSamples ?? 0
    : seconds / scrape.intervalSeconds;
  if (
    expected > 0 && ageSeconds > STALE_AFTER_SCRAPES * seconds / expected
  ) {
    return {
      kind: "stale",
      message: `the newest sample is ${Math.round(ageSeconds)} s old.`,
    };
  }
  if (reachSeconds !== undefined && reachSeconds < LEAST_REACH * seconds) {
    return {
      kind: "partial",
      message: `it began ${Math.round(reachSeconds)} s ago, within the window.`,
    };
  }
  if (expected < FEWEST_SCRAPES || samples === undefined) return undefined;
  return samples < LEAST_COVERAGE * expected
    ? {
      kind: "partial",
      message: `${samples} of about ${
        Math.round(expected)
      } scrapes are there, fewer than 60 %.`,
    }
    : undefined;
}
