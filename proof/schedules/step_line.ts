/** One step as a line of the record. Pure. @module */

import type { Step } from "../../planner/mod.ts";

/** `raise decode-1 1.7 500 500`, `lease 1 4000`, `scale decode 3`. */
export function stepLine(step: Step): string {
  switch (step.kind) {
    case "lease":
      return `lease ${step.epoch} ${step.budgetWatts}`;
    case "scale":
      return `scale ${step.side} ${step.replicas}`;
    case "patch": {
      const { generation, watts, boundWatts } = step.grant;
      return `${step.purpose} ${step.pod.name} ${generation.epoch}.${generation.sequence} ${watts} ${boundWatts}`;
    }
  }
}
