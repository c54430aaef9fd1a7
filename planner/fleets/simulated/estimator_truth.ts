/** The truth of simulated engines: the estimators of the performance model, and its power curve (R17). @module */

import {
  type Estimator,
  phaseAtCap,
  powerCurveOf,
} from "../../../optimizer-wasm/portable.ts";
import type {
  EngineTruth,
  SimulatedSide,
  TrueWork,
} from "../../../simulator/mod.ts";
import type { PerSide } from "../../core/mod.ts";

/** Lengths are asked in steps of this many tokens, so that a day of traffic needs few answers. */
const TOKEN_STEP = 64;
const MOST_REMEMBERED = 4_096;
const MOST_BATCH = 512;
/** Prompts are shorter than this. */
const MOST_TOKENS = 1_048_576;
/** Share of a step that scales with the clock, by kind of work (`power-curves.md` §3). */
const COMPUTE_SHARE: Readonly<Record<SimulatedSide, number>> = {
  prefill: 0.9,
  decode: 0.7,
  agg: 0.8,
};
/** Slower than this nothing runs: a limit below what the curve reaches. */
const SLOWEST = 20;

/** Truth without secrets; put hidden coefficients on it with `withSecret`. */
export function estimatorTruth(
  estimators: PerSide<Estimator>,
  idleWatts: number,
): EngineTruth {
  const prefillEngine = estimators.prefill ?? estimators.agg;
  const decodeEngine = estimators.decode ?? estimators.agg;
  const any = decodeEngine ?? prefillEngine;
  if (!any) throw new Error("A truth needs an estimator.");
  const curve = powerCurveOf(any.system);
  const prefills = remembered((isl: number): TrueWork => {
    const engine = prefillEngine ?? any;
    const { latencyMs, powerWatts } = engine.prefill({ batchSize: 1, isl });
    return { milliseconds: latencyMs, watts: powerWatts };
  });
  const cachedPrefills = remembered((key: number): TrueWork => {
    const engine = prefillEngine ?? any;
    const { latencyMs, powerWatts } = engine.prefill({
      batchSize: 1,
      isl: key % MOST_TOKENS,
      prefix: Math.floor(key / MOST_TOKENS),
    });
    return { milliseconds: latencyMs, watts: powerWatts };
  });
  const steps = remembered((key: number): TrueWork => {
    const engine = decodeEngine ?? any;
    const { latencyMs, powerWatts } = engine.decodeStep({
      batchSize: key % 1_000,
      kvLength: Math.floor(key / 1_000),
    });
    return { milliseconds: latencyMs, watts: powerWatts };
  });
  const most = remembered((kvTokens: number): number => {
    const engine = decodeEngine ?? any;
    const fits = (batchSize: number) =>
      engine.memory("static_gen", { batchSize, isl: kvTokens, osl: 2 }).fits;
    let [low, high] = [1, MOST_BATCH];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (fits(middle)) low = middle;
      else high = middle - 1;
    }
    return low;
  });
  const usual = 4_096;
  // Every GPU sends its own share of the cache over the network between nodes.
  const handOverMs = any.memory("static_ctx", {
    batchSize: 1,
    isl: usual,
    osl: 1,
  }).kvBytes / usual / any.system.interNodeBytesPerSecond * 1000;
  return {
    prefill: (islTokens) => prefills(stepped(islTokens)),
    prefillCached: (islTokens, cachedTokens) => {
      const cached = stepped(cachedTokens);
      const isl = cached + stepped(islTokens - cachedTokens);
      return cachedPrefills(cached * MOST_TOKENS + isl);
    },
    handOverMs: (islTokens) => islTokens * handOverMs,
    decodeStep: (batchSize, kvTokens) => {
      const batch = Math.min(MOST_BATCH, Math.max(1, batchSize));
      return steps(stepped(kvTokens) * 1_000 + batch);
    },
    slowdown: (limitWatts, wantedWatts, side) => {
      const share = COMPUTE_SHARE[side];
      // One millisecond of work, so that its latency at the cap is the slowdown.
      return phaseAtCap(
        {
          totalMs: 1,
          clockMs: share,
          energyWms: wantedWatts,
          clockEnergyWms: share * wantedWatts,
        },
        curve,
        limitWatts,
      )?.latencyMs ?? SLOWEST;
    },
    mostRequests: (kvTokens) => most(stepped(kvTokens)),
    kvCapacityTokens: most(usual) * usual,
    idleWatts,
  };
}

function stepped(tokens: number): number {
  return Math.max(TOKEN_STEP, Math.round(tokens / TOKEN_STEP) * TOKEN_STEP);
}

/** Remembers answers, the oldest forgotten first. */
function remembered<Value>(
  ask: (key: number) => Value,
): (key: number) => Value {
  const known = new Map<number, Value>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const value = ask(key);
    if (known.size >= MOST_REMEMBERED) {
      const oldest = known.keys().next();
      if (!oldest.done) known.delete(oldest.value);
    }
    known.set(key, value);
    return value;
  };
}
