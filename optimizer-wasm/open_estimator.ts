/** Opens an engine case: finds model, system and data, chooses the precision, checks the layout, compiles. @module */

import { nearestNames, WattkeeperError } from "../service/portable.ts";
import type { RefinedCurve } from "./curve_fit/mod.ts";
import { BUILTIN_SYSTEMS } from "./data/builtin_systems.ts";
import type { PackIdentity, PackTable } from "./data/pack/format.ts";
import type { PowerModel } from "./data/power_model.ts";
import type { SystemSpec } from "./data/system_spec.ts";
import { EngineEstimator, type LimitEstimator } from "./engine_estimator.ts";
import type { EngineCase } from "./estimate_case.ts";
import { buildGraph } from "./graph/graph.ts";
import { Engine, type LoadedPack, type PowerSources } from "./host.ts";
import { BUILTIN_MODELS } from "./model/builtin_models.ts";
import { checkLayout } from "./model/layout.ts";
import {
  isMoeFamily,
  type JsonObject,
  type ModelFamily,
  type ModelSpec,
  readModelSpec,
} from "./model/model_spec.ts";
import { chooseQuant, type QuantChoice } from "./model/quant_choice.ts";
import { isUnmeasured } from "./refusal.ts";
import { coversLargeExpertParallel } from "./program/large_expert_parallel.ts";
import { rooflineOf } from "./program/roofline_of.ts";
import type { Tables } from "./program/tables.ts";

/** A model configuration as published. */
export interface ModelConfig {
  readonly config: JsonObject;
  readonly hfQuantConfig?: JsonObject | null;
}

/** Where models and packs come from; the store in Deno, built-in facts alone in a browser. */
export interface EngineSource {
  /** Names of the imported models. */
  modelNames(): readonly string[];
  readModelConfig(name: string): Promise<ModelConfig>;
  /** Names of the systems with imported data. */
  systemNames(): readonly string[];
  /** Resolves a version (`current`, absent, …) and reads its pack. */
  readPack(
    system: string,
    backend: string,
    version: string | undefined,
  ): Promise<LoadedPack>;
  /** Power limits below its own pack's that an identity was measured at, watts, ascending (R17); absent: none. */
  limitsOf?(identity: PackIdentity): readonly number[];
  /** Its rows at one of them. */
  readLimitPack?(
    identity: PackIdentity,
    limitWatts: number,
  ): Promise<LoadedPack>;
  /** Packs of the same system that lend measured power to one (R53), the nearest first; absent: none do. */
  readPowerDonors?(borrower: PackIdentity): Promise<readonly LoadedPack[]>;
  /** The model of what none measured; absent: the one that the product ships. */
  readonly powerModel?: PowerModel;
  /** Power curves that live points refined, by system; others have their generation's. */
  readonly powerCurves?: ReadonlyMap<string, RefinedCurve>;
}

/** Backends that the graphs know. */
export const BACKENDS: readonly string[] = ["vllm", "trtllm", "sglang"];

/** Engines that are kept open; each holds one pack in its own memory. */
const MOST_ENGINES = 12;
/** Cases that are kept open. */
const MOST_ESTIMATORS = 256;
/** Programs that one engine takes; the module never frees, so a fresh instance takes over then. */
const MOST_PROGRAMS = 1024;

/** Rows of an identity at one lower power limit. */
interface Limit {
  readonly identity: PackIdentity;
  readonly limitWatts: number;
}

/** Opens estimators over one module; engines are shared between cases of one pack and dropped least recently used. */
export class EstimatorOpener {
  readonly #module: WebAssembly.Module;
  readonly #source: EngineSource;
  readonly #engines = new Map<string, Promise<Engine>>();
  readonly #models = new Map<string, ModelSpec>();
  readonly #estimators = new Map<string, Promise<EngineEstimator>>();

  constructor(module: WebAssembly.Module, source: EngineSource) {
    this.#module = module;
    this.#source = source;
  }

  /** Every model that can be named. */
  modelNames(): readonly string[] {
    const names = [
      ...this.#source.modelNames(),
      ...Object.keys(BUILTIN_MODELS),
    ];
    return [...new Set(names)].sort();
  }

