/** What the planner answers, as far as the dashboard reads it (`docs/planner.openapi.yaml`). @module */

/** Which workers. */
export type Side = "prefill" | "decode" | "agg";

type Watts = number | null;

/** `/api/v1/state`. */
export interface PlannerStateView {
  readonly version: string;
  readonly now_ms: number;
  readonly started_at_ms: number;
  readonly environment: string;
  readonly mode: string;
  readonly served_model_name: string | null;
  readonly advisory: boolean;
  readonly paused: boolean;
  readonly withheld: string | null;
  readonly next_tick_in_ms: number;
  readonly slo: { readonly ttft_ms: number; readonly itl_ms: number };
  readonly budget_watts: Watts;
  readonly last_decision_id: number | null;
  readonly sides: Readonly<Partial<Record<Side, SideView>>>;
  readonly snapshot: {
    readonly consistent: boolean;
    readonly pods: number;
    readonly reports: number;
    readonly leader: boolean | null;
  } | null;
  readonly transition: TransitionView | null;
  readonly nodes_total: number;
  readonly nodes: readonly NodeView[];
  readonly charges_total: number;
  readonly charges: readonly ChargeView[];
  readonly faults: readonly FaultView[];
}

/** One side. */
export interface SideView {
  readonly target_replicas: number;
  readonly ready_replicas: number | null;
  readonly starting_replicas: number | null;
  readonly rollout: string;
  readonly gpus_per_replica: number;
  readonly cap_watts: Watts;
}

/** What is under way. */
export interface TransitionView {
  readonly settled: boolean;
  readonly compliant: boolean;
  readonly charged_watts: Watts;
  readonly budget_in_force_watts: Watts;
  readonly headroom_watts: Watts;
  readonly unreachable: { readonly missing_watts: number } | null;
  readonly cut:
    | { readonly from_watts: number; readonly to_watts: number }
    | null;
  readonly steps_total: number;
  readonly steps: readonly { readonly text: string }[];
  readonly waits_total: number;
  readonly waits: readonly {
    readonly text: string;
    readonly since_ms: number;
  }[];
  readonly alarms_total: number;
  readonly alarms: readonly {
    readonly kind: string;
    readonly message: string;
  }[];
}

/** What a node's agent has read back. */
export interface NodeView {
  readonly node_name: string;
  readonly report_age_ms: number;
  readonly agent_version: string;
  readonly gpus: readonly GpuView[];
}

/** One GPU. */
export interface GpuView {
  readonly gpu_uuid: string;
  readonly index: number;
  readonly pod_name: string | null;
  readonly side: Side | null;
  readonly state: string;
  readonly reason: string;
  readonly effective_watts: Watts;
  readonly draw_watts: Watts;
}

/** One line of the ledger. */
export interface ChargeView {
  readonly gpu_uuid: string | null;
  readonly node_name: string | null;
  readonly side: Side | null;
  readonly watts: Watts;
}

/** Something that does not work. */
export interface FaultView {
  readonly part: string;
  readonly message: string;
  readonly since_ms: number;
}

/** `/api/v1/decisions`, one of them. */
export interface DecisionView {
  readonly id: number;
  readonly at_ms: number;
  readonly observed: {
    readonly requests: number | null;
    readonly window_seconds: number;
    readonly isl_tokens: number | null;
    readonly osl_tokens: number | null;
    readonly live?: {
      readonly ttft_ms: number | null;
      readonly itl_ms: number | null;
      readonly tokens_per_second: number | null;
    } | null;
  };
  readonly predicted: { readonly requests_per_second: number } | null;
  readonly proposed_replicas: Readonly<Partial<Record<Side, number>>>;
  readonly targets: readonly {
    readonly side: Side;
    readonly replicas: number;
    readonly cap_watts: Watts;
  }[];
  readonly projected_watts: Watts;
  readonly budget_watts: Watts;
  readonly reasons: readonly { readonly kind: string; readonly text: string }[];
  readonly coefficients: {
    readonly after: Readonly<Record<string, number>>;
    readonly updates: readonly {
      readonly coefficient: string;
      readonly before: number;
      readonly after: number;
      readonly censored: boolean;
    }[];
    readonly pegged_since_ms: Readonly<Record<string, number>>;
  } | null;
}
