/** What a fleet search is asked (R16, R16a). @module */

import type {
  DatabaseMode,
  EngineCase,
  Layout,
  QuantOverride,
} from "../estimate_case.ts";

/** Which kinds of fleet are searched; `best` is disagg or agg, whichever is better. */
export type FleetMode = "disagg" | "agg" | "best" | "prefill" | "decode";

/** One kind of worker. */
export type WorkerSide = "prefill" | "decode" | "agg";

/** A value for each side that is there. */
export type BySide<Value> = Readonly<Partial<Record<WorkerSide, Value>>>;

/** The engines that a search chooses from: opened once, searched many times. */
export interface FleetSpace {
  readonly model: string;
  readonly system: string;
  readonly backend: string;
  readonly backendVersion?: string;
  /** Absent: SILICON over imported tables, else the built-in roofline. */
  readonly databaseMode?: DatabaseMode;
  readonly transferPolicy?: NonNullable<EngineCase["transferPolicy"]>;
  readonly quant?: QuantOverride;
  readonly nextn?: number;
  readonly mode: FleetMode;
  /** Layouts given by the user; a side without one is searched over `aic-engine.md` §11.2. */
  readonly pins?: BySide<Layout>;
  /** No layout is opened that occupies more. */
  readonly totalGpus?: number;
}

/** How caps are chosen. */
export type CapChoice =
  /** Each side at the lowest cap that costs nothing (R10). */
  | { readonly kind: "own_draw" }
  /** Any whole-watt cap that R17 allows. */
  | { readonly kind: "free" }
  /** No caps; GPUs are charged their own draw, as `own_draw` would cap it. */
  | { readonly kind: "none" }
  /** Given watts per GPU; a side without a value is at its own draw. */
  | { readonly kind: "fixed"; readonly watts: BySide<number> };

/** AIC's correction factors (`aic-engine.md` §7.4, §7.5), each named in the answer's provenance. */
export interface Corrections {
  readonly prefillLatency: number;
  /** What a request waits in front of its prefill; 1 also takes the queueing of aggregated serving away. */
  readonly ttftQueueing: number;
  readonly decodeLatency: number;
  readonly prefillRate: number;
  readonly decodeRate: number;
  /** Dispatch overhead of aggregated serving on vllm, ms a layer. */
  readonly vllmDispatchMsPerLayer: number;
}

/** The factors that AIC applies. */
export const AIC_CORRECTIONS: Corrections = {
  prefillLatency: 1.1,
  ttftQueueing: 1.8,
  decodeLatency: 1.08,
  prefillRate: 0.9,
  decodeRate: 0.92,
  vllmDispatchMsPerLayer: 0.8,
};

/** The model's bare estimates. */
export const NO_CORRECTIONS: Corrections = {
  prefillLatency: 1,
  ttftQueueing: 1,
  decodeLatency: 1,
  prefillRate: 1,
  decodeRate: 1,
  vllmDispatchMsPerLayer: 0,
};

/** Live coefficients (R14); every gate uses max(1, c). */
export interface SearchCoefficients {
  readonly ttft: number;
  readonly itl: number;
  readonly power: BySide<number>;
}

/** One search. */
export interface FleetQuery {
  /** Input and output tokens of a request, and how many input tokens are cached. */
  readonly isl: number;
  readonly osl: number;
  readonly prefix?: number;
  readonly ttftMs: number;
  readonly itlMs: number;
  readonly totalGpus?: number;
  /** Σ caps × GPUs must not pass this. */
  readonly budgetWatts?: number;
  /** Requests a second worth serving; absent: unlimited. */
  readonly requestRate?: number;
  readonly objective?: "throughput" | "efficiency";
  readonly caps: CapChoice;
  readonly coefficients?: SearchCoefficients;
  readonly corrections?: Corrections;
  readonly floors?: BySide<number>;
  readonly ceilings?: BySide<number>;
  /** Upper limits of the implied admission thresholds (R18), 0…1. */
  readonly maxThetaPrefill?: number;
  readonly maxThetaDecode?: number;
  /** Range of the GPU's cap where it is known better than the built-in table. */
  readonly capRange?: { readonly minWatts: number; readonly maxWatts: number };
  /** Searches caps down to the SKU's lowest, beyond what the curves were measured for (R17). */
  readonly allowUnmeasuredCaps?: boolean;
  /** Only replicas that run this batch, and, aggregated, this many prompt tokens in a mixed step. */
  readonly operatingPoint?: {
    readonly batchSize: number;
    readonly contextTokens?: number;
  };
  /** Pairs of layouts that are ranked. */
  readonly top?: number;
}