  /** Every system that can be named. */
  systemNames(): readonly string[] {
    const names = [
      ...this.#source.systemNames(),
      ...Object.keys(BUILTIN_SYSTEMS),
    ];
    return [...new Set(names)].sort();
  }

  /**
   * @param family names a graph explicitly; only GPT needs it
   * @throws {WattkeeperError} `unknown_model` with the nearest known names, or why its graph cannot be built
   */
  async model(name: string, family?: ModelFamily): Promise<ModelSpec> {
    const key = `${name}|${family ?? ""}`;
    const known = this.#models.get(key);
    if (known !== undefined) return known;
    const { config, hfQuantConfig } = await this.#config(name);
    const spec = readModelSpec(name, config, hfQuantConfig ?? null, family);
    this.#models.set(key, spec);
    return spec;
  }

  async #config(name: string): Promise<ModelConfig> {
    if (this.#source.modelNames().includes(name)) {
      return await this.#source.readModelConfig(name);
    }
    const builtin = BUILTIN_MODELS[name];
    if (builtin !== undefined && Object.hasOwn(BUILTIN_MODELS, name)) {
      return builtin;
    }
    const near = nearestNames(name, this.modelNames());
    throw new WattkeeperError(
      "unknown_model",
      `Unknown model "${name}"${
        near.length > 0 ? `: the nearest known ones are ${near.join(", ")}` : ""
      }.`,
      {
        where: "model",
        remedy: "Run `data list --models` for all known models.",
      },
    );
  }

  /**
   * Opens one case; a case asked before is kept open.
   *
   * @throws {WattkeeperError} `unknown_model`, `unknown_system`, `unknown_backend`, `unknown_version`, `not_imported`,
   * `not_measured`, `invalid_layout`, `invalid_value`
   */
  open(engineCase: EngineCase): Promise<EngineEstimator> {
    return kept(
      this.#estimators,
      JSON.stringify(engineCase),
      MOST_ESTIMATORS,
      () => this.#open(engineCase),
    );
  }

  /**
   * Opens many cases of one pack in one module instance, which a search over them needs.
   *
   * @returns for each case its estimator, or why it cannot be opened
   */
  async openAll(
    engineCases: readonly EngineCase[],
  ): Promise<(EngineEstimator | WattkeeperError)[]> {
    const opened = await this.#openEach(engineCases);
    const engines = new Set(
      opened.filter((one) => one instanceof EngineEstimator)
        .map((one) => one.program.engine),
    );
    if (engines.size <= 1) return opened;
    // The instance was full in between: what it held is opened again in the fresh one.
    for (const engineCase of engineCases) {
      this.#estimators.delete(JSON.stringify(engineCase));
    }
    return await this.#openEach(engineCases);
  }

  async #openEach(
    engineCases: readonly EngineCase[],
  ): Promise<(EngineEstimator | WattkeeperError)[]> {
    const opened: (EngineEstimator | WattkeeperError)[] = [];
    for (const engineCase of engineCases) {
      try {
        opened.push(await this.open(engineCase));
      } catch (error) {
        if (!(error instanceof WattkeeperError)) throw error;
        opened.push(error);
      }
    }
    return opened;
  }

  async #open(engineCase: EngineCase): Promise<EngineEstimator> {
    const own = await this.#openAt(engineCase, undefined);
    const identity = own.program.engine.tables?.directory.identity;
    const limits = identity ? this.#source.limitsOf?.(identity) ?? [] : [];
    if (!identity || limits.length === 0) return own;
    const atLimits: LimitEstimator[] = [];
    for (const limitWatts of limits) {
      try {
        const estimator = await this.#openAt(engineCase, {
          identity,
          limitWatts,
        });
        atLimits.push({ limitWatts, estimator });
      } catch (error) {
        // A limit at which an operator was not measured says nothing about the phase.
        if (!isUnmeasured(error)) throw error;
      }
    }
    return own.withLimits(atLimits);
  }

  async #openAt(
    engineCase: EngineCase,
    limit: Limit | undefined,
  ): Promise<EngineEstimator> {
    const { backend, layout, databaseMode } = engineCase;
    if (!BACKENDS.includes(backend)) {
      throw new WattkeeperError(
        "unknown_backend",
        `Unknown backend "${backend}": known are ${BACKENDS.join(", ")}.`,
        { where: "backend" },
      );
    }
    const nextn = engineCase.nextn ?? 0;
    const model = await this.model(engineCase.model, engineCase.family);
    checkDrafts(nextn, model);
    const engine = await this.#engine(engineCase, limit);
    const { system, tables } = engine;
    const isLargeExpertParallel = largeExpertParallel(
      engineCase,
      model,
      engine,
    );
    const quant = chooseQuant(model, engineCase.quant ?? {}, {
      backend,
      smVersion: system.smVersion,
      fmhaModes: (kv) =>
        isLargeExpertParallel
          ? new Set()
          : fmhaModes(tables, model, engineCase, kv),
      answersWeightOnly: databaseMode !== "SILICON" ||
        tables?.find("gemm", "nvfp4_wo") !== undefined,
      isLargeExpertParallel,
    });
    checkLayout(model, layout, { backend, quant });
    const input = {
      model,
      layout,
      quant,
      backend,
      smVersion: system.smVersion,
      gpusPerNode: system.gpusPerNode,
      nextn,
      largeExpertParallel: isLargeExpertParallel,
      latentKernels: databaseMode === "ROOFLINE",
    };
    const graph = buildGraph(input);
    const program = engine.compile(graph, {
      backend,
      mode: databaseMode,
      transferPolicy: engineCase.transferPolicy ?? "aggressive",
      roofline: rooflineOf(system, backend),
    });
    const version = tables?.directory.identity.version ?? "builtin";
    const refinedCurve = this.#source.powerCurves?.get(system.name);
    return new EngineEstimator({
      engineCase,
      program,
      dataVersion: version,
      ...(refinedCurve === undefined ? {} : { refinedCurve }),
      memory: {
        model,
        layout,
        system,
        backend,
        version,
        kv: quant.kv,
        weightBytes: graph.weightBytes,
        capacityWeightBytes: buildGraph({
          ...input,
          quant: { ...quant, gemmNamed: engineCase.quant?.gemm !== undefined },
          largeExpertParallel: false,
        }).weightBytes,
        nextn,
      },
    });
  }

  async #engine(
    engineCase: EngineCase,
    limit?: Limit,
  ): Promise<Engine> {
    const { system, backend, backendVersion, databaseMode } = engineCase;
    const key = databaseMode === "ROOFLINE"
      ? `${system}|roofline`
      : `${system}|${backend}|${backendVersion ?? ""}|${
        limit?.limitWatts ?? ""
      }`;
    const open = await kept(
      this.#engines,
      key,
      MOST_ENGINES,
      () => this.#load(engineCase, limit),
    );
    if (open.programCount < MOST_PROGRAMS) return open;
    this.#engines.delete(key);
    return await this.#engine(engineCase, limit);
  }

  async #load(
    engineCase: EngineCase,
    limit: Limit | undefined,
  ): Promise<Engine> {
    const { system, backend, backendVersion, databaseMode } = engineCase;
    if (databaseMode === "ROOFLINE") {
      return new Engine(
        this.#module,
        { system: this.#builtinSystem(system) },
        this.#powerSources([]),
      );
    }
    this.#checkSystem(system);
    if (limit && this.#source.readLimitPack) {
      const { identity, limitWatts } = limit;
      // Watts of other versions belong to their own limits: nothing is borrowed.
      return new Engine(
        this.#module,
        await this.#source.readLimitPack(identity, limitWatts),
        this.#powerSources([]),
      );
    }
    const pack = await this.#source.readPack(system, backend, backendVersion);
    const donors = await this.#source.readPowerDonors?.(
      pack.directory.identity,
    );
    return new Engine(this.#module, pack, this.#powerSources(donors ?? []));
  }

  #powerSources(donors: readonly LoadedPack[]): PowerSources {
    const { powerModel } = this.#source;
    return powerModel === undefined
      ? { donors }
      : { donors, model: powerModel };
  }

  #builtinSystem(name: string): SystemSpec {
    const found = Object.hasOwn(BUILTIN_SYSTEMS, name)
      ? BUILTIN_SYSTEMS[name]
      : undefined;
    if (found !== undefined) return found;
    throw this.#unknownSystem(name, Object.keys(BUILTIN_SYSTEMS));
  }

  #checkSystem(name: string): void {
    if (!this.systemNames().includes(name)) {
      throw this.#unknownSystem(name, this.systemNames());
    }
  }

  #unknownSystem(name: string, known: readonly string[]): WattkeeperError {
    return new WattkeeperError(
      "unknown_system",
      `Unknown system "${name}": the nearest known ones are ${
        nearestNames(name, known).join(", ") || known.join(", ")
      }.`,
      { where: "system", remedy: "Run `data list` for all known systems." },
    );
  }
}

