/** A virtual environment: decisions are published over HTTP, another orchestrator carries them out (cap protocol over HTTP). @module */

import { WattkeeperError } from "../../service/mod.ts";
import type { PlannerConfig } from "../config/mod.ts";
import { sidesOf } from "../core/mod.ts";
import { VirtualFleet } from "../fleets/mod.ts";
import { PrometheusSource } from "../sources/mod.ts";
import { type Environment, realLoopClock } from "./environment.ts";

/**
 * Opens one.
 *
 * @param token what every request of the orchestrator carries; undefined: whoever reaches the port may speak
 * @throws {WattkeeperError} `invalid_usage` for a source that needs another environment
 */
export function openVirtual(
  config: PlannerConfig,
  token: string | undefined,
): Environment {
  if (config.trafficSource === "simulated") {
    throw new WattkeeperError(
      "invalid_usage",
      "Simulated traffic needs a simulated fleet, and the environment is virtual.",
      {
        where: "traffic_source",
        remedy: "Write traffic_source: prometheus, or environment: simulated.",
      },
    );
  }
  const fleet = new VirtualFleet({ clock: realLoopClock, token });
  const source = new PrometheusSource({
    config: config.prometheus,
    clock: realLoopClock,
    deployment: {
      sides: sidesOf(config.mode),
      model: config.servedModelName ?? "",
      dynamoNamespace: config.dynamoNamespace ?? "dynamo",
      kubernetesNamespace: config.namespace,
      dgdName: config.dgdName,
      backend: config.engine?.backend,
      source: config.prometheus.source,
    },
  });
  return {
    fleet,
    source,
    clock: realLoopClock,
    handle: (request) => fleet.handle(request),
    notices: [
      token === undefined
        ? "The virtual fleet takes the word of whoever reaches its port; set control_api_token_file to ask for a token."
        : "The virtual fleet asks for the control token.",
    ],
    [Symbol.asyncDispose]() {
      source[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}
