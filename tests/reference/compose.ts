/** From operators to passes and whole runs (`aic-engine.md` §7.1–§7.3). @module */

import type { Bench } from "./bench.ts";
import type { Operator, Pass } from "./operator.ts";
import type { Value } from "./interpolate.ts";
import { Refusal } from "./refusal.ts";

/** One operator's share of a pass. */
export interface Share extends Value {
  readonly name: string;
}

/** A pass: its sum, and its shares folded by name. */
export interface PassValue extends Value {
  readonly shares: readonly Share[];
}

/** Sum of passes, each with a weight. */
export function addPasses(
  parts: readonly (readonly [PassValue, number])[],
): PassValue {
  const shares = new Map<string, Share>();
  let [ms, wms] = [0, 0];
  for (const [pass, weight] of parts) {
    ms += pass.ms * weight;
    wms += pass.wms * weight;
    for (const share of pass.shares) {
      const before = shares.get(share.name);
      shares.set(share.name, {
        name: share.name,
        ms: (before?.ms ?? 0) + share.ms * weight,
        wms: (before?.wms ?? 0) + share.wms * weight,
      });
    }
  }
  return { ms, wms, shares: [...shares.values()] };
}

/** Plain sum over a list in its order (§7.1). */
export function runPass(
  bench: Bench,
  operators: readonly Operator[],
  pass: Pass,
): PassValue {
  const values = operators.map((operator): readonly [PassValue, number] => {
    const { name, scale } = operator;
    const isLogits = name.startsWith("context_") &&
      name.includes("logits_gemm");
    const value = operator.run(bench, isLogits ? { ...pass, x: pass.b } : pass);
    const [ms, wms] = [
      Math.max(0, value.ms) * scale,
      Math.max(0, value.wms) * scale,
    ];
    return [{ ms, wms, shares: [{ name, ms, wms }] }, 1];
  });
  return addPasses(values);
}

/** The two lists of a graph, where they are run, and the draft tokens. */
export interface Running {
  readonly bench: Bench;
  readonly context: readonly Operator[];
  readonly generation: readonly Operator[];
  readonly nextn: number;
}

/** static_ctx (§7.2). */
export function prefill(
  { bench, context }: Running,
  { batch, isl, prefix }: { batch: number; isl: number; prefix: number },
): PassValue {
  const s = newTokens(isl, prefix);
  return runPass(bench, context, { b: batch, s, prefix, x: batch * s });
}

/** One decode step of B requests whose KV caches hold S tokens. */
export function decodeStep(
  { bench, generation }: Running,
  B: number,
  S: number,
): PassValue {
  return runPass(bench, generation, { b: B, s: S, prefix: 0, x: B });
}

/** static_gen (§7.2). */
export function decodeAll(
  running: Running,
  { batch, isl, osl, stride }: {
    batch: number;
    isl: number;
    osl: number;
    stride: number;
  },
): PassValue {
  const steps: (readonly [PassValue, number])[] = [];
  for (let i = 0; i < osl - 1; i += stride) {
    const step = decodeStep(running, batch * (running.nextn + 1), isl + i + 1);
    steps.push([step, Math.min(stride, osl - 1 - i)]);
  }
  return addPasses(steps);
}

/** One forward pass with prefill and decode (§7.3). */
export interface MixedStep {
  readonly ctx: number;
  readonly gen: number;
  readonly isl: number;
  readonly osl: number;
  readonly prefix: number;
}

/** §7.3: three passes, the operators selected by name. */
export function mixed(
  running: Running,
  { ctx, gen, isl, osl, prefix }: MixedStep,
): PassValue {
  const { bench, context, generation, nextn } = running;
  const cached = prefix * Math.floor(ctx / isl);
  const s = newTokens(ctx + gen * (nextn + 1), cached);
  const shared = context.filter(({ name }) => name !== "context_attention");
  const parts: (readonly [PassValue, number])[] = [
    [runPass(bench, shared, { b: 1, s, prefix: cached, x: s }), 1],
  ];
  if (ctx > 0) {
    const attention = context.filter(({ name }) =>
      name === "context_attention"
    );
    const b = Math.ceil(ctx / isl);
    const own = newTokens(isl, prefix);
    const pass = runPass(bench, attention, { b, s: own, prefix, x: b * own });
    parts.push([pass, 1 / Math.ceil(isl / ctx)]);
  }
  if (gen > 0) {
    const attention = generation.filter(({ name }) =>
      name === "generation_attention"
    );
    const b = gen * (nextn + 1);
    const S = isl + Math.floor(osl / 2) + 1;
    parts.push([runPass(bench, attention, { b, s: S, prefix: 0, x: b }), 1]);
  }
  return addPasses(parts);
}

/** A step of decode requests alone (§7.3). */
export function generationOnly(
  running: Running,
  { gen, isl, osl }: { gen: number; isl: number; osl: number },
): PassValue {
  return decodeStep(
    running,
    gen * (running.nextn + 1),
    isl + Math.floor(osl / 2) + 1,
  );
}

function newTokens(isl: number, prefix: number): number {
  if (isl - prefix > 0) return isl - prefix;
  throw new Refusal("invalid_value", `${prefix} of ${isl} tokens are cached.`);
}
