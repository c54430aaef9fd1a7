/** What is recorded of a scenario at the end of each tick: the one list that schema, assertions, CSV and docs share. @module */

/** A recorded value; null is unknown, which is never zero. */
export type SnapshotValue = number | boolean | string | null;

interface FieldFacts {
  readonly kind: "number" | "boolean" | "string";
  /** Grows only; its change within a tick is `<name>` of a counter assertion with `per_tick`. */
  readonly counter?: true;
  /** Meaning and unit, for the docs. */
  readonly says: string;
}

const number = (says: string): FieldFacts => ({ kind: "number", says });
const counter = (says: string): FieldFacts => ({
  kind: "number",
  counter: true,
  says,
});
const boolean = (says: string): FieldFacts => ({ kind: "boolean", says });
const text = (says: string): FieldFacts => ({ kind: "string", says });

/** Every field by its name in assertions and in the CSV; those of the usual test-bed first. */
export const SNAPSHOT_FIELDS = {
  tick: number("number of the tick, from 0"),
  n_p: number("prefill replicas that serve"),
  n_d: number("decode replicas that serve"),
  cap_p: number("highest limit in force on a prefill GPU that runs, watts"),
  cap_d: number("highest limit in force on a decode GPU that runs, watts"),
  observed_ttft_s: number("TTFT as the source told it, seconds"),
  observed_itl_s: number("ITL as the source told it, seconds"),
  observed_power_w_p: number("draw of a prefill GPU as told, watts"),
  observed_power_w_d: number("draw of a decode GPU as told, watts"),
  observed_capacity_tps: number("input and output tokens/s as told"),
  c_ttft: number("coefficient of TTFT"),
  c_itl: number("coefficient of ITL"),
  c_power_p: number("coefficient of prefill watts"),
  c_power_d: number("coefficient of decode watts"),
  estimated_throughput: number(
    "input and output tokens/s that the plan predicts",
  ),
  consecutive_violation_ticks: number("drifting ticks in a row"),
  projected_w: number("Σ replicas × GPUs × caps of the decision, watts"),
  budget_w: number("budget of the configuration in force, watts"),
  sweep_fired: boolean("drift started a search in this tick"),
  sla_violated: boolean("told TTFT or ITL above its target"),
  capacity_exceeded: boolean(
    "told tokens/s above the plan's by the drift threshold",
  ),
  cap_clamped_min: counter(
    "decisions with a wish below what the GPU takes, by side",
  ),
  cap_clamped_max: counter(
    "decisions with a wish above what the GPU takes, by side",
  ),
  optimizer_exceptions: counter("searches that threw"),
  correction_pegged: text("coefficients at a limit, with commas"),
  admission_partial_failures: counter(
    "posts of thresholds that a frontend refused",
  ),
  n_oscillations: counter("turns of direction of a side's target"),
  mocker_active_p: number("prefill replicas that serve, under its replay name"),
  mocker_active_d: number("decode replicas that serve, under its replay name"),
  mocker_kv_hit_rate: number("share of input tokens found in a cache"),
  at_s: number("end of the tick, seconds since the start"),
  n_agg: number("aggregated replicas that serve"),
  target_p: number("prefill replicas that the scaler is set to"),
  target_d: number("decode replicas that the scaler is set to"),
  target_agg: number("aggregated replicas that the scaler is set to"),
  cap_agg: number("highest limit on an aggregated GPU that runs, watts"),
  lowest_cap_w: number("lowest limit on a GPU that runs, watts"),
  highest_cap_w: number("highest limit on a GPU that runs, watts"),
  wanted_cap_p: number("cap of the decision for prefill, watts"),
  wanted_cap_d: number("cap of the decision for decode, watts"),
  c_power_agg: number("coefficient of aggregated watts"),
  limits_w: number("Σ limits of GPUs that run or can start, watts (R41)"),
  peak_limits_w: number("highest Σ limits at an event of the tick, watts"),
  draw_w: number("Σ true draw, watts"),
  peak_draw_w: number("highest Σ true draw at an event of the tick, watts"),
  allowed_w: number("budget in force for R41, watts"),
  violations: counter("events at which Σ limits passed the budget in force"),
  draw_violations: counter("events at which Σ draw passed it"),
  true_power_w_p: number("what a prefill GPU would draw without a cap, watts"),
  true_power_w_d: number("what a decode GPU would draw without a cap, watts"),
  served_tps: number("true input and output tokens/s served in the tick"),
  demand_tps: number("true input and output tokens/s asked in the tick"),
  utilisation: number("true share of the decode capacity in use"),
  refused_gpus: number(
    "GPUs whose agent reports a limit that it could not set",
  ),
  waiting_pods: number("pods that wait in their gate"),
  charged_w: number("Σ charges of the ledger, watts"),
  compliant: boolean("the ledger is within the newest budget (C16)"),
  settled: boolean("everything is as decided, and confirmed"),
  sweep_trigger: text("what started the last search of the tick"),
  searches: counter("searches"),
  optimizer: text("off, enabled or disabled"),
  disabled_reason: text("why the optimizer is off for the rest of the run"),
  optimizer_failures: counter("searches without an answer"),
  decisions: counter("decisions"),
  planners_up: number("planner processes that run"),
  epoch: number("epoch of the Lease"),
  waits: text("kinds of waits of the last look, with commas"),
  alarms: text("kinds of alarms of the last look, with commas"),
  source_problems: text("kinds of problems of the last window, with commas"),
  writes: counter("writes that reached the API server"),
  posts: counter("posts of thresholds that a frontend took"),
  free_watts: number("budget in force less Σ limits, watts"),
} as const satisfies Readonly<Record<string, FieldFacts>>;

/** Name of a field. */
export type SnapshotField = keyof typeof SNAPSHOT_FIELDS;

/** Every field name, in the order of the CSV. */
export const SNAPSHOT_NAMES = Object.keys(SNAPSHOT_FIELDS) as SnapshotField[];

/** Fields that only grow. */
export const COUNTER_NAMES = SNAPSHOT_NAMES.filter((name) =>
  "counter" in SNAPSHOT_FIELDS[name]
);

/** One tick. */
export type Snapshot = Readonly<Record<SnapshotField, SnapshotValue>>;

/** Whether a text names a field. */
export function isSnapshotField(name: string): name is SnapshotField {
  return Object.hasOwn(SNAPSHOT_FIELDS, name);
}
