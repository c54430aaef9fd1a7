/** Where the API server is and how to prove who we are: certificates and tokens, nothing else. @module */

/** A way to an API server. Re-made from its files whenever connections are made anew, so rotated files are seen. */
export interface Endpoint {
  /** May carry a path, which goes before every request path. */
  readonly server: URL;
  /** PEM certificates that may sign the server's; empty for the system's. */
  readonly caCertificates: readonly string[];
  readonly clientCertificate?:
    | { readonly certificate: string; readonly key: string }
    | undefined;
  /** The bearer token to send now; read anew for each request, since kubelets rotate token files. */
  readonly token?: (() => Promise<string>) | undefined;
  /** Namespace to use where none is named. */
  readonly namespace: string;
  /** Sent with every request: whom to act as. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Address of a proxy: `http`, `https` or `socks5`. */
  readonly proxy?: string | undefined;
  /** Wall-clock time at which the client certificate expires: connections are made anew then. */
  readonly expiresAtMs?: number | undefined;
  /** Told when the server did not accept the credentials: whatever was kept of them is asked for anew. */
  readonly refused?: (() => void) | undefined;
}

/** Folder that a kubelet mounts into every pod with a service account. */
export const SERVICE_ACCOUNT_DIRECTORY =
  "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * The endpoint of a process that runs in a pod.
 *
 * @param environment host and port, as the kubelet sets them
 * @param directory where token, CA and namespace lie
 * @returns undefined when the process does not run in a cluster
 */
export async function inClusterEndpoint(
  environment: {
    readonly KUBERNETES_SERVICE_HOST?: string | undefined;
    readonly KUBERNETES_SERVICE_PORT?: string | undefined;
  },
  directory: string = SERVICE_ACCOUNT_DIRECTORY,
): Promise<Endpoint | undefined> {
  const host = environment.KUBERNETES_SERVICE_HOST;
  if (host === undefined || host === "") return undefined;
  const port = environment.KUBERNETES_SERVICE_PORT ?? "443";
  const bracketed = host.includes(":") ? `[${host}]` : host;
  return {
    server: new URL(`https://${bracketed}:${port}`),
    caCertificates: [await Deno.readTextFile(`${directory}/ca.crt`)],
    token: () => readToken(`${directory}/token`),
    namespace: (await Deno.readTextFile(`${directory}/namespace`)).trim(),
  };
}

/** @returns the bearer token in a file */
export async function readToken(path: string): Promise<string> {
  const token = (await Deno.readTextFile(path)).trim();
  if (token === "") throw new Error(`The token file "${path}" is empty.`);
  return token;
}
