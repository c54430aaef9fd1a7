/**
 * The only way into the WebAssembly module: the same in Deno, in a browser page and in a Web Worker. One `Engine` is
 * one module instance and serves one pack, or none (the built-in roofline).
 * @module
 */

import { powerCurveOf } from "./data/power_curves.ts";
import { POWER_MODEL, type PowerModel } from "./data/power_model.ts";
import type { PackDirectory } from "./data/pack/format.ts";
import type { SystemSpec } from "./data/system_spec.ts";
import type { DatabaseMode, EngineCase } from "./estimate_case.ts";
import type { ModelGraph } from "./graph/op_spec.ts";
import { type CompiledProgram, compileProgram } from "./program/compile.ts";
import type { PowerContext } from "./program/bind_power.ts";
import { poweredTables } from "./program/powered_tables.ts";
import type { RooflineModel } from "./program/roofline_model.ts";
import { SearchHost } from "./program/search_host.ts";
import { Tables } from "./program/tables.ts";
import {
  type Address,
  STATUS,
  type WasmExports,
} from "./program/wasm_exports.ts";

/** A pack as read from the store. */
export interface LoadedPack {
  readonly directory: PackDirectory;
  readonly payload: Uint8Array;
}

/** Where watts come from that the pack does not have (R53). */
export interface PowerSources {
  readonly donors?: readonly LoadedPack[];
  readonly model?: PowerModel;
}

/** What compiling needs beside the graph. */
export interface CompileOptions {
  readonly backend: string;
  readonly mode: DatabaseMode;
  readonly transferPolicy: NonNullable<EngineCase["transferPolicy"]>;
  readonly roofline: RooflineModel;
}

/** One operator of an answer. */
export interface OperatorFigures {
  readonly name: string;
  readonly latencyMs: number;
  readonly energyWms: number;
  readonly flags: number;
}

/** Why a question has no answer: the module's status and the operator it stopped at. */
export interface Refusal {
  readonly status: number;
  readonly operator: string;
}

/** One instance of the module with a pack in its memory. */
export class Engine {
  readonly system: SystemSpec;
  readonly tables: Tables | undefined;
  readonly #wasm: WasmExports;
  readonly #power: PowerContext;
  readonly #outputAddress: Address;
  #view: Float64Array;
  readonly #search: SearchHost;
  #programCount = 0;

  /**
   * @param module the compiled WebAssembly module
   * @param source a pack, or the bare system for a model without tables
   * @param power other packs of the system that lend watts, the nearest first, and the model of what none measured
   */
  constructor(
    module: WebAssembly.Module,
    source: LoadedPack | { readonly system: SystemSpec },
    { donors = [], model = POWER_MODEL }: PowerSources = {},
  ) {
    const instance = new WebAssembly.Instance(module, {});
    this.#wasm = instance.exports as unknown as WasmExports;
    this.#search = new SearchHost(this.#wasm);
    this.system = "directory" in source
      ? source.directory.system
      : source.system;
    const { system } = this;
    this.#wasm.configure(
      system.memoryBandwidthBytesPerSecond,
      system.memoryBandwidthScale,
      system.memoryConstantSeconds,
      system.tdpWatts,
      powerCurveOf(system).staticWatts,
    );
    if ("directory" in source) {
      const { payload, directory } = source;
      const address = this.#wasm.reserve(payload.length);
      new Uint8Array(this.#wasm.memory.buffer, address).set(payload);
      this.tables = new Tables(
        directory,
        this.#wasm,
        ({ offset }) => address + offset,
      );
    }
    this.#power = {
      model,
      own: "directory" in source
        ? poweredTables(source, this.#wasm)
        : undefined,
      donors: donors.map((pack) => poweredTables(pack, this.#wasm)),
      families: new Map(),
    };
    this.#outputAddress = this.#wasm.outputAddress();
    this.#view = this.#freshView();
  }

  #freshView(): Float64Array {
    return new Float64Array(this.#wasm.memory.buffer, this.#outputAddress, 16);
  }

  /** Bytes of linear memory in use by the instance. */
  get memoryBytes(): number {
    return this.#wasm.memory.buffer.byteLength;
  }

  /** Programs compiled so far; their memory is freed with the instance. */
  get programCount(): number {
    return this.#programCount;
  }

  /** Compiles a model graph against the pack. */
  compile(graph: ModelGraph, options: CompileOptions): Program {
    this.#programCount++;
    const compiled = compileProgram({
      wasm: this.#wasm,
      tables: this.tables,
      system: this.system,
      power: this.#power,
      ...options,
    }, graph);
    return new Program(this, this.#wasm, compiled);
  }

  /** The fleet search of this instance; every program that it ranks must be compiled by this engine. */
  get search(): SearchHost {
    return this.#search;
  }

  /** The output window; a fresh view when the memory has grown since. */
  get output(): Float64Array {
    if (this.#view.length === 0) this.#view = this.#freshView();
    return this.#view;
  }
}

/** Output slots of `aggregated`, as `assembly/asking.ts` lists them. */
export const AGG = {
  ttftMs: 0,
  tpotMs: 1,
  requestMs: 2,
  tokensPerSecond: 3,
  watts: 4,
  flags: 5,
  mixedMs: 6,
  generationMs: 7,
  mixedSteps: 8,
  generationSteps: 9,
  mixedDecodeRequests: 10,
} as const;

/** Output slots of the power sums, as `assembly/asking.ts` lists them. */
export const POWER = {
  totalMs: 0,
  /** The part of the time that scales with the clock. */
  clockMs: 1,
  energyWms: 2,
  clockEnergyWms: 3,
  highEnergyWms: 4,
  highClockEnergyWms: 5,
  lowEnergyWms: 6,
  measuredMs: 7,
  borrowedMs: 8,
  modelledMs: 9,
  tdpMs: 10,
} as const;

/**
 * A compiled model. Its methods return a status of `STATUS`; answers stand in `output` until the next call, so that
 * asking costs no allocation.
 */
export class Program {
  readonly engine: Engine;
  readonly names: CompiledProgram["names"];
  readonly #wasm: WasmExports;
  readonly #address: Address;

  constructor(engine: Engine, wasm: WasmExports, compiled: CompiledProgram) {
    this.engine = engine;
    this.names = compiled.names;
    this.#wasm = wasm;
    this.#address = compiled.address;
  }

  /** Where it lies in the module's memory. */
  get address(): Address {
    return this.#address;
  }

  /** Output: 0 ms, 1 energy (W·ms), 2 flags. */
  prefill(batch: number, isl: number, prefix: number): number {
    return this.#wasm.prefill(this.#address, batch, isl, prefix);
  }

  /** One decode step. Output: 0 ms, 1 energy, 2 flags. */
  decode(batch: number, kvLength: number): number {
    return this.#wasm.decode(this.#address, batch, kvLength);
  }

  /** All decode steps. Output: 3 ms, 4 energy, 5 flags. */
  decodeAll(batch: number, isl: number, osl: number, stride: number): number {
    return this.#wasm.decodeAll(this.#address, batch, isl, osl, stride);
  }

  /** Prefill, then all decode steps. Output of both. */
  runStatic(
    batch: number,
    isl: number,
    osl: number,
    prefix: number,
    stride: number,
    drafts: number,
  ): number {
    return this.#wasm.runStatic(
      this.#address,
      batch,
      isl,
      osl,
      prefix,
      stride,
      drafts,
    );
  }

  /** A mixed step (§7.3). Output: 0 ms, 1 energy, 2 flags. */
  mixed(
    contextTokens: number,
    requests: number,
    isl: number,
    osl: number,
    prefix: number,
    drafts: number,
  ): number {
    return this.#wasm.mixed(
      this.#address,
      contextTokens,
      requests,
      isl,
      osl,
      prefix,
      drafts,
    );
  }

  /** A step of decode requests alone. Output: 0 ms, 1 energy, 2 flags. */
  generationOnly(
    requests: number,
    isl: number,
    osl: number,
    drafts: number,
  ): number {
    return this.#wasm.generationOnly(
      this.#address,
      requests,
      isl,
      osl,
      drafts,
    );
  }

  /** Aggregated serving (§7.4). Output: the slots of `AGG`. */
  aggregated(
    batch: number,
    contextTokens: number,
    isl: number,
    osl: number,
    prefix: number,
    drafts: number,
    vllm: boolean,
    layerOverheadMs: number,
  ): number {
    return this.#wasm.aggregated(
      this.#address,
      batch,
      contextTokens,
      isl,
      osl,
      prefix,
      drafts,
      vllm ? 1 : 0,
      layerOverheadMs,
    );
  }

