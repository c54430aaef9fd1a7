/** The validated configuration as the planner's code sees it: camel case, units in names. @module */

import type { PredictorSettings } from "../predict/mod.ts";

/** Parallel sizes of one side as deployed. */
export interface EnginePick {
  readonly tp: number;
  readonly pp: number;
  readonly dp: number;
  readonly moeTp: number;
  readonly moeEp: number;
  /** GPUs of one replica: tp × pp × dp. */
  readonly gpus: number;
}

/** The engine that the performance model estimates. */
export interface EngineChoice {
  readonly system: string;
  readonly backend: string;
  readonly backendVersion: string | undefined;
  readonly model: string;
  /** The model is the path of a config.json, not a known name. */
  readonly modelIsPath: boolean;
  /** Input and output tokens of a request before traffic says otherwise. */
  readonly islTokens: number;
  readonly oslTokens: number;
  readonly prefill: EnginePick | undefined;
  readonly decode: EnginePick | undefined;
}

/** What is deployed. */
export type Mode = "disagg" | "agg" | "prefill" | "decode";

/** Power settings; present only with `enable_power_awareness`. */
export interface PowerConfig {
  readonly budgetWatts: number;
  /** Caps while the optimizer does not set them, watts per GPU. */
  readonly prefillCapWatts: number | undefined;
  readonly decodeCapWatts: number | undefined;
  readonly safeDefaultWatts: number;
  readonly capOwner: "planner" | "deployment";
  readonly clamp: "exact" | "compatible";
  readonly belowFloor: "shed" | "hold_floor";
  readonly startMode: "gate" | "prearm" | "none";
}

/** Optimizer settings; `aic_*` of the file. */
export interface OptimizerConfig {
  readonly enabled: boolean;
  readonly system: string | undefined;
  readonly reoptimizeIntervalSeconds: number;
  readonly driftRelativeThreshold: number;
  readonly driftConsecutiveTicks: number;
  readonly initialCoefficients: {
    readonly powerPrefill: number;
    readonly powerDecode: number;
    readonly powerAgg: number;
    readonly ttft: number;
    readonly itl: number;
  };
  readonly maxConsecutiveFailures: number;
  readonly throughputRegressionWarnThreshold: number;
  readonly objective: "throughput" | "efficiency";
}

/** Admission settings (R18). */
export interface AdmissionConfig {
  readonly mode: "off" | "inherit" | "autoset";
  readonly safetyMargin: number;
  readonly frontendHttpPort: number;
  readonly maxThetaPrefill: number | undefined;
  readonly maxThetaDecode: number | undefined;
}

/** How Prometheus is reached. */
export interface PrometheusConfig {
  readonly url: string;
  readonly bearerToken: string | undefined;
  readonly bearerTokenFile: string | undefined;
  readonly caBundle: string | undefined;
  readonly verify: boolean;
  readonly extraQueryParams: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  /** How often the deployment is scraped; absent: seen from the samples. */
  readonly scrapeIntervalSeconds: number | undefined;
  readonly source: "frontend" | "router";
}

/** A pair of thresholds of load scaling. */
export interface ScalingBand {
  readonly up: number;
  readonly down: number;
}

/** Settings of throughput and load scaling beyond their switches. */
export interface ScalingConfig {
  /** What load scaling aims at: the latency targets, or one of upstream's easy modes (`optimization_target`). */
  readonly target: "sla" | "throughput" | "latency" | "load";
  /** Most replicas by which one throughput decision changes a side; absent: no limit (`max_throughput_scaling_replicas`). */
  readonly maxReplicaChange: number | undefined;
  /** Share of the latency target that a step down may use up, 0…1 (`load_scaling_down_sensitivity` ÷ 100). */
  readonly downSensitivity: number;
  /** Samples before load scaling trusts its fit (`load_min_observations`). */
  readonly minObservations: number;
  /** Samples that are kept for each side (`max_num_fpm_samples`). */
  readonly maxSamples: number;
  /** Buckets of those samples, a perfect square (`fpm_sample_bucket_size`). */
  readonly sampleBuckets: number;
  /** Target `load`: queued prefill tokens of one engine. */
  readonly prefillQueueTokens: ScalingBand | undefined;
  /** Target `load`: share of the KV capacity of one engine, 0…1. */
  readonly decodeKvShare: ScalingBand | undefined;
  /** Drafted tokens a step of speculative decoding; 0: none (`speculative_nextn`). */
  readonly draftTokens: number;
}

/** When the loop runs. */
export interface SchedulingConfig {
  /** Time between two runs: a divisor of the enabled intervals. */
  readonly scaleIntervalSeconds: number;
  readonly tickMaxDurationSeconds: number;
}

/** What the planner serves itself. */
export interface ServiceConfig {
  /** 127.0.0.1 only; absent: off. */
  readonly controlApi: ControlApiConfig | undefined;
  /** Port of `/metrics`; absent: off. */
  readonly metricsPort: number | undefined;
}

/** The runtime control API; there only with a token. */
export interface ControlApiConfig {
  readonly port: number;
  readonly token: string | undefined;
  /** Read again at every request; wins over the token. */
  readonly tokenFile: string | undefined;
}

/** A configuration without a known problem. */
export interface PlannerConfig {
  readonly mode: Mode;
  readonly environment: "kubernetes" | "virtual" | "simulated";
  readonly namespace: string | undefined;
  /** Dynamo's own namespace: what is written, else namespace-dgdName. */
  readonly dynamoNamespace: string | undefined;
  readonly dgdName: string | undefined;
  readonly servedModelName: string | undefined;
  readonly paused: boolean;
  readonly advisory: boolean;
  readonly ttftMs: number;
  readonly itlMs: number;
  /** Fewest replicas of each side; `agg` is the floor of aggregated workers. */
  readonly floors: {
    readonly prefill: number;
    readonly decode: number;
    readonly agg: number;
  };
  /** Absent: no limit. */
  readonly maxGpus: number | undefined;
  readonly minGpus: number | undefined;
  /** GPUs of one replica where known: from the pick, else from `*_engine_num_gpu`. */
  readonly gpusPerReplica: {
    readonly prefill: number | undefined;
    readonly decode: number | undefined;
  };
  readonly throughputIntervalSeconds: number;
  readonly loadIntervalSeconds: number;
  readonly throughputScaling: boolean;
  readonly loadScaling: boolean;
  /** Absent: the defaults of `planner/core/settings.ts`. */
  readonly scaling?: Partial<ScalingConfig>;
  readonly scheduling: SchedulingConfig;
  readonly predictor: "constant" | "arima" | "kalman" | "ets" | "seasonal";
  readonly predictorSettings: PredictorSettings;
  readonly predictorWarmupTrace: string | undefined;
  readonly trafficSource: "prometheus" | "trace" | "simulated";
  readonly traceFile: string | undefined;
  /** Absent: power awareness is off. */
  readonly power: PowerConfig | undefined;
  readonly optimizer: OptimizerConfig;
  /** Absent: no performance model. */
  readonly engine: EngineChoice | undefined;
  readonly admission: AdmissionConfig;
  readonly prometheus: PrometheusConfig;
  readonly service: ServiceConfig;
}
