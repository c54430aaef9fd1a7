/** Which API server the planner talks to, and as whom: a kubeconfig with all that one can hold, or the cluster around. @module */

import { dirname, isAbsolute, resolve } from "node:path";
import type { Cluster, KubeConfig, User } from "@kubernetes/client-node";
import { parse } from "yaml";
import { WattkeeperError } from "../../service/mod.ts";
import { type Endpoint, inClusterEndpoint, readToken } from "../endpoint.ts";
import { member } from "../watch_event.ts";
import { ExecCredentials, type ExecPlugin } from "./exec_credential.ts";

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
    return await new Loading(await load(found), access, {
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

/** A kubeconfig's content: what the library reads, and the fields that it leaves out. */
interface LoadedConfig {
  readonly file: string;
  readonly config: KubeConfig;
  readonly users: ReadonlyMap<
    string,
    { readonly fields: unknown; file: string }
  >;
}

async function load(files: readonly string[]): Promise<LoadedConfig> {
  // Some 85 MB and a second: only for who has a kubeconfig, never for a pod of ours.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  const users = new Map<string, { fields: unknown; file: string }>();
  for (const [i, file] of files.entries()) {
    const text = await read(file);
    try {
      const one = new KubeConfig();
      one.loadFromString(text);
      one.makePathsAbsolute(dirname(resolve(file)));
      config.mergeConfig(one, i > 0);
      const listed = member(parse(text), "users");
      for (const user of Array.isArray(listed) ? listed : []) {
        users.set(String(member(user, "name")), {
          fields: member(user, "user"),
          file,
        });
      }
    } catch (cause) {
      throw problem(file, `It cannot be read. ${messageOf(cause)}`, cause);
    }
  }
  return { file: files.join(":"), config, users };
}

/** One load of one context. */
class Loading {
  readonly #loaded: LoadedConfig;
  readonly #access: ClusterAccess;
  readonly #with: {
    readonly logins: Map<string, ExecCredentials>;
    readonly environment: AccessEnvironment;
  };

  constructor(
    loaded: LoadedConfig,
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
    const { config } = this.#loaded;
    const name = this.#access.context ?? config.getCurrentContext();
    if (!name) throw this.#problem("It has no current-context.");
    const context = config.getContextObject(name);
    if (!context) {
      const all = config.getContexts().map((one) => `"${one.name}"`);
      throw this.#problem(
        `It has no context "${name}"; it has ${all.join(", ") || "none"}.`,
      );
    }
    config.setCurrentContext(name);
    const cluster = config.getCluster(context.cluster);
    if (!cluster) {
      throw this.#problem(`It has no cluster "${context.cluster}".`);
    }
    const user = config.getUser(context.user);
    if (!user) throw this.#problem(`It has no user "${context.user}".`);
    this.#refuse(cluster, user);
    const authority = await pem(cluster.caData, cluster.caFile);
    return {
      server: this.#server(cluster),
      caCertificates: authority === undefined ? [] : [authority],
      namespace: context.namespace ?? "default",
      ...(cluster.proxyUrl ? { proxy: cluster.proxyUrl } : {}),
      ...(user.impersonateUser
        ? { headers: { "impersonate-user": user.impersonateUser } }
        : {}),
      ...await this.#credentials(user, cluster),
    };
  }

  async #credentials(
    user: User,
    cluster: Cluster,
  ): Promise<Partial<Endpoint>> {
    const { fields, file } = this.#loaded.users.get(user.name) ??
      { fields: {}, file: this.#loaded.file };
    const plugin = execPlugin(fields, cluster);
    if (plugin) return await this.#fromProgram(user, plugin, file);
    const certificate = await pem(user.certData, user.certFile);
    const key = await pem(user.keyData, user.keyFile);
    if ((certificate === undefined) !== (key === undefined)) {
      throw this.#problem("It has a client certificate or its key, not both.");
    }
    const clientCertificate = certificate === undefined || key === undefined
      ? undefined
      : { certificate, key };
    const tokenFile = member(fields, "tokenFile") ??
      member(fields, "token-file");
    if (typeof tokenFile === "string") {
      const path = isAbsolute(tokenFile)
        ? tokenFile
        : resolve(dirname(file), tokenFile);
      return { clientCertificate, token: () => readToken(path) };
    }
    if (user.authProvider) {
      return { clientCertificate, token: () => this.#fromProvider() };
    }
    const { token } = user;
    return token
      ? { clientCertificate, token: () => Promise.resolve(token) }
      : { clientCertificate };
  }

  async #fromProgram(
    user: User,
    plugin: ExecPlugin,
    file: string,
  ): Promise<Partial<Endpoint>> {
    const { logins, environment } = this.#with;
    const key = JSON.stringify([user.name, plugin]);
    const login = logins.get(key) ??
      new ExecCredentials(plugin, {
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

  /** OpenID Connect and the older clouds' providers, as the library knows them. */
  async #fromProvider(): Promise<string> {
    const options: { headers?: Record<string, unknown> } = {};
    await this.#loaded.config.applyToHTTPSOptions(options);
    const header = options.headers?.["Authorization"];
    const token = /^Bearer (.+)$/.exec(String(header))?.[1];
    if (token === undefined) {
      throw this.#problem("Its auth-provider gave no token.");
    }
    return token.trim();
  }

  #server({ server }: Cluster): URL {
    const url = URL.parse(server);
    if (url?.protocol !== "https:" && url?.protocol !== "http:") {
      throw this.#problem(`The server "${server}" is not an https address.`);
    }
    return url;
  }

  #refuse(cluster: Cluster, user: User): void {
    if (cluster.skipTLSVerify) {
      throw this.#problem(
        `The cluster "${cluster.name}" has insecure-skip-tls-verify: a server that proves nothing is not trusted with watts. Give its certificate-authority.`,
      );
    }
    if (cluster.tlsServerName) {
      throw this.#problem(
        `The cluster "${cluster.name}" has tls-server-name, which is not supported. Name the server by the address in its certificate.`,
      );
    }
    if (user.username) {
      throw this.#problem(
        `The user "${user.name}" has a password, which no Kubernetes since 1.19 takes.`,
      );
    }
  }

  #problem(said: string): WattkeeperError {
    return problem(this.#loaded.file, said);
  }
}