/** What a bounded map holds under a key, made when it is not there; least recently used entries leave. */
function kept<T>(
  map: Map<string, Promise<T>>,
  key: string,
  most: number,
  make: () => Promise<T>,
): Promise<T> {
  const made = map.get(key) ?? make();
  map.delete(key);
  map.set(key, made);
  // A failure is told to everyone who waits, and asked anew next time.
  made.catch(() => map.delete(key));
  for (const oldest of map.keys()) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
  return made;
}

function checkDrafts(nextn: number, { family }: ModelSpec): void {
  if (nextn !== 0 && family === "GPT") {
    throw new WattkeeperError(
      "invalid_value",
      `The graph GPT drafts no tokens: nextn must be 0, found ${nextn}.`,
      { where: "nextn" },
    );
  }
  if (Number.isSafeInteger(nextn) && nextn >= 0 && nextn <= 64) return;
  throw new WattkeeperError(
    "invalid_value",
    `nextn must be an integer from 0 to 64, found ${nextn}.`,
    { where: "nextn" },
  );
}

/** Attention modes of prefill that the tables hold together with a KV mode. */
function fmhaModes(
  tables: Tables | undefined,
  model: ModelSpec,
  { backend, databaseMode }: EngineCase,
  kv: string | undefined,
): ReadonlySet<string> {
  if (tables === undefined) return new Set();
  // EMPIRICAL and SOL read no source but the primary one.
  const primaryOnly = databaseMode === "EMPIRICAL" || databaseMode === "SOL";
  const keys = (table: PackTable) =>
    tables.of(table)
      .filter((slice) => !primaryOnly || slice.primaryLeaves > 0)
      .map(({ key }) => key);
  // A context-attention key begins with its lane, a latent one with the mode.
  const modes = model.mla !== undefined && backend !== "vllm"
    ? [...keys("context_mla"), ...keys("mla_context_module")]
    : keys("context_attention").map((key) => key.slice(1));
  return new Set(
    modes
      .filter((key) => kv === undefined || key[1] === kv)
      .map((key) => String(key[0])),
  );
}

/** Cross-node experts need all-to-all tables (§5.10): with them other operators, without them a refusal. */
function largeExpertParallel(
  engineCase: EngineCase,
  model: ModelSpec,
  { system, tables }: Engine,
): boolean {
  const { layout, databaseMode, model: name, system: systemName } = engineCase;
  if (!isMoeFamily(model.family) || layout.moeEp <= system.gpusPerNode) {
    return false;
  }
  if (databaseMode === "ROOFLINE") return false;
  if (layout.moeTp !== 1) {
    throw new WattkeeperError(
      "invalid_layout",
      `moe_ep = ${layout.moeEp} spans nodes of ${system.gpusPerNode} GPUs and then needs moe_tp = 1, found ${layout.moeTp}.`,
      { where: "moe_tp" },
    );
  }
  if (
    tables !== undefined &&
    coversLargeExpertParallel({ tables, system, model, engineCase })
  ) return true;
  throw new WattkeeperError(
    "not_measured",
    `moe_ep = ${layout.moeEp} of "${name}" spans nodes of ${system.gpusPerNode} GPUs, and the tables of ` +
      `${systemName} hold no all-to-all for it.`,
    { where: "moe_ep" },
  );
}

export type { QuantChoice };
