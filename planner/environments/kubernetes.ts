/** A cluster: its workers, its agents' reports, and Prometheus for the traffic (R25–R29). @module */

import {
  type ClusterAccess,
  endpointLoader,
} from "../../cluster/kubeconfig/mod.ts";
import { WattkeeperError } from "../../service/mod.ts";
import type { PlannerConfig } from "../config/mod.ts";
import { sidesOf } from "../core/mod.ts";
import { openKubernetesFleet } from "../fleets/mod.ts";
import { openPrometheusSource } from "../sources/mod.ts";
import { type Environment, realLoopClock } from "./environment.ts";

export type { ClusterAccess };

/**
 * Opens one.
 *
 * @throws {WattkeeperError} `invalid_usage` for simulated traffic or when there is no API server to talk to; `fleet_unusable`
 * with everything that is missing in the cluster
 */
export async function openKubernetes(
  config: PlannerConfig,
  access: ClusterAccess,
  signal: AbortSignal,
): Promise<Environment> {
  if (config.trafficSource === "simulated") {
    throw new WattkeeperError(
      "invalid_usage",
      "Simulated traffic needs a simulated fleet, and the environment is kubernetes.",
      {
        where: "traffic_source",
        remedy: "Write traffic_source: prometheus, or environment: simulated.",
      },
    );
  }
  const { namespace, dgdName, admission, power } = config;
  if (namespace === undefined || dgdName === undefined) {
    throw new WattkeeperError(
      "invalid_config",
      "Neither the configuration nor the environment says which deployment is planned for.",
      { where: "dgd_name", remedy: "Write namespace and dgd_name." },
    );
  }
  const { prefill, decode } = config.gpusPerReplica;
  const fleet = await openKubernetesFleet({
    loadEndpoint: endpointLoader(access),
    clock: realLoopClock,
    random: Math.random,
    namespace,
    deployment: dgdName,
    sides: sidesOf(config.mode),
    servedModelName: config.servedModelName,
    configuredGpus: {
      ...(prefill === undefined ? {} : { prefill }),
      ...(decode === undefined ? {} : { decode, agg: decode }),
    },
    power: power !== undefined,
    ownsCaps: power?.capOwner === "planner",
    readOnly: config.advisory,
    holder: `${Deno.hostname()}_${crypto.randomUUID()}`,
  }, signal);
  try {
    const source = await openPrometheusSource({
      config,
      clock: realLoopClock,
      facts: () => fleet.prometheusFacts(),
    });
    return {
      fleet,
      source,
      clock: realLoopClock,
      listener: fleet.listener,
      ...(admission.mode === "autoset" && config.servedModelName !== undefined
        ? {
          frontends: { pods: fleet.frontends, model: config.servedModelName },
        }
        : {}),
      apiCounts: () => fleet.counts(),
      notices: [
        config.advisory
          ? "Advisory: the cluster is watched, and nothing is written, the Lease included."
          : `This planner is "${fleet.holder}" in the election.`,
        ...fleet.notices,
      ],
      async [Symbol.asyncDispose]() {
        source[Symbol.dispose]();
        await fleet[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await fleet[Symbol.asyncDispose]();
    throw error;
  }
}
