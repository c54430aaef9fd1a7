/** The cap protocol's planner side: charges, and the ordered steps that they allow. Pure. @module */

export type {
  FleetPod,
  FleetSnapshot,
  LeaseFacts,
  SideInventory,
} from "./snapshot.ts";
export type { PodReference, Step, StepOutcome } from "./step.ts";
export type { Alarm, Charge, Transition, Wait } from "./transition.ts";
