/** What people are told through Kubernetes Events, typed (R29). Pure. @module */

/** `reason` of an Event: a closed list, documented in `docs/plan.md`. */
export type EventReason =
  | "LeaderElected"
  | "PowerClamped"
  | "GpusClamped"
  | "CapsLowered"
  | "BelowFloor"
  | "OverBudget"
  | "Infeasible"
  | "OptimizerDisabled"
  | "BudgetCut"
  | "BudgetMet"
  | "StepRefused"
  | "StepStuck"
  | "TargetUnreachable"
  | "AgentSilent"
  | "PowerAlarm"
  | "OtherScaler"
  | "ReplicasChanged"
  | "FleetProblem"
  | "Scaled";

/** One thing to tell. */
export interface FleetEvent {
  readonly reason: EventReason;
  readonly type: "Normal" | "Warning";
  /** What the planner was doing. */
  readonly action: "Plan" | "Scale" | "Cap" | "Watch" | "Lead";
  /** Events with the same key are one, counted. */
  readonly key: string;
  readonly message: string;
}
