/** A virtual environment: decisions are published over HTTP, another orchestrator carries them out (cap protocol over HTTP). @module */

import { WattkeeperError } from "../../service/mod.ts";
import type { PlannerConfig } from "../config/mod.ts";
import { VirtualFleet } from "../fleets/mod.ts";
import { openPrometheusSource } from "../sources/mod.ts";
import { type Environment, realLoopClock } from "./environment.ts";

/**
 * Opens one.
 *
 * @param token what every request of the orchestrator carries; undefined: whoever reaches the port may speak
 * @throws {WattkeeperError} `invalid_usage` for a source that needs another environment; `invalid_config` when nothing says
 * which deployment Prometheus is asked about
 */
export async function openVirtual(
  config: PlannerConfig,
  token: string | undefined,
): Promise<Environment> {
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
  const source = await openPrometheusSource({ config, clock: realLoopClock });
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
