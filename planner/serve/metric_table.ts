/** Every metric of the planner as data: name, type, labels, help (`reference-planner.md` §13, naming rule of SPEC §6). @module */

/** Prefix of every name. */
export const METRIC_PREFIX = "dynamo_planner_";

/** One metric. */
export interface MetricRow {
  /** Without {@linkcode METRIC_PREFIX}. */
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly help: string;
  /** Histograms only. */
  readonly buckets?: readonly number[];
}

const gauge = (name: string, help: string, labels: readonly string[] = []) =>
  ({ name, type: "gauge", labels, help }) as const satisfies MetricRow;
const counter = (name: string, help: string, labels: readonly string[] = []) =>
  ({ name, type: "counter", labels, help }) as const satisfies MetricRow;

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30];

/** Names of upstream that say what they hold stay; the others are in {@linkcode LEGACY_METRICS}. */
export const METRICS = {
  // Fleet.
  numPrefillReplicas: gauge(
    "num_prefill_replicas",
    "Prefill replicas that serve.",
  ),
  numDecodeReplicas: gauge(
    "num_decode_replicas",
    "Decode replicas that serve.",
  ),
  numAggReplicas: gauge("num_agg_replicas", "Aggregated replicas that serve."),
  targetReplicas: gauge(
    "target_replicas",
    "Replicas of the last decision.",
    ["side"],
  ),
  proposedReplicas: gauge(
    "proposed_replicas",
    "Replicas that demand alone asked for in the last decision.",
    ["side"],
  ),
  targetCapWatts: gauge(
    "target_cap_watts",
    "Cap of each GPU in the last decision, watts.",
    ["side"],
  ),
  gpuHours: counter(
    "gpu_hours_total",
    "GPU hours of serving replicas since the process started.",
  ),
  // Traffic.
  observedTtft: gauge(
    "observed_ttft_ms",
    "Mean time to first token of the last window, milliseconds.",
  ),
  observedItl: gauge(
    "observed_itl_ms",
    "Mean inter-token latency of the last window, milliseconds.",
  ),
  observedRequests: gauge(
    "observed_requests_per_second",
    "Requests per second of the last window.",
  ),
  observedDuration: gauge(
    "observed_request_duration_seconds",
    "Mean duration of a request in the last window, seconds.",
  ),
  observedIsl: gauge(
    "observed_input_sequence_tokens",
    "Mean input tokens of a request in the last window.",
  ),
  observedOsl: gauge(
    "observed_output_sequence_tokens",
    "Mean output tokens of a request in the last window.",
  ),
  observedPower: gauge(
    "observed_power_watts",
    "Draw of all GPUs of the deployment in the last window, watts.",
  ),
  predictedRequests: gauge(
    "predicted_requests_per_second",
    "Requests per second expected in the next window.",
  ),
  predictedIsl: gauge(
    "predicted_input_sequence_tokens",
    "Mean input tokens expected in the next window.",
  ),
  predictedOsl: gauge(
    "predicted_output_sequence_tokens",
    "Mean output tokens expected in the next window.",
  ),
  prefillCapacity: gauge(
    "engine_prefill_capacity_requests_per_second",
    "Requests per second of one prefill replica within the targets.",
  ),
  decodeCapacity: gauge(
    "engine_decode_capacity_requests_per_second",
    "Requests per second of one decode replica within the targets.",
  ),
  aggCapacity: gauge(
    "engine_agg_capacity_requests_per_second",
    "Requests per second of one aggregated replica within the targets.",
  ),
  capacity: gauge(
    "capacity_requests_per_second",
    "Requests per second that the targets sustain.",
  ),
  sloTtft: gauge(
    "sla_target_ttft_ms",
    "Target for the time to first token, milliseconds.",
  ),
  sloItl: gauge(
    "sla_target_itl_ms",
    "Target for the inter-token latency, milliseconds.",
  ),
  estimatedTtft: gauge(
    "estimated_ttft_ms",
    "Time to first token that the targets should give, milliseconds.",
  ),
  estimatedItl: gauge(
    "estimated_itl_ms",
    "Inter-token latency that the targets should give, milliseconds.",
  ),
  queuedPrefill: gauge(
    "engine_queued_prefill_tokens",
    "Prefill tokens that wait at an engine.",
    ["worker_id", "dp_rank"],
  ),
  queuedDecode: gauge(
    "engine_queued_decode_kv_tokens",
    "KV tokens of decodes that wait at an engine.",
    ["worker_id", "dp_rank"],
  ),
  inflightDecode: gauge(
    "engine_inflight_decode_kv_tokens",
    "KV tokens of decodes that an engine works on.",
    ["worker_id", "dp_rank"],
  ),
  // Watts.
  budget: gauge(
    "power_budget_total_watts",
    "Configured power budget, watts.",
  ),
  budgetInForce: gauge(
    "power_budget_in_force_watts",
    "Budget that the ledger enforces, watts: never above the configured one.",
  ),
  projected: gauge(
    "power_projected_watts",
    "Caps × GPUs of the targets, watts.",
  ),
  utilization: gauge(
    "power_budget_utilization",
    "Caps × GPUs of the targets as a share of the configured budget.",
  ),
  charged: gauge(
    "power_charged_watts",
    "What the GPUs may draw at most right now by the ledger, watts.",
  ),
  chargedBySide: gauge(
    "power_charged_side_watts",
    "The same by side; `unknown` are GPUs of no known pod.",
    ["side"],
  ),
  headroom: gauge(
    "power_headroom_watts",
    "Budget in force less charged watts.",
  ),
  overBudget: gauge(
    "over_budget_watts",
    "Watts that are charged beyond the configured budget.",
  ),
  compliant: gauge(
    "power_compliant",
    "1 while the ledger is within the newest budget.",
  ),
  complianceSeconds: {
    name: "power_time_to_compliance_seconds",
    type: "histogram",
    labels: [],
    help: "From a lower budget until the ledger was within it, seconds.",
    buckets: [1, 2, 5, 10, 15, 30, 60, 120, 300, 900],
  },
  missingWatts: gauge(
    "power_unreachable_missing_watts",
    "Watts that the targets lack for any safe path; 0 when there is one.",
  ),
  energy: counter(
    "energy_joules_total",
    "Energy of all GPUs of the deployment as observed, joules.",
  ),
  outputTokens: counter(
    "output_tokens_total",
    "Output tokens of the requests in the observed windows.",
  ),
  joulesPerToken: gauge(
    "joules_per_token",
    "Observed energy per output token in the last window, joules.",
  ),
  sheds: counter(
    "shed_replicas_total",
    "Replicas below their floor, added up over decisions in which the watts forced it.",
    ["side"],
  ),
  // Decisions.
  decisions: counter(
    "decisions_total",
    "Decisions made.",
    ["due"],
  ),
  reasons: counter(
    "decision_reasons_total",
    "Reasons of decisions.",
    ["reason"],
  ),
  lastDecision: gauge(
    "last_decision_timestamp_seconds",
    "When the last decision was made, seconds since 1970.",
  ),
  steps: counter(
    "steps_total",
    "Writes to the fleet.",
    ["kind", "purpose", "outcome"],
  ),
  pendingSteps: gauge(
    "withheld_steps",
    "Writes that are listed and not made while advisory or paused.",
  ),
  waits: gauge("waits", "What the transition waits for.", ["kind"]),
  settled: gauge(
    "transition_settled",
    "1 while the fleet is as the last decision says.",
  ),
  alarms: gauge("alarms", "Alarms that stand.", ["kind"]),
  alarmsRaised: counter("alarms_raised_total", "Alarms raised.", ["kind"]),
  tickSkipped: counter(
    "tick_skipped_total",
    "Ticks left out because the one before was not done.",
  ),
  tickTimeout: counter(
    "tick_timeout_total",
    "Decisions that did not come back in time.",
  ),
  tickDuration: {
    name: "tick_duration_seconds",
    type: "histogram",
    labels: [],
    help: "Time to decide, seconds.",
    buckets: SECONDS,
  },
  loadScaling: gauge(
    "load_scaling_decision",
    "1 for the outcome of load scaling in its last tick.",
    [`${METRIC_PREFIX}load_scaling_decision`],
  ),
  throughputScaling: gauge(
    "throughput_scaling_decision",
    "1 for the outcome of throughput scaling in its last tick.",
    [`${METRIC_PREFIX}throughput_scaling_decision`],
  ),
  lowerBound: gauge(
    "throughput_lower_bound_replicas",
    "Replicas that throughput scaling asks for at least while load scaling decides.",
    ["side"],
  ),
  // Optimizer.
  cTtft: gauge("aic_c_ttft", "Coefficient of the time to first token."),
  cItl: gauge("aic_c_itl", "Coefficient of the inter-token latency."),
  cPower: gauge(
    "aic_c_power",
    "Coefficient of the power of one kind of worker.",
    ["component"],
  ),
  pegged: counter(
    "aic_correction_pegged_total",
    "Updates of a coefficient that ended at a limit.",
    ["coefficient"],
  ),
  failuresInARow: gauge(
    "aic_consecutive_failures",
    "Searches without a configuration, in a row.",
  ),
  optimizerEnabled: gauge(
    "aic_optimizer_enabled",
    "1 while the optimizer searches; absent when it is not configured.",
  ),
  disabledReason: gauge(
    "aic_optimizer_disabled_reason",
    "1 for the reason for which the optimizer turned itself off.",
    ["reason"],
  ),
  searches: counter("aic_searches_total", "Searches made."),
  searchFailures: counter(
    "aic_search_failures_total",
    "Searches that gave no configuration.",
  ),
  exceptions: counter(
    "aic_optimizer_exceptions_total",
    "Searches that threw.",
  ),
  regressions: counter(
    "aic_throughput_regression_total",
    "Searches whose configuration promises less than the one before.",
  ),
  clamped: counter(
    "aic_power_w_clamped_total",
    "Searches in which the model's watts were not physical and TDP was used.",
    ["side"],
  ),
  // Admission.
  impliedThetaDecode: gauge(
    "admission_implied_theta_decode",
    "Decode admission threshold that the configuration implies, 0 to 1.",
  ),
  impliedThetaPrefill: gauge(
    "admission_implied_theta_prefill_frac",
    "Prefill admission threshold that the configuration implies, 0 to 1.",
  ),
  setThetaDecode: gauge(
    "admission_set_theta_decode",
    "Decode admission threshold for the frontends, margin applied.",
  ),
  setThetaPrefill: gauge(
    "admission_set_theta_prefill_frac",
    "Prefill admission threshold for the frontends, margin applied.",
  ),
  setThetaPrefillTokens: gauge(
    "admission_set_theta_prefill_abs",
    "The same in tokens of one prefill worker.",
  ),
  batchedTokensUnknown: counter(
    "admission_max_batched_tokens_unavailable_total",
    "Decisions without the threshold in tokens, because no worker says how many it batches.",
  ),
  admissionPosts: counter(
    "admission_posts_total",
    "Thresholds sent to a frontend: `set`, or why it did not take them.",
    ["outcome"],
  ),
  admissionPartial: counter(
    "admission_partial_success_total",
    "Times that some frontends took their thresholds and others did not.",
  ),
  admissionListFailed: counter(
    "admission_list_failed_total",
    "Times that the frontends could not be listed.",
  ),
  // The cluster; absent without one.
  apiRequests: counter(
    "kubernetes_requests_total",
    "Requests to the API server besides watches and the Lease, retries included.",
  ),
  apiLease: counter(
    "kubernetes_lease_requests_total",
    "Requests about the Lease.",
  ),
  apiThrottled: counter(
    "kubernetes_requests_throttled_total",
    "Requests that waited for their turn, or were answered with 429.",
  ),
  apiConflicts: counter(
    "kubernetes_conflicts_total",
    "Writes that found another version than they were made for.",
  ),
  apiLists: counter(
    "kubernetes_lists_total",
    "LISTs sent; a few an hour in steady state.",
    ["resource"],
  ),
  apiWatches: counter("kubernetes_watches_total", "Watches begun.", [
    "resource",
  ]),
  apiWatchAge: gauge(
    "kubernetes_watch_age_seconds",
    "Since the API server last proved to talk to us about a resource, seconds.",
    ["resource"],
  ),
  apiEvents: counter(
    "kubernetes_events_total",
    "Kubernetes Events: `written`, or `failed`.",
    ["outcome"],
  ),
  looks: counter("looks_total", "Looks at the fleet."),
  // The process.
  faults: gauge("fault", "1 while a part is at fault.", ["part"]),
  faultsRaised: counter("faults_raised_total", "Faults raised.", ["part"]),
  clockJumps: counter("clock_jumps_total", "Jumps of the wall clock seen."),
  generation: gauge(
    "configuration_generation",
    "Grows with every change of the configuration.",
  ),
  advisory: gauge("advisory", "1 while no write leaves the process."),
  paused: gauge("paused", "1 while paused."),
  leader: gauge("leader", "1 while the Lease is held; absent without a Lease."),
  streamClients: gauge("stream_readers", "Readers of the event stream."),
  streamDropped: counter(
    "stream_readers_dropped_total",
    "Readers of the event stream that were dropped because they were too slow.",
  ),
  residentMemory: gauge(
    "process_resident_memory_bytes",
    "Resident memory of the process, bytes.",
  ),
  cpuSeconds: counter(
    "process_cpu_seconds_total",
    "Processor time of the process, seconds.",
  ),
  startTime: gauge(
    "process_start_time_seconds",
    "When the process started, seconds since 1970.",
  ),
} satisfies Record<string, MetricRow>;

/** Key of a metric in the code. */
export type MetricKey = keyof typeof METRICS;

/** A name of upstream that misleads, exported with `--legacy-metric-names`. */
export interface LegacyRow {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly labels: readonly string[];
  readonly ours: MetricKey;
  /** Labels of ours that this one stands for. */
  readonly where?: Readonly<Record<string, string>>;
  /** What is misleading about it. */
  readonly because: string;
}

/** Upstream's old names and what is exported under them. */
export const LEGACY_METRICS: readonly LegacyRow[] = [
  {
    name: "predicted_num_prefill_replicas",
    type: "gauge",
    labels: [],
    ours: "targetReplicas",
    where: { side: "prefill" },
    because: "it is the target after every limit, no prediction",
  },
  {
    name: "predicted_num_decode_replicas",
    type: "gauge",
    labels: [],
    ours: "targetReplicas",
    where: { side: "decode" },
    because: "it is the target after every limit, no prediction",
  },
  {
    name: "gpu_hours",
    type: "gauge",
    labels: [],
    ours: "gpuHours",
    because: "it only grows, so it is a counter",
  },
];