  /** Where the answer stands. */
  get output(): Float64Array {
    return this.engine.output;
  }

  /**
   * Power of the phase asked last, gaps filled (R53). Output: the slots of `POWER`.
   *
   * @param length input tokens, or KV length (its middle when the phase is all decode steps)
   * @param steps passes that the phase is summed over
   */
  powerSums(
    phase: "context" | "generation",
    batch: number,
    length: number,
    prefix: number,
    steps: number,
  ): void {
    this.#wasm.powerSums(
      this.#address,
      phase === "context" ? 0 : 1,
      batch,
      length,
      prefix,
      steps,
    );
  }

  /** Power of a mixed step. Output: the slots of `POWER`. */
  mixedPowerSums(
    contextTokens: number,
    requests: number,
    isl: number,
    osl: number,
    prefix: number,
    drafts: number,
  ): number {
    return this.#wasm.mixedPowerSums(
      this.#address,
      contextTokens,
      requests,
      isl,
      osl,
      prefix,
      drafts,
    );
  }

  /** Power of a step of decode requests alone. Output: the slots of `POWER`. */
  generationPowerSums(
    requests: number,
    isl: number,
    osl: number,
    drafts: number,
  ): number {
    return this.#wasm.generationPowerSums(
      this.#address,
      requests,
      isl,
      osl,
      drafts,
    );
  }

  /** The operator that the last question stopped at. */
  refusal(status: number, phase: "context" | "generation"): Refusal {
    const index = this.#wasm.failedOperator();
    return { status, operator: this.names[phase][index] ?? phase };
  }

  /** Figures of each operator in the answer given last, operators of one name summed, in list order. */
  operators(phase: "context" | "generation"): OperatorFigures[] {
    const sums = new Map<string, OperatorFigures>();
    for (const [index, name] of this.names[phase].entries()) {
      this.#wasm.operatorFigures(
        this.#address,
        phase === "context" ? 0 : 1,
        index,
      );
      const [latencyMs = 0, energyWms = 0, flags = 0] = this.engine.output;
      const before = sums.get(name);
      sums.set(name, {
        name,
        latencyMs: latencyMs + (before?.latencyMs ?? 0),
        energyWms: energyWms + (before?.energyWms ?? 0),
        flags: flags | (before?.flags ?? 0),
      });
    }
    return [...sums.values()];
  }
}

export { STATUS };
