/** Which API server the planner talks to, and as whom: a kubeconfig with all that one can hold, or the cluster around. @module */

import { WattkeeperError } from "../../service/mod.ts";
import { type Endpoint, inClusterEndpoint, readToken } from "../endpoint.ts";
import { ExecCredentials, type ExecPlugin } from "./exec_credential.ts";
import {
  type KubeconfigCluster,
  kubeconfigProblem,
  KubeconfigReader,
  type KubeconfigUser,
  type MergedKubeconfig,
  readFile,
} from "./merged_kubeconfig.ts";

/** What the command line says. */
export interface ClusterAccess {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
}

/** What the surroundings say; tests bring their own. */
export interface AccessEnvironment {
  readonly variable: (name: string) => string | undefined;
  readonly wallClockMs: () => number;
}

const REAL: AccessEnvironment = {
  variable: (name) => Deno.env.get(name),
  wallClockMs: () => Date.now(),
};

/**
 * Makes a loader for an `ApiTransport`. It looks for the file named, then `$KUBECONFIG`, then the cluster around this
 * process, then `~/.kube/config`. Files are read anew at every call; what a login program gave is kept until it
 * expires.
 *
 * @returns throws {@linkcode WattkeeperError} that names the file and the field
 */
export function endpointLoader(
  access: ClusterAccess,
  environment: AccessEnvironment = REAL,
): () => Promise<Endpoint> {
  const logins = new Map<string, ExecCredentials>();
  const reader = new KubeconfigReader();
  return async () => {
    const files = kubeconfigFiles(access, environment);
    if (files === undefined) {
      const endpoint = await inClusterEndpoint({
        KUBERNETES_SERVICE_HOST: environment.variable(
          "KUBERNETES_SERVICE_HOST",
        ),
        KUBERNETES_SERVICE_PORT: environment.variable(
          "KUBERNETES_SERVICE_PORT",
        ),
      });
      if (endpoint) return endpoint;
    }
    const found = files ?? homeFile(environment);
    if (found === undefined) throw noCluster();
    return await new Loading(await reader.read(found), access, {
      logins,
      environment,
    }).endpoint();
  };
}

function kubeconfigFiles(
  { kubeconfig }: ClusterAccess,
  { variable }: AccessEnvironment,
): readonly string[] | undefined {
  if (kubeconfig !== undefined) return [kubeconfig];
  const listed = (variable("KUBECONFIG") ?? "").split(":").filter(Boolean);
  return listed.length > 0 ? listed : undefined;
}

function homeFile(
  { variable }: AccessEnvironment,
): readonly string[] | undefined {
  const path = `${variable("HOME") ?? ""}/.kube/config`;
  try {
    return Deno.statSync(path).isFile ? [path] : undefined;
  } catch {
    return undefined;
  }
}

/** Proxies that `Deno.createHttpClient` speaks to. */
const PROXIES = ["http:", "https:", "socks5:"];

