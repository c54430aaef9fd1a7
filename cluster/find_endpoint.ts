/** Which API server a process is to talk to. @module */

import { WattkeeperError } from "../service/mod.ts";
import { type Endpoint, inClusterEndpoint } from "./endpoint.ts";
import { kubeconfigEndpoint } from "./kubeconfig/kubeconfig.ts";

/**
 * A kubeconfig that was named, else the cluster this process runs in.
 *
 * @throws {WattkeeperError} when there is neither
 */
export async function findEndpoint(
  flags: {
    readonly kubeconfig?: string | undefined;
    readonly context?: string | undefined;
  },
): Promise<Endpoint> {
  if (flags.kubeconfig !== undefined) {
    return await kubeconfigEndpoint(flags.kubeconfig, flags.context);
  }
  const endpoint = await inClusterEndpoint({
    KUBERNETES_SERVICE_HOST: Deno.env.get("KUBERNETES_SERVICE_HOST"),
    KUBERNETES_SERVICE_PORT: Deno.env.get("KUBERNETES_SERVICE_PORT"),
  });
  if (endpoint) return endpoint;
  throw new WattkeeperError(
    "invalid_usage",
    "There is no API server to talk to: this process does not run in a cluster, and no kubeconfig is named.",
    { where: "--kubeconfig", remedy: "Name one with `--kubeconfig FILE`." },
  );
}