function execPlugin(fields: unknown, cluster: Cluster): ExecPlugin | undefined {
  const exec = member(fields, "exec");
  const command = member(exec, "command");
  if (typeof command !== "string") return undefined;
  const words = member(exec, "args");
  const variables = member(exec, "env");
  const hint = member(exec, "installHint");
  return {
    apiVersion: String(member(exec, "apiVersion")),
    command,
    args: Array.isArray(words) ? words.map(String) : [],
    env: Array.isArray(variables)
      ? variables.map((one) => ({
        name: String(member(one, "name")),
        value: String(member(one, "value")),
      }))
      : [],
    installHint: typeof hint === "string" ? hint : undefined,
    interactive: member(exec, "interactiveMode") === "Always",
    cluster: member(exec, "provideClusterInfo") === true
      ? {
        server: cluster.server,
        "certificate-authority-data": cluster.caData,
      }
      : undefined,
  };
}

/** PEM text from base64, which wins as in `kubectl`, or from a file. */
async function pem(
  data: string | undefined,
  file: string | undefined,
): Promise<string | undefined> {
  if (data) return new TextDecoder().decode(Uint8Array.fromBase64(data));
  return file ? await read(file) : undefined;
}

async function read(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    const missing = cause instanceof Deno.errors.NotFound;
    throw new WattkeeperError(
      missing ? "file_not_found" : "file_unreadable",
      `The file "${path}" ${missing ? "does not exist" : "cannot be read"}.`,
      { where: path, cause },
    );
  }
}

function problem(
  file: string,
  said: string,
  cause?: unknown,
): WattkeeperError {
  return new WattkeeperError(
    "invalid_file",
    `The kubeconfig "${file}" cannot be used. ${said}`,
    {
      where: file,
      remedy: "Try it: `kubectl --kubeconfig FILE get --raw /version`.",
      cause,
    },
  );
}

function noCluster(): WattkeeperError {
  return new WattkeeperError(
    "invalid_usage",
    "There is no API server to talk to: no kubeconfig is named, $KUBECONFIG is empty, this process does not run in a cluster, and ~/.kube/config is not there.",
    { where: "--kubeconfig", remedy: "Name one with `--kubeconfig FILE`." },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
