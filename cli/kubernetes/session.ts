/** A command's way to the API server, from its flags. @module */

import {
  ApiClient,
  ApiError,
  ApiTransport,
  type Endpoint,
  findEndpoint,
  realClock,
} from "../../cluster/mod.ts";
import { WattkeeperError } from "../../service/mod.ts";
import type { CommandContext, OptionSpec } from "../command.ts";

/** Flags of every command that talks to a cluster. */
export const CLUSTER_OPTIONS: readonly OptionSpec[] = [
  {
    name: "kubeconfig",
    kind: "string",
    value: "FILE",
    help:
      "Where the API server is. Default: $KUBECONFIG, ~/.kube/config, else the cluster around.",
  },
  {
    name: "context",
    kind: "string",
    value: "NAME",
    help: "Context of the kubeconfig; default: its current one.",
  },
];

/** An open way. */
export interface ClusterSession extends Disposable {
  readonly client: ApiClient;
  readonly transport: ApiTransport;
}

/**
 * Opens one for a command's flags.
 *
 * @throws {WattkeeperError} when nothing says where the API server is
 */
export async function openSession(
  flags: CommandContext["flags"],
  environment: (name: string) => string | undefined = (name) =>
    Deno.env.get(name),
): Promise<ClusterSession> {
  const context = flags["context"];
  const load = (): Promise<Endpoint> =>
    findEndpoint({
      kubeconfig: kubeconfigPath(flags["kubeconfig"], environment),
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

function kubeconfigPath(
  flag: CommandContext["flags"][string],
  environment: (name: string) => string | undefined,
): string | undefined {
  if (typeof flag === "string") return flag;
  const named = environment("KUBECONFIG")?.split(":").find((path) =>
    path !== ""
  );
  if (named !== undefined) return named;
  const home = environment("HOME");
  const usual = `${home}/.kube/config`;
  return home !== undefined && isFile(usual) ? usual : undefined;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
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
