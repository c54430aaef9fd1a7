/** Aggregated serving (`aic-engine.md` §7.4). @module */

import { generationOnly, mixed, type Running } from "./compose.ts";

/** An agg question. */
export interface AggAsk {
  readonly batch: number;
  readonly ctx: number;
  readonly isl: number;
  readonly osl: number;
  readonly prefix: number;
}

/** What one replica delivers; tokens/s of all its pipelines and attention ranks. */
export interface AggValue {
  readonly ttftMs: number;
  readonly tpotMs: number;
  readonly requestMs: number;
  readonly tokensPerSecond: number;
  readonly watts: number;
}

/** §7.4. */
export function aggregated(
  running: Running,
  { batch: b, ctx: c, isl, osl, prefix }: AggAsk,
  { layers, pp, dp }: { layers: number; pp: number; dp: number },
): AggValue {
  const isVllm = running.bench.backend === "vllm";
  const fin = Math.ceil(isl * b / c);
  const it = osl;
  const counts = stepCounts({ b, c, isl, fin, it, isVllm });
  const { decodes, mixes, mixesInTpot, alone } = counts;
  const M = mixed(running, { ctx: c, gen: decodes, isl, osl, prefix });
  const G = alone > 0
    ? generationOnly(running, { gen: b, isl, osl })
    : { ms: 0, wms: 0 };
  const q = isVllm
    ? b <= 1 ? 1 : Math.min(1 + Math.log2(b) / 8, 2)
    : Math.min(2 + (fin - 3) / 20, 4);
  const ttftMs = (M.ms * Math.ceil(isl / c) + (isVllm ? 0.8 * layers : 0)) * q;
  const steps = mixesInTpot + alone;
  const tpotMs = steps === 0 ? 0 : (M.ms * mixesInTpot + G.ms * alone) / steps;
  const requestMs = ttftMs + tpotMs * (osl - 1);
  const total = mixes * M.ms + alone * G.ms;
  const rate = 1000 / total * b * (osl - 1);
  const capped = isVllm
    ? Math.min(rate, b * (osl - 1) * 1000 / requestMs)
    : rate;
  return {
    ...{ ttftMs, tpotMs, requestMs },
    tokensPerSecond: capped * pp * dp,
    watts: (mixes * M.wms + alone * G.wms) / total,
  };
}

function stepCounts(
  { b, c, isl, fin, it, isVllm }: {
    b: number;
    c: number;
    isl: number;
    fin: number;
    it: number;
    isVllm: boolean;
  },
) {
  if (b === 1) {
    return { decodes: 0, mixes: 1, mixesInTpot: 0, alone: Math.max(it - 1, 0) };
  }
  const left = Math.max(1, b - Math.ceil(c / isl));
  if (fin >= it) {
    const decodes = isVllm ? left : Math.max(1, floorDivide(b, fin / it));
    return { decodes, mixes: fin, mixesInTpot: fin, alone: 0 };
  }
  return {
    decodes: left,
    mixes: fin,
    mixesInTpot: isVllm ? fin : Math.max(1, fin - 3),
    alone: it - fin,
  };
}

/** Floor division of doubles: the exact quotient, floored; `Math.floor(a / b)` would round it first. */
function floorDivide(a: number, b: number): number {
  return Math.round((a - a % b) / b);
}
