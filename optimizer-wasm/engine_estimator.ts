/** `Estimator` over a compiled program: checks questions, names refusals, puts units on the answers. @module */

import type { RefinedCurve } from "./curve_fit/mod.ts";
import { type PowerCurve, powerCurveOf } from "./data/power_curves.ts";
import type { SystemSpec } from "./data/system_spec.ts";
import type {
  DatabaseMode,
  EngineCase,
  LatencySource,
  PhaseAnswer,
  PowerSource,
} from "./estimate_case.ts";
import type {
  AggAnswer,
  AggQuery,
  Estimator,
  MemoryAnswer,
  StaticAnswer,
  StaticQuery,
  WorkerKind,
} from "./estimator.ts";
import { AGG, type OperatorFigures, POWER, type Program } from "./host.ts";
import { gpusOf } from "./model/layout.ts";
import {
  kvCapacityTokens,
  type MemoryContext,
  memoryOf,
} from "./model/memory.ts";
import { checkQuery } from "./query_check.ts";
import type { WattkeeperError } from "../service/portable.ts";
import { refusalError } from "./refusal.ts";
import { FLAG, STATUS } from "./program/wasm_exports.ts";

/** Decode steps that share one evaluation unless a query says otherwise. */
export const DEFAULT_STRIDE = 32;
/** Dispatch overhead of vllm, milliseconds a layer (`aic-engine.md` §7.4). */
const VLLM_LAYER_OVERHEAD_MS = 0.8;

/** What an estimator is made of. */
export interface EngineEstimatorParts {
  readonly engineCase: EngineCase;
  readonly program: Program;
  readonly memory: MemoryContext;
  readonly dataVersion: string;
  /** A curve refined from live points; absent: the generation's. */
  readonly refinedCurve?: RefinedCurve;
  /** The same case over rows at lower power limits, falling; absent: the data has none. */
  readonly limits?: readonly LimitEstimator[];
}

/** The same case over the rows at one lower power limit (R17). */
export interface LimitEstimator {
  readonly limitWatts: number;
  readonly estimator: EngineEstimator;
}

const BY_MODE: Readonly<Record<DatabaseMode, LatencySource>> = {
  SILICON: "silicon",
  HYBRID: "silicon",
  EMPIRICAL: "empirical",
  SOL: "sol",
  ROOFLINE: "roofline",
};

/** The estimator of the product: the WebAssembly engine. */
export class EngineEstimator implements Estimator {
  readonly engineCase: EngineCase;
  readonly system: SystemSpec;
  readonly gpusPerReplica: number;
  readonly dataVersion: string;
  /** What a cap costs on this GPU, and c by phase where live points refined it. */
  readonly powerCurve: PowerCurve;
  readonly computeShares: RefinedCurve["computeShares"];
  /** The compiled program, for callers that count calls in nanoseconds. */
  readonly program: Program;
  /** Over rows at lower power limits, falling; empty: what a cap costs comes from the curve. */
  readonly limits: readonly LimitEstimator[];
  readonly #parts: EngineEstimatorParts;
  readonly #memory: MemoryContext;
  readonly #drafts: number;

  constructor(parts: EngineEstimatorParts) {
    this.#parts = parts;
    this.limits = parts.limits ?? [];
    this.engineCase = parts.engineCase;
    this.program = parts.program;
    this.system = parts.program.engine.system;
    this.gpusPerReplica = gpusOf(parts.engineCase.layout);
    this.dataVersion = parts.dataVersion;
    this.powerCurve = parts.refinedCurve?.curve ?? powerCurveOf(this.system);
    this.computeShares = parts.refinedCurve?.computeShares ?? {};
    this.#memory = parts.memory;
    this.#drafts = parts.engineCase.nextn ?? 0;
  }

  /** The same, with what lower power limits were measured to cost. */
  withLimits(limits: readonly LimitEstimator[]): EngineEstimator {
    return new EngineEstimator({
      ...this.#parts,
      limits: limits.toSorted((a, b) => b.limitWatts - a.limitWatts),
    });
  }

  /** Layers of the model. */
  get layers(): number {
    return this.#memory.model.layers;
  }

  get latencySource(): LatencySource {
    return BY_MODE[this.engineCase.databaseMode];
  }

