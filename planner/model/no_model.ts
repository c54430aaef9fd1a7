/** The capacity port without a performance model: it knows widths and nothing else. @module */

import type { PlannerConfig } from "../config/mod.ts";
import type { CapacityModel } from "../core/mod.ts";

/** Every question is answered with `not_imported`; replicas stay where they are, and within the watts. */
export function noModel(config: PlannerConfig): CapacityModel {
  const { prefill, decode } = config.gpusPerReplica;
  const caps = [
    config.power?.prefillCapWatts,
    config.power?.decodeCapWatts,
    config.power?.safeDefaultWatts,
  ].filter((watts) => watts !== undefined);
  return {
    gpusPerReplica: {
      prefill: prefill ?? 1,
      decode: decode ?? 1,
      agg: decode ?? 1,
    },
    usualIslTokens: 3000,
    usualOslTokens: 150,
    // The SKU is not known: no cap of the configuration is moved.
    gpu: {
      minWatts: Math.min(...caps, Number.MAX_SAFE_INTEGER),
      maxWatts: Math.max(...caps, 1),
      tdpWatts: Math.max(...caps, 1),
    },
    answer: () => NO_ANSWER,
    searchFleet: () => NO_ANSWER,
  };
}

const NO_ANSWER = {
  kind: "no_answer",
  code: "not_imported",
  message:
    "aic_interpolation names no engine, so nothing says what a replica can do.",
} as const;
