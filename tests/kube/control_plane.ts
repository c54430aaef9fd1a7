/** One etcd and one kube-apiserver on free ports. @module */

import type { Endpoint } from "../../cluster/mod.ts";
import type { ClusterCredentials } from "./credentials.ts";
import type { KubePrograms } from "./programs.ts";
import { freePort, ServerProcess, withFreshPorts } from "./server_process.ts";
import { Watchdog } from "./watchdog.ts";

/** Issuer of service account tokens, as in clusters made by kubeadm. */
export const ISSUER = "https://kubernetes.default.svc";

/** The two servers; the API server can be stopped and come back where it was. */
export class ControlPlane implements AsyncDisposable {
  readonly #programs: KubePrograms;
  readonly #credentials: ClusterCredentials;
  readonly #folder: string;
  readonly #watchdog: Watchdog;
  #etcd: ServerProcess | undefined;
  #etcdUrl = "";
  #apiserver: ServerProcess | undefined;
  #port = 0;

  private constructor(
    programs: KubePrograms,
    credentials: ClusterCredentials,
    folder: string,
  ) {
    this.#programs = programs;
    this.#credentials = credentials;
    this.#folder = folder;
    this.#watchdog = new Watchdog(folder);
  }

  /** @param folder for data and logs; removed at the end */
  static async start(
    programs: KubePrograms,
    credentials: ClusterCredentials,
    folder: string,
  ): Promise<ControlPlane> {
    const plane = new ControlPlane(programs, credentials, folder);
    try {
      const { ca, server, accountKey } = credentials;
      for (
        const [name, text] of Object.entries({
          "ca.pem": ca,
          "server.pem": server.cert,
          "server.key": server.key,
          "accounts.key": accountKey.privatePem,
          "accounts.pub": accountKey.publicPem,
        })
      ) await Deno.writeTextFile(`${folder}/${name}`, text);
      await withFreshPorts(() => plane.#startEtcd());
      await withFreshPorts(async () => {
        plane.#port = freePort();
        await plane.startApiServer();
      });
      return plane;
    } catch (error) {
      await plane[Symbol.asyncDispose]();
      throw error;
    }
  }

  get url(): URL {
    return new URL(`https://127.0.0.1:${this.#port}`);
  }

  get administrator(): Endpoint {
    const { ca, admin } = this.#credentials;
    return {
      server: this.url,
      caCertificates: [ca],
      clientCertificate: { certificate: admin.cert, key: admin.key },
      namespace: "default",
    };
  }

  /** The API server's process, to freeze it. */
  get apiServer(): ServerProcess {
    if (this.#apiserver === undefined) throw new Error("It is stopped.");
    return this.#apiserver;
  }

  async #startEtcd(): Promise<void> {
    const [client, peer] = [freePort(), freePort()]
      .map((port) => `http://127.0.0.1:${port}`);
    const url = client ?? "";
    const data = await Deno.makeTempDir({ dir: this.#folder, prefix: "etcd-" });
    this.#etcd = await ServerProcess.start({
      name: "etcd",
      program: this.#programs.etcd,
      args: [
        `--data-dir=${data}`,
        "--unsafe-no-fsync",
        `--listen-client-urls=${url}`,
        `--advertise-client-urls=${url}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=default=${peer}`,
        "--logger=zap",
        "--log-level=warn",
      ],
      folder: this.#folder,
      ready: () => answers(`${url}/health`),
    });
    this.#etcdUrl = url;
    await this.#watchdog.guard("etcd", this.#etcd.pid);
  }

  /** Starts the API server on its port, with what etcd holds. */
  async startApiServer(): Promise<void> {
    const folder = this.#folder;
    const { administrator } = this;
    using client = Deno.createHttpClient({
      caCerts: [...administrator.caCertificates],
      cert: this.#credentials.admin.cert,
      key: this.#credentials.admin.key,
      http2: false,
    });
    this.#apiserver = await ServerProcess.start({
      name: "kube-apiserver",
      program: this.#programs.apiserver,
      args: [
        `--etcd-servers=${this.#etcdUrl}`,
        "--bind-address=127.0.0.1",
        `--secure-port=${this.#port}`,
        `--tls-cert-file=${folder}/server.pem`,
        `--tls-private-key-file=${folder}/server.key`,
        `--client-ca-file=${folder}/ca.pem`,
        `--service-account-key-file=${folder}/accounts.pub`,
        `--service-account-signing-key-file=${folder}/accounts.key`,
        `--service-account-issuer=${ISSUER}`,
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--disable-admission-plugins=ServiceAccount",
        "--allow-privileged=true",
        "--endpoint-reconciler-type=none",
        "--shutdown-delay-duration=0s",
      ],
      folder,
      ready: () => answers(`${this.url.origin}/readyz`, client),
    });
    await this.#watchdog.guard("kube-apiserver", this.#apiserver.pid);
  }

  /** Kills the API server; etcd keeps what it held. */
  async stopApiServer(): Promise<void> {
    await this.#apiserver?.[Symbol.asyncDispose]();
    this.#apiserver = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopApiServer();
    await this.#etcd?.[Symbol.asyncDispose]();
    await this.#watchdog[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function answers(
  url: string,
  client?: Deno.HttpClient,
): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(2_000);
    const response = await fetch(url, client ? { client, signal } : { signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