  get powerSource(): PowerSource {
    const slices = this.program.engine.tables?.directory.slices ?? [];
    return slices.some((slice) => slice.poweredLeaves > 0)
      ? "measured"
      : "modelled";
  }

  #ask(status: number, phase: "context" | "generation"): void {
    if (status !== STATUS.ok) throw this.refusal(status, phase);
  }

  /** Why the last question of a phase has no answer. */
  refusal(status: number, phase: "context" | "generation"): WattkeeperError {
    return refusalError(this.engineCase, this.program.refusal(status, phase));
  }

  #answer(
    phase: "context" | "generation",
    figures: {
      ms: number;
      energy: number;
      flags: number;
      point: Point;
      steps?: number;
    },
  ): PhaseAnswer {
    const { ms, energy, flags, point, steps = 1 } = figures;
    this.program.powerSums(
      phase,
      point.batch,
      point.length,
      point.prefix,
      steps,
    );
    const output = this.program.output;
    const at = (slot: keyof typeof POWER) => output[POWER[slot]] ?? 0;
    const totalMs = at("totalMs");
    const mean = (slot: keyof typeof POWER) =>
      totalMs > 0 ? at(slot) / totalMs : 0;
    const shares = {
      measured: mean("measuredMs"),
      borrowed: mean("borrowedMs"),
      modelled: mean("modelledMs"),
      tdp: mean("tdpMs"),
    };
    return {
      latencyMs: ms,
      energyWms: energy,
      powerWatts: mean("energyWms"),
      powerLowWatts: mean("lowEnergyWms"),
      powerHighWatts: mean("highEnergyWms"),
      latencySource: this.sourceOf(flags),
      powerSource: mostly(shares),
      measuredShare: shares.measured,
      powerShares: shares,
      sums: {
        totalMs,
        clockMs: at("clockMs"),
        energyWms: at("energyWms"),
        clockEnergyWms: at("clockEnergyWms"),
      },
      beyondTables: (flags & FLAG.beyondTables) !== 0,
    };
  }

  /** Source of a latency by the flags of its answer. */
  sourceOf(flags: number): LatencySource {
    const table = (flags & FLAG.fromTable) !== 0;
    const empirical = (flags & FLAG.fromEmpirical) !== 0;
    if (table && empirical) return "mixed";
    return empirical ? "empirical" : this.latencySource;
  }

  staticRun(query: StaticQuery): StaticAnswer {
    const { batchSize, isl, osl, prefix, stride } = checkQuery(query);
    const context = this.prefill({ batchSize, isl, prefix });
    const requests = batchSize * (this.#drafts + 1);
    this.#ask(
      this.program.decodeAll(requests, isl, osl, stride),
      "generation",
    );
    const [, , , ms = 0, energy = 0, flags = 0] = this.program.output;
    const generation = osl > 1
      ? this.#answer("generation", {
        ms,
        energy,
        flags,
        point: {
          batch: requests,
          length: isl + Math.floor(osl / 2),
          prefix: 0,
        },
        steps: osl - 1,
      })
      : this.#nothing();
    return {
      context,
      generation,
      ttftMs: context.latencyMs,
      tpotMs: osl > 1 ? generation.latencyMs / (osl - 1) : 0,
      memoryBytes: this.memory("static", query).totalBytes,
    };
  }

  /** A request of one token has no decode phase. */
  #nothing(): PhaseAnswer {
    return {
      latencyMs: 0,
      energyWms: 0,
      powerWatts: 0,
      powerLowWatts: 0,
      powerHighWatts: 0,
      latencySource: this.latencySource,
      powerSource: this.powerSource,
      measuredShare: 0,
      powerShares: { measured: 0, borrowed: 0, modelled: 0, tdp: 0 },
      sums: { totalMs: 0, clockMs: 0, energyWms: 0, clockEnergyWms: 0 },
      beyondTables: false,
    };
  }

  prefill(
    query: { batchSize: number; isl: number; prefix?: number },
  ): PhaseAnswer {
    const { batchSize, isl, prefix } = checkQuery({ ...query, osl: 1 });
    this.#ask(this.program.prefill(batchSize, isl, prefix), "context");
    const [ms = 0, energy = 0, flags = 0] = this.program.output;
    return this.#answer("context", {
      ms,
      energy,
      flags,
      point: { batch: batchSize, length: isl, prefix },
    });
  }

  decodeStep(query: { batchSize: number; kvLength: number }): PhaseAnswer {
    const { batchSize, isl: kvLength } = checkQuery({
      batchSize: query.batchSize,
      isl: query.kvLength,
      osl: 1,
    });
    const requests = batchSize * (this.#drafts + 1);
    this.#ask(this.program.decode(requests, kvLength), "generation");
    const [ms = 0, energy = 0, flags = 0] = this.program.output;
    return this.#answer("generation", {
      ms,
      energy,
      flags,
      point: { batch: requests, length: kvLength, prefix: 0 },
    });
  }

  agg(query: AggQuery): AggAnswer {
    const { batchSize, isl, osl, prefix } = checkQuery(query);
    const { layout, backend } = this.engineCase;
    const vllm = backend === "vllm";
    this.#ask(
      this.program.aggregated(
        batchSize,
        query.contextTokens,
        isl,
        osl,
        prefix,
        this.#drafts,
        vllm,
        vllm ? VLLM_LAYER_OVERHEAD_MS * this.#memory.model.layers : 0,
      ),
      "context",
    );
    const output = [...this.program.output];
    const at = (slot: keyof typeof AGG) => output[AGG[slot]] ?? 0;
    const energy = {
      totalMs: 0,
      energyWms: 0,
      lowEnergyWms: 0,
      highEnergyWms: 0,
    };
    const add = (steps: number) => {
      for (const slot of ENERGIES) {
        energy[slot] += steps * (this.program.output[POWER[slot]] ?? 0);
      }
    };
    this.program.mixedPowerSums(
      query.contextTokens,
      at("mixedDecodeRequests"),
      isl,
      osl,
      prefix,
      this.#drafts,
    );
    add(at("mixedSteps"));
    if (at("generationSteps") > 0) {
      this.program.generationPowerSums(batchSize, isl, osl, this.#drafts);
      add(at("generationSteps"));
    }
    const mean = (sum: number) => energy.totalMs > 0 ? sum / energy.totalMs : 0;
    return {
      ttftMs: at("ttftMs"),
      tpotMs: at("tpotMs"),
      requestMs: at("requestMs"),
      tokensPerSecond: at("tokensPerSecond") * layout.pp * layout.dp,
      powerWatts: mean(energy.energyWms),
      powerLowWatts: mean(energy.lowEnergyWms),
      powerHighWatts: mean(energy.highEnergyWms),
      measuredWatts: at("watts"),
    };
  }

  memory(
    kind: WorkerKind,
    query: StaticQuery & { readonly contextTokens?: number },
  ): MemoryAnswer {
    const { batchSize, isl, osl, prefix } = checkQuery(
      query,
      kind === "static_gen" ? 0 : 1,
    );
    return memoryOf(this.#memory, {
      kind,
      batchSize,
      isl,
      osl,
      prefix,
      contextTokens: query.contextTokens ?? isl,
    });
  }

  kvCapacityTokens(
    query: { readonly maxBatchedTokens: number; readonly isl: number },
  ): number {
    return kvCapacityTokens(this.#memory, query.maxBatchedTokens);
  }

  /** Operators of the phase asked last, by name. */
  operators(phase: "context" | "generation"): OperatorFigures[] {
    return this.program.operators(phase);
  }
}

/** Slots that an average draw and its interval are made of. */
const ENERGIES = [
  "totalMs",
  "energyWms",
  "lowEnergyWms",
  "highEnergyWms",
] as const;

/** From the surest to the weakest. */
const SOURCES: readonly PowerSource[] = [
  "measured",
  "borrowed",
  "modelled",
  "tdp",
];

/** The source with the largest share; the weaker one of equals. */
export function mostly(
  shares: Readonly<Record<PowerSource, number>>,
): PowerSource {
  return SOURCES.reduce((best, source) =>
    shares[source] >= shares[best] ? source : best
  );
}

/** Where the power of a phase is read: batch, length and cached prefix. */
export interface Point {
  readonly batch: number;
  readonly length: number;
  readonly prefix: number;
}
