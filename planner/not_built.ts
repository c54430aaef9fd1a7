/** What a configuration asks for and this version does not do yet. @module */

import type { PlannerConfig } from "./config/mod.ts";

/** One sentence for each thing asked for that is left out, so that nothing is left out silently. */
export function notBuiltYet(config: PlannerConfig): string[] {
  const notices: string[] = [];
  if (config.predictorWarmupTrace !== undefined) {
    notices.push("load_predictor_warmup_trace is not read yet.");
  }
  if (config.loadScaling) {
    notices.push("Load scaling is not there yet; only traffic scales.");
  }
  if (config.admission.mode !== "off") {
    notices.push("Admission is not there yet; frontends are left alone.");
  }
  if (!config.advisory) {
    notices.push(
      "Nothing is scaled or capped yet: decisions are printed and recorded only.",
    );
  }
  return notices;
}