/** One load of one context. */
class Loading {
  readonly #loaded: MergedKubeconfig;
  readonly #access: ClusterAccess;
  readonly #with: {
    readonly logins: Map<string, ExecCredentials>;
    readonly environment: AccessEnvironment;
  };

  constructor(
    loaded: MergedKubeconfig,
    access: ClusterAccess,
    more: {
      readonly logins: Map<string, ExecCredentials>;
      readonly environment: AccessEnvironment;
    },
  ) {
    this.#loaded = loaded;
    this.#access = access;
    this.#with = more;
  }

  async endpoint(): Promise<Endpoint> {
    const { currentContext, contexts, clusters, users } = this.#loaded;
    const name = this.#access.context ?? currentContext;
    if (!name) throw this.#problem("It has no current-context.");
    const context = contexts.get(name);
    if (!context) {
      const all = [...contexts.keys()].map((one) => `"${one}"`);
      throw this.#problem(
        `It has no context "${name}"; it has ${all.join(", ") || "none"}.`,
      );
    }
    const cluster = clusters.get(context.cluster);
    if (!cluster) {
      throw this.#problem(`It has no cluster "${context.cluster}".`);
    }
    const user = users.get(context.user);
    if (!user) throw this.#problem(`It has no user "${context.user}".`);
    this.#refuse(context, cluster, user);
    const authority = await this.#pem(cluster, "certificate-authority");
    const proxy = cluster["proxy-url"];
    return {
      server: this.#server(cluster),
      caCertificates: authority === undefined ? [] : [authority],
      namespace: context.namespace ?? "default",
      ...(proxy === undefined ? {} : { proxy }),
      ...(user.as === undefined
        ? {}
        : { headers: { "impersonate-user": user.as } }),
      ...await this.#credentials(context.user, user, cluster),
    };
  }

  async #credentials(
    name: string,
    user: KubeconfigUser,
    cluster: KubeconfigCluster,
  ): Promise<Partial<Endpoint>> {
    if (user.exec) {
      return await this.#fromProgram(name, user, pluginOf(user.exec, cluster));
    }
    const certificate = await this.#pem(user, "client-certificate");
    const key = await this.#pem(user, "client-key");
    if ((certificate === undefined) !== (key === undefined)) {
      throw this.#problem("It has a client certificate or its key, not both.");
    }
    const clientCertificate = certificate === undefined || key === undefined
      ? undefined
      : { certificate, key };
    const { tokenFile, token } = user;
    if (tokenFile !== undefined) {
      return { clientCertificate, token: () => readToken(tokenFile) };
    }
    return token === undefined
      ? { clientCertificate }
      : { clientCertificate, token: () => Promise.resolve(token) };
  }

  async #fromProgram(
    name: string,
    { file }: KubeconfigUser,
    plugin: ExecPlugin,
  ): Promise<Partial<Endpoint>> {
    const { logins, environment } = this.#with;
    const key = JSON.stringify([name, plugin]);
    const login = logins.get(key) ?? new ExecCredentials(plugin, {
      file,
      wallClockMs: () => environment.wallClockMs(),
    });
    logins.set(key, login);
    const first = await login.get();
    return {
      clientCertificate: first.certificate,
      refused: () => login.forget(),
      // A certificate is of the connection, so the connections end with it; a token is asked for each time.
      ...(first.certificate ? { expiresAtMs: first.expiresAtMs } : {}),
      ...(first.token === undefined
        ? {}
        : { token: async () => (await login.get()).token ?? "" }),
    };
  }

  #server({ server }: KubeconfigCluster): URL {
    const url = URL.parse(server);
    if (url?.protocol !== "https:" && url?.protocol !== "http:") {
      throw this.#problem(`The server "${server}" is not an https address.`);
    }
    return url;
  }

  #refuse(
    names: { readonly cluster: string; readonly user: string },
    cluster: KubeconfigCluster,
    user: KubeconfigUser,
  ): void {
    if (cluster["insecure-skip-tls-verify"]) {
      throw this.#problem(
        `The cluster "${names.cluster}" has insecure-skip-tls-verify: a server that proves nothing is not trusted with watts. Give its certificate-authority.`,
      );
    }
    if (cluster["tls-server-name"] !== undefined) {
      throw this.#problem(
        `The cluster "${names.cluster}" has tls-server-name, which is not supported. Name the server by the address in its certificate.`,
      );
    }
    const proxy = cluster["proxy-url"];
    if (
      proxy !== undefined &&
      !PROXIES.includes(URL.parse(proxy)?.protocol ?? "")
    ) {
      throw this.#problem(
        `The cluster "${names.cluster}" has the proxy-url "${proxy}": proxies by http, https and socks5 are supported.`,
      );
    }
    const provider = user["auth-provider"];
    if (provider) {
      throw this.#problem(
        `The user "${names.user}" has the auth-provider "${provider.name}", which is not supported. Log in through a program (exec): kubelogin for OpenID Connect, the cloud's own for others.`,
      );
    }
    if (user.username !== undefined) {
      throw this.#problem(
        `The user "${names.user}" has a password, which no Kubernetes since 1.19 takes.`,
      );
    }
    const more = [
      ...(user["as-uid"] === undefined ? [] : ["as-uid"]),
      ...(user["as-groups"].length > 0 ? ["as-groups"] : []),
      ...(Object.keys(user["as-user-extra"]).length > 0
        ? ["as-user-extra"]
        : []),
    ];
    if (more.length > 0) {
      throw this.#problem(
        `The user "${names.user}" has ${
          more.join(", ")
        }, which is not supported: of acting as somebody else only "as" is.`,
      );
    }
  }

  /** PEM text from base64, which wins as in `kubectl`, or from a file. */
  async #pem<K extends string>(
    section: { readonly [key in K | `${K}-data`]?: string | undefined },
    field: K,
  ): Promise<string | undefined> {
    const data = section[`${field}-data`];
    if (data !== undefined) {
      try {
        return new TextDecoder().decode(Uint8Array.fromBase64(data));
      } catch (cause) {
        throw this.#problem(`Its ${field}-data is not base64.`, cause);
      }
    }
    const path = section[field];
    return path === undefined ? undefined : await readFile(path);
  }

  #problem(said: string, cause?: unknown): WattkeeperError {
    return kubeconfigProblem(this.#loaded.file, said, cause);
  }
}

function pluginOf(
  { interactiveMode, provideClusterInfo, ...exec }: NonNullable<
    KubeconfigUser["exec"]
  >,
  cluster: KubeconfigCluster,
): ExecPlugin {
  return {
    ...exec,
    interactive: interactiveMode === "Always",
    cluster: provideClusterInfo
      ? {
        server: cluster.server,
        "certificate-authority-data": cluster["certificate-authority-data"],
      }
      : undefined,
  };
}

function noCluster(): WattkeeperError {
  return new WattkeeperError(
    "invalid_usage",
    "There is no API server to talk to: no kubeconfig is named, $KUBECONFIG is empty, this process does not run in a cluster, and ~/.kube/config is not there.",
    { where: "--kubeconfig", remedy: "Name one with `--kubeconfig FILE`." },
  );
}
