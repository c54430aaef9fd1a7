/** The cap protocol's planner side: charges, and the ordered steps that they allow. Pure. @module */

export { AGENT_SILENT_MS } from "./fleet_view.ts";
export {
  isGated,
  type LedgerSettings,
  ledgerSettingsOf,
} from "./ledger_settings.ts";
export {
  initialLedger,
  type LedgerState,
  type NodeMemory,
  type PendingWrite,
  type PodMemory,
  type Reign,
} from "./ledger_state.ts";
export { settle } from "./settle.ts";
export { DEADLINES_MS } from "./since.ts";
export type {
  FleetPod,
  FleetSnapshot,
  LeaseFacts,
  SideInventory,
} from "./snapshot.ts";
export { stage, type Staged, type StageInput } from "./stage.ts";
export {
  followsLease,
  type PodReference,
  type Step,
  type StepOutcome,
  stepsAfter,
} from "./step.ts";
export type { Alarm, Charge, Transition, Wait } from "./transition.ts";
