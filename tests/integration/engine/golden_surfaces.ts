/** Answers a golden case's surfaces with an engine, in the metrics of the frozen files (`aic-engine.md` §7.6). @module */

import type { EngineCase } from "../../../optimizer-wasm/estimate_case.ts";
import type { ErrorCode } from "../../../service/mod.ts";
import type { Ask } from "../../peer/queries.ts";
import type { Verdict } from "../../peer/verdict.ts";
import { disaggregated, round3 } from "../../reference/disaggregated.ts";
import type { GoldenCase } from "../../reference/golden_cases.ts";

/** One surface as frozen. */
export type GoldenSurface =
  | { readonly values: Readonly<Record<string, number>> }
  | { readonly error: string };

/** `engine_step.json`, as far as it is read. */
export interface EngineGoldens {
  readonly cases: Readonly<
    Record<string, Readonly<Record<string, GoldenSurface>>>
  >;
}

/** Asks one engine of the case. */
export type AskCase = (ask: Ask, engine: EngineCase) => Promise<Verdict>;

/** Metrics of a surface, or the codes of a refusal. */
export type SurfaceAnswer =
  | { readonly values: Readonly<Record<string, number>> }
  | { readonly codes: readonly ErrorCode[] };

/** Surfaces by their letter in the table of cases. */
export const SURFACES = {
  S: "static",
  M: "mixed",
  A: "agg",
  D: "disagg",
} as const;

/** The engine of a case. */
export function engineOf(golden: GoldenCase): EngineCase {
  const { model, system, backend, version, layout, mode, policy, quant } =
    golden;
  return {
    ...{
      model,
      system,
      backend,
      backendVersion: version,
      layout,
      databaseMode: mode,
    },
    ...(policy === undefined ? {} : { transferPolicy: policy }),
    ...(quant === undefined ? {} : { quant }),
  };
}

/** Code of ours for a frozen exception class. */
export const GOLDEN_CODES: Readonly<Record<string, readonly ErrorCode[]>> = {
  PerfDataNotAvailableError: ["not_measured"],
  EmpiricalNotImplementedError: ["no_empirical"],
  MissingSystemFlopsError: ["missing_flops"],
  RuntimeError: ["out_of_memory"],
};

/** Answers one surface. */
export async function answerSurface(
  golden: GoldenCase,
  surface: typeof SURFACES[keyof typeof SURFACES],
  ask: AskCase,
): Promise<SurfaceAnswer> {
  const engine = engineOf(golden);
  const { batch, isl, osl, prefix } = golden;
  const of = async (
    question: Ask,
    names: Readonly<Record<string, string>>,
  ): Promise<SurfaceAnswer> => {
    const verdict = await ask(question, engine);
    if (!("values" in verdict)) return { codes: verdict.codes };
    const picked = Object.entries(names).map((
      [to, from],
    ) => [to, verdict.values[from] ?? NaN]);
    return { values: Object.fromEntries(picked) };
  };
  switch (surface) {
    case "static": {
      const found = await of({
        kind: "static",
        batch,
        isl,
        osl,
        prefix,
        stride: 1,
      }, {
        static_ctx: "context_ms",
        static_gen: "generation_ms",
        static_ctx_energy: "context_wms",
        static_gen_energy: "generation_wms",
      });
      return "values" in found
        ? { values: staticMetrics(found.values) }
        : found;
    }
    case "mixed":
      return await of(
        {
          kind: "mixed",
          ctx: isl,
          gen: batch,
          isl,
          osl: Math.max(osl, 2),
          prefix,
        },
        { mixed_step: "ms" },
      );
    case "agg":
      return await of({ kind: "agg", batch: 2, ctx: isl, isl, osl, prefix }, {
        agg_ttft: "ttft_ms",
        agg_tpot: "tpot_ms",
        agg_request: "request_ms",
      });
    case "disagg":
      return await disagg(golden, of);
  }
}

function staticMetrics(
  values: Readonly<Record<string, number>>,
): Record<string, number> {
  const { static_ctx: ctx = NaN, static_gen: gen = NaN } = values;
  const {
    static_ctx_energy: ctxEnergy = NaN,
    static_gen_energy: genEnergy = NaN,
  } = values;
  return {
    static_ctx: round3(ctx),
    static_gen: round3(gen),
    static_total: round3(ctx) + round3(gen),
    static_ctx_energy: ctxEnergy,
    static_gen_energy: genEnergy,
    static_ctx_power: ctxEnergy / ctx,
    static_gen_power: genEnergy / gen,
  };
}

async function disagg(
  { isl, osl, prefix }: GoldenCase,
  of: (
    question: Ask,
    names: Readonly<Record<string, string>>,
  ) => Promise<SurfaceAnswer>,
): Promise<SurfaceAnswer> {
  const load = { isl, osl, prefix } as const;
  for (
    const [worker, batch] of [["static_ctx", 1], ["static_gen", 4]] as const
  ) {
    const memory = await of({ kind: "memory", worker, batch, ...load }, {
      fits: "fits",
    });
    if ("values" in memory && memory.values["fits"] === 0) {
      return {
        codes: ["out_of_memory"],
      };
    }
  }
  const prefill = await of({ kind: "static", batch: 1, ...load, stride: 32 }, {
    ms: "context_ms",
  });
  const decode = await of({ kind: "static", batch: 4, ...load, stride: 32 }, {
    ms: "generation_ms",
  });
  if (!("values" in prefill)) return prefill;
  if (!("values" in decode)) return decode;
  const [prefillMs = NaN, decodeMs = NaN] = [
    prefill.values["ms"],
    decode.values["ms"],
  ];
  const { ttftMs, tpotMs, requestMs } = disaggregated(
    { prefillMs, decodeMs },
    osl,
  );
  return {
    values: {
      disagg_ttft: ttftMs,
      disagg_tpot: tpotMs,
      disagg_request: requestMs,
    },
  };
}
