/** A command's way to the API server, from its flags. @module */

import {
  ApiClient,
  ApiError,
  ApiTransport,
  realClock,
  SYSTEM_NAMESPACE,
} from "../../cluster/mod.ts";
import { endpointLoader } from "../../cluster/kubeconfig/mod.ts";
import { WattkeeperError } from "../../service/mod.ts";
import type { CommandContext, OptionSpec } from "../command.ts";

/** Where the cluster is. */
const CLUSTER_OPTIONS: readonly OptionSpec[] = [
  {
    name: "kubeconfig",
    kind: "string",
    value: "FILE",
    help:
      "Where the API server is. Default: $KUBECONFIG, the cluster around, else ~/.kube/config.",
  },
  {
    name: "context",
    kind: "string",
    value: "NAME",
    help: "Context of the kubeconfig; default: its current one.",
  },
];

/** Flags of every command that looks at a whole installation. */
export const INSTALLATION_OPTIONS: readonly OptionSpec[] = [
  ...CLUSTER_OPTIONS,
  {
    name: "namespace",
    kind: "string",
    value: "NAME",
    help:
      "Namespace of a deployment. Default: each one that a planner has a Role in.",
    multiple: true,
  },
  {
    name: "system-namespace",
    kind: "string",
    value: "NAME",
    help: "Namespace of the installation.",
    default: SYSTEM_NAMESPACE,
  },
];

/** Namespaces that the flags name; none: all that a planner has a Role in. */
export function namespacesOf(
  { namespace }: CommandContext["flags"],
): readonly string[] {
  return Array.isArray(namespace) ? namespace : [];
}

/** An open way. */
export interface ClusterSession extends Disposable {
  readonly client: ApiClient;
  readonly transport: ApiTransport;
}

/**
 * Opens one for a command's flags, by the same kubeconfig that `plan` takes: login programs included.
 *
 * @throws {WattkeeperError} when nothing says where the API server is
 */
export async function openSession(
  flags: CommandContext["flags"],
): Promise<ClusterSession> {
  const { kubeconfig, context } = flags;
  const load = endpointLoader({
    kubeconfig: typeof kubeconfig === "string" ? kubeconfig : undefined,
    context: typeof context === "string" ? context : undefined,
  });
  // What is wrong with the file is said now, not at the first request.
  await load();
  const transport = new ApiTransport(load);
  return {
    transport,
    client: new ApiClient(transport, { clock: realClock, random: Math.random }),
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  };
}

/**
 * The error for an API server without which nothing can be said.
 *
 * @returns the error to throw; one that is no {@linkcode ApiError} as it is
 */
export function clusterError(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  if (error.kind === "forbidden" || error.kind === "invalid") {
    return new WattkeeperError("fleet_unusable", error.message, {
      remedy:
        "Run it with an account that may do this; what was done so far stands, and it can be run again.",
      cause: error,
    });
  }
  return new WattkeeperError("cluster_unreachable", error.message, {
    where: "--kubeconfig",
    remedy: error.kind === "unauthorized"
      ? "Renew the token or certificate in the kubeconfig."
      : "Look whether `kubectl get --raw /readyz` answers with the same kubeconfig and context.",
    cause: error,
  });
}
