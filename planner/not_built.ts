/** What a configuration asks for and this version does not do yet. @module */

import type { PlannerConfig } from "./config/mod.ts";

/** One sentence for each thing asked for that is left out, so that nothing is left out silently. */
export function notBuiltYet(config: PlannerConfig): string[] {
  return config.admission.mode === "autoset" &&
      config.environment !== "kubernetes"
    ? [
      "Frontends are found through Kubernetes: with this environment admission thresholds are exported and not set.",
    ]
    : [];
}
