/** A real cluster's control plane for one test file: no nodes, no controllers; the test plays those. @module */

import {
  ApiClient,
  ApiTransport,
  type Endpoint,
  realClock,
} from "../../cluster/mod.ts";
import { Applier, type Manifest, readManifests } from "./apply.ts";
import { ControlPlane } from "./control_plane.ts";
import { type ClusterCredentials, makeCredentials } from "./credentials.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { kustomizeBuild } from "./kustomize.ts";
import { KUBE } from "./programs.ts";
import type { ServerProcess } from "./server_process.ts";
import { type AccountRequest, accountToken } from "./service_account.ts";

/**
 * Starts etcd and kube-apiserver: RBAC on, ServiceAccount admission off. Some three seconds on a quiet machine.
 *
 * @example
 * ```ts
 * await using cluster = await startCluster();
 * await cluster.applyFiles("deploy/base");
 * const planner = await cluster.endpointFor({ namespace: "wattkeeper-system", name: "wattkeeper-planner" });
 * ```
 */
export async function startCluster(): Promise<TestCluster> {
  if (KUBE === undefined) {
    throw new Error("There is no etcd or kube-apiserver.");
  }
  const credentials = await makeCredentials();
  const folder = await Deno.makeTempDir({ prefix: "wattkeeper-kube-" });
  const plane = await ControlPlane.start(KUBE, credentials, folder);
  return new TestCluster(plane, credentials, folder);
}

/** A running control plane, and ways to act on it as the administrator or as others. */
export class TestCluster implements AsyncDisposable {
  /** As the administrator, whom RBAC does not bind. */
  readonly client: ApiClient;
  /** Of the administrator. */
  readonly adminEndpoint: Endpoint;
  /** Folder that is gone with the cluster. */
  readonly folder: string;
  readonly #plane: ControlPlane;
  readonly #credentials: ClusterCredentials;
  readonly #transport: ApiTransport;
  readonly #applier: Applier;
  #kubeconfigs = 0;

  /** Use {@linkcode startCluster}. */
  constructor(
    plane: ControlPlane,
    credentials: ClusterCredentials,
    folder: string,
  ) {
    this.#plane = plane;
    this.#credentials = credentials;
    this.folder = folder;
    this.adminEndpoint = plane.administrator;
    this.#transport = new ApiTransport(() =>
      Promise.resolve(this.adminEndpoint)
    );
    this.client = new ApiClient(this.#transport, {
      clock: realClock,
      random: Math.random,
      requestsPerSecond: 5_000,
      burst: 10_000,
    });
    this.#applier = new Applier(this.client);
  }

  /** The key that signs service account tokens, PEM: for tokens that are not in order. */
  get accountKey(): string {
    return this.#credentials.accountKey.privatePem;
  }

  /** Process of the API server, to freeze and thaw it. */
  get apiServer(): ServerProcess {
    return this.#plane.apiServer;
  }

  /**
   * The endpoint of a service account with a real token; makes namespace, account and pod where they are missing.
   * A token bound to a pod carries the pod's node in its claims.
   */
  async endpointFor(account: AccountRequest): Promise<Endpoint> {
    const token = await accountToken(this.client, account);
    return {
      server: this.#plane.url,
      caCertificates: this.adminEndpoint.caCertificates,
      token: () => Promise.resolve(token),
      namespace: account.namespace,
    };
  }

  /** A client for an endpoint of this cluster, closed with `using`. */
  clientFor(endpoint: Endpoint): { client: ApiClient } & Disposable {
    const transport = new ApiTransport(() => Promise.resolve(endpoint));
    return {
      client: new ApiClient(transport, {
        clock: realClock,
        random: Math.random,
      }),
      [Symbol.dispose]: () => transport[Symbol.dispose](),
    };
  }

  /** @returns path of a kubeconfig file for `endpoint` */
  async kubeconfigFile(endpoint: Endpoint): Promise<string> {
    const path = `${this.folder}/kubeconfig-${++this.#kubeconfigs}.yaml`;
    await Deno.writeTextFile(path, await kubeconfigText(endpoint), {
      mode: 0o600,
    });
    return path;
  }

  /**
   * Applies YAML text, or a folder: through kustomize when it has a `kustomization.yaml`, else its YAML files.
   *
   * @returns the objects as stored
   */
  async applyFiles(source: string): Promise<unknown[]> {
    return await this.#applier.apply(await manifestsOf(source));
  }

  /** Deletes what {@linkcode applyFiles} would apply. */
  async deleteFiles(source: string): Promise<void> {
    await this.#applier.delete(await manifestsOf(source));
  }

  /** Kills the API server and starts it again on the same port; `while` runs in between. */
  async restartApiServer(
    whileDown: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    await this.#plane.stopApiServer();
    await whileDown();
    await this.#plane.startApiServer();
  }

  /** Ends everything; the same as disposing. */
  async stop(): Promise<void> {
    this.#transport[Symbol.dispose]();
    await this.#plane[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function manifestsOf(source: string): Promise<Manifest[]> {
  if (source.includes("\n")) return readManifests(source);
  const names: string[] = [];
  for await (const { name } of Deno.readDir(source)) names.push(name);
  if (names.includes("kustomization.yaml")) {
    return readManifests(await kustomizeBuild(source));
  }
  const files = names.filter((name) => /\.ya?ml$/.test(name)).sort();
  const texts = await Promise.all(
    files.map((name) => Deno.readTextFile(`${source}/${name}`)),
  );
  return texts.flatMap(readManifests);
}
