/** Opens the environment that a configuration names. @module */

import { WattkeeperError } from "../service/mod.ts";
import type { PlannerConfig } from "./config/mod.ts";
import type { CapacityModel } from "./core/mod.ts";
import type { Environment } from "./environment.ts";

/** What the command line says about it. */
export interface EnvironmentOptions {
  readonly kubeconfig: string | undefined;
  readonly kubeContext: string | undefined;
  /** Simulated seconds a second. */
  readonly speed: number;
  readonly seed: number;
}

/**
 * A fleet, a source and a clock.
 *
 * @throws {WattkeeperError} `invalid_usage` for an environment that this version has no fleet for
 */
export async function openEnvironment(
  config: PlannerConfig,
  model: CapacityModel,
  options: EnvironmentOptions,
): Promise<Environment> {
  switch (config.environment) {
    case "kubernetes":
      throw new WattkeeperError(
        "invalid_usage",
        "The Kubernetes fleet is not there yet: this planner cannot reach a cluster.",
        {
          where: "environment",
          remedy:
            "Write environment: simulated or environment: virtual, or pass --trace FILE to decide on a trace.",
        },
      );
    case "virtual":
    case "simulated":
      await Promise.resolve();
      throw new WattkeeperError("internal", `${model} ${options}`);
  }
}
