/** The second opinion: a slow engine, written from the document alone. @module */

import type { EngineCase } from "../../optimizer-wasm/estimate_case.ts";
import type { Ask } from "../peer/queries.ts";
import type { Verdict } from "../peer/verdict.ts";
import { aggregated } from "./aggregated.ts";
import { usesAllToAll } from "./all_to_all.ts";
import type { Bench } from "./bench.ts";
import {
  decodeAll,
  decodeStep,
  mixed,
  type PassValue,
  prefill,
  type Running,
} from "./compose.ts";
import { buildPhase } from "./graph.ts";
import { checkLayout } from "./layout_check.ts";
import {
  kvCapacity,
  memoryOf,
  type MemorySetting,
  type MemoryValue,
} from "./memory_model.ts";
import { type Family, type Json, readModel } from "./model.ts";
import { chooseQuant, inferQuant, type Quant } from "./quant_choice.ts";
import { Refusal } from "./refusal.ts";
import { primaryOnly, type Tables } from "./tables.ts";
import { transfersOf } from "./utilisation.ts";

/** What the reference opens an engine with. */
export interface ReferenceSource {
  readonly tables: Tables;
  readonly config: Json;
  readonly hfQuantConfig?: Json | null;
  /** Names a graph that no architecture maps to. */
  readonly family?: Family;
  /** As in `PeerEngine`. */
  readonly direct?: boolean;
  readonly generationOnly?: boolean;
}

/** An opened engine of the reference. */
export class ReferenceEngine {
  readonly quant: Quant;
  readonly running: Running;
  readonly #memory: MemorySetting;
  /** The same for the capacity of the KV cache, which knows neither rule (b) nor all-to-all. */
  readonly #capacity: MemorySetting;

  constructor(engine: EngineCase, source: ReferenceSource) {
    const { backend, layout, databaseMode: mode, nextn = 0 } = engine;
    if (mode === "ROOFLINE") throw new Error("The roofline has no tables.");
    const usesDonors = mode === "SILICON" || mode === "HYBRID";
    const tables = usesDonors ? source.tables : primaryOnly(source.tables);
    const { system } = tables;
    const model = readModel(
      engine.model,
      source,
      engine.family ?? source.family,
    );
    const allToAll = usesAllToAll(model, engine, {
      tables,
      inferredMoe: inferQuant(model).moe,
    });
    this.quant = chooseQuant(model, engine.quant ?? {}, {
      ...source,
      backend,
      tables,
      allToAll,
    });
    checkLayout(model, layout, backend, this.quant);
    const transfers = transfersOf(engine.transferPolicy ?? "aggressive");
    const bench: Bench = { system, backend, mode, tables, transfers };
    const { quant } = this;
    const setting = { model, layout, quant, backend, nextn, allToAll };
    const context = buildPhase(setting, "context");
    this.running = {
      bench,
      context,
      generation: buildPhase(setting, "generation"),
      nextn,
    };
    const version = engine.backendVersion ?? "";
    this.#memory = {
      model,
      layout,
      system,
      backend,
      version,
      kv: this.quant.kv,
      context,
      nextn,
    };
    const isGemmExplicit = engine.quant?.gemm !== undefined;
    this.#capacity = {
      ...this.#memory,
      context: buildPhase(
        { ...setting, quant: { ...quant, isGemmExplicit }, allToAll: false },
        "context",
      ),
    };
  }

  /** Answers a question. */
  ask(ask: Ask): Verdict {
    const { running } = this;
    if ("prefix" in ask && ask.prefix >= ask.isl) {
      throw new Refusal(
        "invalid_value",
        `${ask.prefix} of ${ask.isl} tokens are cached.`,
      );
    }
    switch (ask.kind) {
      case "static": {
        const context = prefill(running, ask);
        const generation = decodeAll(running, ask);
        return {
          values: {
            context_ms: context.ms,
            context_wms: context.wms,
            generation_ms: generation.ms,
            generation_wms: generation.wms,
          },
          operators: [...context.shares, ...generation.shares],
        };
      }
      case "decode":
        return passVerdict(
          decodeStep(running, ask.batch * (running.nextn + 1), ask.kv),
        );
      case "mixed":
        return passVerdict(mixed(running, ask));
      case "agg": {
        const { model, layout } = this.#memory;
        const found = aggregated(running, ask, {
          layers: model.layers,
          pp: layout.pp,
          dp: layout.dp,
        });
        return {
          values: {
            ttft_ms: found.ttftMs,
            tpot_ms: found.tpotMs,
            request_ms: found.requestMs,
            tokens_per_second: found.tokensPerSecond,
            watts: found.watts,
            ...memoryValues(memoryOf(this.#memory, { worker: "agg", ...ask })),
          },
        };
      }
      case "memory":
        return {
          values: memoryValues(memoryOf(this.#memory, { ...ask, ctx: 0 })),
        };
      case "kv_capacity": {
        const tokens = kvCapacity(this.#capacity, ask.tokens);
        if (tokens <= 0) {
          throw new Refusal("out_of_memory", "No budget for a KV cache.");
        }
        return { values: { tokens } };
      }
    }
  }
}

/** Opens an engine, asks, and turns a refusal into a verdict. */
export function askReference(
  engine: EngineCase,
  ask: Ask,
  source: ReferenceSource,
): Verdict {
  try {
    return new ReferenceEngine(engine, source).ask(ask);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { codes: [error.code], message: error.message };
  }
}

function passVerdict({ ms, wms, shares }: PassValue): Verdict {
  return { values: { ms, wms }, operators: shares };
}

function memoryValues(memory: MemoryValue) {
  return {
    weights_bytes: memory.weights,
    activations_bytes: memory.activations,
    kv_bytes: memory.kv,
    nccl_bytes: memory.nccl,
    other_bytes: memory.other,
    total_bytes: memory.total,
    fits: memory.fits ? 1 : 0,
  };
}
