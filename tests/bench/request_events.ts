/** Speed of the request-level engines: events a second of a fleet of 64 GPUs, and what they leave for the collector. @module */

import {
  PoissonStream,
  type Replica,
  RequestEngines,
  seededRandom,
} from "../../simulator/mod.ts";

/** A truth of plain formulas, so that the engines alone are measured; tables ask it once for each place anyway. */
const TRUTH = {
  prefill: (islTokens: number) => ({
    milliseconds: islTokens * 0.1,
    watts: 650,
  }),
  decodeStep: (batchSize: number, kvTokens: number) => ({
    milliseconds: 12 + 0.02 * batchSize + batchSize * kvTokens * 2e-6,
    watts: 450,
  }),
  slowdown: (limitWatts: number, wantedWatts: number) =>
    limitWatts >= wantedWatts ? 1 : (1 + wantedWatts / limitWatts) / 2,
  mostRequests: () => 200,
  kvCapacityTokens: 700_000,
  idleWatts: 110,
};

const SECONDS = 7_200;
const WARM_SECONDS = 600;

const replicas: Replica[] = [
  ...Array.from({ length: 20 }, (_, i): Replica => ({
    name: `prefill-${i}`,
    side: "prefill",
    limitWatts: 500,
    serving: true,
  })),
  ...Array.from({ length: 12 }, (_, i): Replica => ({
    name: `decode-${i}`,
    side: "decode",
    limitWatts: 400,
    serving: true,
  })),
];
const engines = new RequestEngines({
  truth: TRUTH,
  stream: new PoissonStream(seededRandom(1)),
  targets: { ttftMs: 1_000, itlMs: 30 },
});
const arrivals = { requestsPerSecond: 50, islTokens: 3_000, oslTokens: 250 };
for (let second = 0; second < WARM_SECONDS; second++) {
  engines.step(1, arrivals, replicas);
}
const from = engines.events;
const heapFrom = Deno.memoryUsage().heapUsed;
const started = performance.now();
let tokens = 0;
for (let second = 0; second < SECONDS; second++) {
  tokens += engines.step(1, arrivals, replicas).decodedTokens;
}
const seconds = (performance.now() - started) / 1000;
const events = engines.events - from;
const grown = (Deno.memoryUsage().heapUsed - heapFrom) / 2 ** 20;
const text = (value: number) =>
  value.toLocaleString("en", {
    maximumFractionDigits: 0,
  });
console.log(
  `Request-level engines, 64 GPUs, 50 requests/s, ${SECONDS / 3600} h:
  ${text(events)} events (arrivals, hand-overs, ends of steps) in ${
    seconds.toFixed(2)
  } s: ${text(events / seconds)} a second, wanted 1,000,000
  ${text(tokens / seconds)} tokens a second, ${
    text(SECONDS / seconds)
  } times real time; heap ${grown.toFixed(1)} MiB larger`,
);
