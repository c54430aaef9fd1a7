/** What a configuration asks for and this version does not do yet. @module */

import type { PlannerConfig } from "./config/mod.ts";

/** One sentence for each thing asked for that is left out, so that nothing is left out silently. */
export function notBuiltYet(config: PlannerConfig): string[] {
  const notices: string[] = [];
  if (config.admission.mode === "autoset") {
    notices.push(
      "Frontends are found through Kubernetes, which is not there yet: admission thresholds are exported and not set.",
    );
  }
  if (config.environment === "kubernetes") {
    notices.push(
      "The Kubernetes fleet is not there yet: only traces can be decided on.",
    );
  }
  return notices;
}
