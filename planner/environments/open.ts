/** Opens the environment that a configuration names. @module */

import { WattkeeperError } from "../../service/mod.ts";
import type { PlannerConfig } from "../config/mod.ts";
import { messageOf } from "../loop/mod.ts";
import type { OpenedModel } from "../open_model.ts";
import type { Environment } from "./environment.ts";
import { openKubernetes } from "./kubernetes.ts";
import { openSimulated } from "./simulated.ts";
import { openVirtual } from "./virtual.ts";

/** What the command line says about it. */
export interface EnvironmentOptions {
  /** Simulated seconds a second. */
  readonly speed: number;
  readonly seed: number;
  /** Access to the cluster, with environment: kubernetes. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** Ends the opening early. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A fleet, a source and a clock.
 *
 * @throws {WattkeeperError} `invalid_usage` for a combination that makes no sense; `fleet_unusable` for a cluster that cannot be
 * planned for, with everything that is missing
 */
export async function openEnvironment(
  config: PlannerConfig,
  opened: OpenedModel,
  { speed, seed, kubeconfig, context, signal }: EnvironmentOptions,
): Promise<Environment> {
  switch (config.environment) {
    case "kubernetes":
      return await openKubernetes(
        config,
        { kubeconfig, context },
        signal ?? new AbortController().signal,
      );
    case "virtual":
      return await openVirtual(config, await tokenOf(config));
    case "simulated":
      return openSimulated({
        config,
        model: opened.model,
        estimators: opened.estimators,
        seed,
        speed,
        startMs: Date.now(),
      });
  }
}

async function tokenOf(
  { service: { controlApi } }: PlannerConfig,
): Promise<string | undefined> {
  const { token, tokenFile } = controlApi ?? {};
  if (tokenFile === undefined) return token;
  try {
    return (await Deno.readTextFile(tokenFile)).trim();
  } catch (cause) {
    throw new WattkeeperError(
      "file_unreadable",
      `The token file "${tokenFile}" could not be read: ${messageOf(cause)}.`,
      {
        where: "control_api_token_file",
        remedy: "Name a file that this user may read.",
        cause,
      },
    );
  }
}
