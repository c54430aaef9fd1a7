/** An API server with the pods of one node and the node's report, in this process; for figures, not for proofs. @module */

import { REPORTS_PATH } from "../../../cluster/mod.ts";
import { Authority } from "../../integration/cluster/certificates.ts";

/** A pod as an API server sends it. */
export interface PodObject {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** Serves a LIST and watches of the pods, and takes reports. */
export class PodServer implements AsyncDisposable {
  /** By index, as a LIST has them. */
  readonly pods: PodObject[] = [];
  readonly #watchers = new Set<ReadableStreamDefaultController<Uint8Array>>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #ca: string | undefined;
  #version = 1;
  #report: Record<string, unknown> | undefined;
  #reports = 0;

  private constructor(tls?: { ca: string; cert: string; key: string }) {
    this.#ca = tls?.ca;
    this.#server = Deno.serve({
      ...(tls && { cert: tls.cert, key: tls.key }),
      port: 0,
      hostname: "127.0.0.1",
      onListen() {},
    }, (request) => this.#answer(request));
  }

  /** @param tls with a certificate of an authority of its own; otherwise plain HTTP */
  static async start(tls: boolean): Promise<PodServer> {
    if (!tls) return new PodServer();
    await using authority = await Authority.make();
    return new PodServer({
      ca: await authority.certificate(),
      ...await authority.sign("kube-apiserver"),
    });
  }

  /** Watches that are open. */
  get watches(): number {
    return this.#watchers.size;
  }

  /** Reports that were taken. */
  get reports(): number {
    return this.#reports;
  }

  /** @returns the next version of an object */
  nextVersion(): string {
    return `${++this.#version}`;
  }

  /** Changes a pod and tells all watches. */
  change(index: number, pod: PodObject): void {
    this.pods[index] = pod;
    const line = new TextEncoder().encode(
      `${JSON.stringify({ type: "MODIFIED", object: pod })}\n`,
    );
    for (const watcher of this.#watchers) {
      try {
        watcher.enqueue(line);
      } catch {
        this.#watchers.delete(watcher);
      }
    }
  }

  /** @returns a kubeconfig with a token, JSON */
  kubeconfig(): string {
    const scheme = this.#ca === undefined ? "http" : "https";
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
      clusters: [{
        name: "k",
        cluster: {
          server: `${scheme}://127.0.0.1:${this.#server.addr.port}`,
          ...(this.#ca !== undefined && {
            "certificate-authority-data": new TextEncoder().encode(this.#ca)
              .toBase64(),
          }),
        },
      }],
      users: [{ name: "u", user: { token: "t" } }],
    });
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname.startsWith(REPORTS_PATH)) return await this.#keep(request);
    if (!searchParams.has("watch")) {
      return Response.json({
        apiVersion: "v1",
        kind: "PodList",
        metadata: { resourceVersion: `${this.#version}` },
        items: this.pods,
      });
    }
    let mine: ReadableStreamDefaultController<Uint8Array>;
    let end: ReturnType<typeof setTimeout>;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#watchers.add(mine = controller);
        end = setTimeout(() => {
          if (this.#watchers.delete(mine)) mine.close();
        }, 1_000 * Number(searchParams.get("timeoutSeconds")));
        Deno.unrefTimer(end);
      },
      cancel: () => {
        clearTimeout(end);
        this.#watchers.delete(mine);
      },
    });
    return new Response(body, {
      headers: { "content-type": "application/json" },
    });
  }

  /** The node's report: read, made, replaced, as with the report's CRD. */
  async #keep(request: Request): Promise<Response> {
    if (request.method === "GET" && this.#report === undefined) {
      const name = request.url.slice(request.url.lastIndexOf("/") + 1);
      return Response.json({
        kind: "Status",
        status: "Failure",
        reason: "NotFound",
        message: `nodepowerreports.wattkeeper.dev "${name}" not found`,
        code: 404,
      }, { status: 404 });
    }
    if (request.method !== "GET") {
      const { metadata, ...object } = await request.json();
      this.#report = {
        ...object,
        metadata: { ...metadata, resourceVersion: this.nextVersion() },
      };
      this.#reports++;
    }
    return Response.json(this.#report);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers.clear();
    await this.#server.shutdown();
  }
}
