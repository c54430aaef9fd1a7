/** The Prometheus source of a configuration, and what must be right before it is opened. @module */

import type { Clock } from "../../../cluster/mod.ts";
import { WattkeeperError } from "../../../service/mod.ts";
import type { PlannerConfig } from "../../config/mod.ts";
import { sidesOf } from "../../core/mod.ts";
import type { PrometheusDeployment, PrometheusFacts } from "./deployment.ts";
import { PrometheusSource } from "./source.ts";

/**
 * Which deployment the queries are about.
 *
 * @throws {WattkeeperError} `invalid_config` when the configuration does not say
 */
export function prometheusDeployment(
  config: PlannerConfig,
): PrometheusDeployment {
  const { servedModelName, dynamoNamespace, engine } = config;
  if (servedModelName === undefined || dynamoNamespace === undefined) {
    const missing = [
      ...(servedModelName === undefined ? ["served_model_name"] : []),
      ...(dynamoNamespace === undefined ? ["dynamo_namespace"] : []),
    ];
    throw new WattkeeperError(
      "invalid_config",
      `Prometheus is asked by ${
        missing.join(" and ")
      }, and the configuration does not say.`,
      {
        where: missing[0] ?? "traffic_source",
        remedy: `Write ${missing.join(" and ")}, or another traffic_source.`,
      },
    );
  }
  return {
    sides: sidesOf(config.mode),
    model: servedModelName,
    dynamoNamespace,
    kubernetesNamespace: config.namespace,
    dgdName: config.dgdName,
    backend: engine?.backend,
    source: config.prometheus.source,
  };
}

/**
 * Opens the source.
 *
 * @param facts what the cluster says, asked once a window
 * @throws {WattkeeperError} `invalid_config`; `file_not_found` or `file_unreadable` for the CA bundle, which must be there
 * at the start (P2)
 */
export async function openPrometheusSource(
  { config, facts, clock }: {
    readonly config: PlannerConfig;
    readonly facts?: () => PrometheusFacts;
    readonly clock: Clock;
  },
): Promise<PrometheusSource> {
  const deployment = prometheusDeployment(config);
  const { prometheus } = config;
  if (prometheus.caBundle !== undefined) await readable(prometheus.caBundle);
  return new PrometheusSource({
    config: prometheus,
    deployment,
    clock,
    ...(facts ? { facts } : {}),
  });
}

async function readable(path: string): Promise<void> {
  try {
    await Deno.readTextFile(path);
  } catch (cause) {
    throw new WattkeeperError(
      cause instanceof Deno.errors.NotFound
        ? "file_not_found"
        : "file_unreadable",
      `The CA bundle "${path}" could not be read: ${
        cause instanceof Error ? cause.message : cause
      }.`,
      {
        where: "prometheus_ca_bundle",
        remedy: "Name a PEM file that this user may read.",
        cause,
      },
    );
  }
}
