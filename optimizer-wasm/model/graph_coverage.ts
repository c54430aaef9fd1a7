/** Whether a stored model has a graph here, and if not, why. @module */

import { WattkeeperError } from "../../service/portable.ts";
import {
  type JsonObject,
  type ModelFamily,
  readModelSpec,
} from "./model_spec.ts";

/** What an estimate of the model would meet first. */
export interface GraphCoverage {
  /** First architecture that the configuration names; empty when it names none. */
  readonly architecture: string;
  /** Graph that is built; absent when there is none. */
  readonly family?: ModelFamily;
  /** Why there is no graph. */
  readonly reason?: string;
}

/** Reads a configuration as an estimate would. */
export function graphCoverage(
  name: string,
  { config, hfQuantConfig }: {
    readonly config: JsonObject;
    readonly hfQuantConfig: JsonObject | null;
  },
): GraphCoverage {
  const architectures = config["architectures"];
  const architecture = Array.isArray(architectures)
    ? String(architectures[0] ?? "")
    : "";
  try {
    const { family } = readModelSpec(name, config, hfQuantConfig);
    return { architecture, family };
  } catch (error) {
    if (!(error instanceof WattkeeperError)) throw error;
    return { architecture, reason: error.message };
  }
}
