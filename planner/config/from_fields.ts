/** From the names of the file to the names of the code. Only values that passed every rule come here. @module */

import type { EngineFields, PickFields } from "./engine_fields.ts";
import type { Fields } from "./fields.ts";
import { scaleInterval, scalingModes, scalingOf } from "./scaling_fields.ts";
import type {
  EngineChoice,
  EnginePick,
  PlannerConfig,
} from "./planner_config.ts";

/** GPUs of one replica of a pick: `num_gpus`, which the rules hold equal to tp × pp × dp. */
export function gpusOf(pick: PickFields): number {
  return pick.num_gpus ?? pick.tp * pick.pp * pick.dp;
}

function pickOf(pick: PickFields): EnginePick {
  return {
    tp: pick.tp,
    pp: pick.pp,
    dp: pick.dp,
    moeTp: pick.moe_tp,
    moeEp: pick.moe_ep,
    gpus: gpusOf(pick),
  };
}

function engineOf(engine: EngineFields, fields: Fields): EngineChoice {
  return {
    system: engine.system,
    backend: engine.backend ?? fields.backend ?? "",
    backendVersion: engine.backend_version,
    model: engine.hf_id ?? engine.model_config ?? "",
    modelIsPath: engine.hf_id === undefined,
    islTokens: engine.isl ?? fields.isl,
    oslTokens: engine.osl ?? fields.osl,
    prefill: engine.prefill_pick && pickOf(engine.prefill_pick),
    decode: engine.decode_pick && pickOf(engine.decode_pick),
  };
}

/** Builds the configuration of the code from valid fields. */
export function fromFields(fields: Fields): PlannerConfig {
  const engine = fields.aic_interpolation &&
    engineOf(fields.aic_interpolation, fields);
  return {
    mode: fields.mode,
    environment: fields.environment,
    namespace: fields.namespace,
    dynamoNamespace: fields.dynamo_namespace ??
      (fields.namespace !== undefined && fields.dgd_name !== undefined
        ? `${fields.namespace}-${fields.dgd_name}`
        : undefined),
    dgdName: fields.dgd_name,
    servedModelName: fields.served_model_name,
    paused: fields.paused,
    advisory: fields.advisory,
    ttftMs: fields.ttft_ms,
    itlMs: fields.itl_ms,
    floors: {
      prefill: fields.prefill_min_endpoint ?? fields.min_endpoint,
      decode: fields.decode_min_endpoint ?? fields.min_endpoint,
      agg: fields.min_endpoint,
    },
    maxGpus: fields.max_gpu_budget === -1 ? undefined : fields.max_gpu_budget,
    minGpus: fields.min_gpu_budget === -1 ? undefined : fields.min_gpu_budget,
    gpusPerReplica: {
      prefill: engine?.prefill?.gpus ?? fields.prefill_engine_num_gpu,
      decode: engine?.decode?.gpus ?? fields.decode_engine_num_gpu,
    },
    throughputIntervalSeconds: fields.throughput_adjustment_interval_seconds,
    loadIntervalSeconds: fields.load_adjustment_interval_seconds,
    ...scalingModes(fields),
    scaling: scalingOf(fields),
    scheduling: {
      scaleIntervalSeconds: scaleInterval(fields),
      tickMaxDurationSeconds: fields.scheduling.tick_max_duration_seconds,
    },
    predictor: fields.load_predictor,
    predictorSettings: {
      windowSeconds: fields.throughput_adjustment_interval_seconds,
      log1p: fields.load_predictor_log1p,
      fitWindows: fields.load_predictor_window_size,
      kalman: {
        qLevel: fields.kalman_q_level,
        qTrend: fields.kalman_q_trend,
        r: fields.kalman_r,
        minPoints: fields.kalman_min_points,
      },
    },
    predictorWarmupTrace: fields.load_predictor_warmup_trace,
    trafficSource: fields.traffic_source,
    traceFile: fields.trace_file,
    power: powerOf(fields),
    optimizer: {
      enabled: fields.enable_aic_optimizer,
      system: fields.aic_system ?? engine?.system,
      reoptimizeIntervalSeconds: fields.aic_reoptimize_interval,
      driftRelativeThreshold: fields.aic_drift_relative_threshold,
      driftConsecutiveTicks: fields.aic_drift_consecutive_ticks,
      initialCoefficients: {
        powerPrefill: fields.aic_initial_c_power_prefill,
        powerDecode: fields.aic_initial_c_power_decode,
        powerAgg: fields.aic_initial_c_power_agg,
        ttft: fields.aic_initial_c_ttft,
        itl: fields.aic_initial_c_itl,
      },
      maxConsecutiveFailures: fields.aic_max_consecutive_failures,
      throughputRegressionWarnThreshold:
        fields.aic_throughput_regression_warn_threshold,
      objective: fields.picker_objective,
    },
    engine,
    admission: {
      mode: fields.admission_mode,
      safetyMargin: fields.admission_safety_margin,
      frontendHttpPort: fields.frontend_http_port,
      maxThetaPrefill: fields.admission_max_theta_prefill,
      maxThetaDecode: fields.admission_max_theta_decode,
    },
    prometheus: {
      url: fields.prometheus_url,
      bearerToken: fields.prometheus_bearer_token,
      bearerTokenFile: fields.prometheus_bearer_token_file,
      caBundle: fields.prometheus_ca_bundle,
      verify: fields.prometheus_verify ||
        fields.prometheus_ca_bundle !== undefined,
      extraQueryParams: fields.prometheus_extra_query_params,
      timeoutSeconds: fields.prometheus_timeout_seconds,
      scrapeIntervalSeconds: fields.prometheus_scrape_interval_seconds,
      source: fields.prometheus_source,
    },
    service: serviceOf(fields),
  };
}

function powerOf(fields: Fields): PlannerConfig["power"] {
  const budgetWatts = fields.total_gpu_power_limit;
  const safeDefaultWatts = fields.power_agent_safe_default_watts;
  if (
    !fields.enable_power_awareness || budgetWatts === undefined ||
    safeDefaultWatts === undefined
  ) return undefined;
  return {
    budgetWatts,
    prefillCapWatts: fields.prefill_engine_gpu_power_limit,
    decodeCapWatts: fields.decode_engine_gpu_power_limit,
    safeDefaultWatts,
    capOwner: fields.power_cap_owner,
    clamp: fields.power_clamp,
    belowFloor: fields.budget_below_floor,
    startMode: fields.start_mode,
  };
}

function serviceOf(fields: Fields): PlannerConfig["service"] {
  const { control_api_port: port, control_api_token_file: tokenFile } = fields;
  const token = fields.control_api_token;
  const isOff = port === 0 || (token === undefined && tokenFile === undefined);
  const metricsPort = fields.metric_reporting_prometheus_port;
  return {
    controlApi: isOff ? undefined : { port, token, tokenFile },
    metricsPort: metricsPort === 0 ? undefined : metricsPort,
  };
}
