/** The door of the Kubernetes fleet; what is behind it comes with the Kubernetes part. @module */

import { WattkeeperError } from "../../../service/mod.ts";
import type { Fleet } from "../fleet.ts";

/**
 * Opens the fleet of a cluster.
 *
 * @throws {WattkeeperError} `fleet_unusable`, always: this version does not have it yet
 */
export function openKubernetesFleet(): Promise<Fleet> {
  return Promise.reject(
    new WattkeeperError(
      "fleet_unusable",
      "The Kubernetes fleet is not part of this version yet.",
      {
        where: "environment: kubernetes",
        remedy:
          "Write `environment: virtual` to drive another orchestrator over HTTP, or `environment: simulated`.",
      },
    ),
  );
}
