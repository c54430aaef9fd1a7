/** A real HTTP server that answers as the test tells it to, request by request. @module */

import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";

/** One request that waits for the test's answer. */
export class Exchange {
  readonly #response: ServerResponse;
  readonly #request: IncomingMessage;
  readonly #body: Promise<string>;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    this.#body = new Promise((resolve) => {
      request.on("close", () => resolve(textOf(chunks)));
      request.on("end", () => resolve(textOf(chunks)));
    });
  }

  get url(): URL {
    return new URL(this.#request.url ?? "/", "http://server");
  }

  get isWatch(): boolean {
    return this.url.searchParams.get("watch") === "1";
  }

  get method(): string {
    return this.#request.method ?? "";
  }

  /** What the client sent, once it has sent it all. */
  async json(): Promise<unknown> {
    return JSON.parse(await this.#body);
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(",") : value;
  }

  /** Answers in full. */
  answer(
    status: number,
    body: unknown,
    headers: Record<string, string> = {},
  ): void {
    this.#response.writeHead(status, {
      "content-type": "application/json",
      ...headers,
    });
    this.#response.end(typeof body === "string" ? body : JSON.stringify(body));
  }

  /** Answers a LIST. */
  list(
    resourceVersion: string,
    items: readonly unknown[],
    token?: string,
  ): void {
    this.answer(200, {
      kind: "PodList",
      metadata: { resourceVersion, continue: token },
      items,
    });
  }

  /** Opens a watch: the head of the answer goes out, the body stays open. */
  open(): this {
    this.#response.writeHead(200, { "content-type": "application/json" });
    this.#response.flushHeaders();
    return this;
  }

  /** Sends one watch event. */
  event(type: string, object: unknown): this {
    return this.raw(JSON.stringify({ type, object }) + "\n");
  }

  /** Sends bytes as they are. */
  raw(bytes: string | Uint8Array): this {
    this.#response.write(bytes);
    return this;
  }

  /** Ends the answer as a healthy server does. */
  end(): void {
    this.#response.end();
  }

  /** Breaks the connection in the middle of the answer. */
  reset(): void {
    this.#request.socket.destroy();
  }

  /** Resolves when the client has given the connection up. */
  closed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#response.destroyed) return resolve();
      this.#response.on("close", resolve);
    });
  }
}

function textOf(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join(
    "",
  ) + decoder.decode();
}

/** Certificates of a server that speaks TLS and asks for the client's certificate. */
export interface ServerCertificates {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
}

/** Queues requests until the test takes them. */
export class ScriptedApiServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #queue: Exchange[] = [];
  readonly #takers: ((exchange: Exchange) => void)[] = [];
  readonly #scheme: string;
  /** Requests since the start, taken or not. */
  received = 0;

  private constructor(certificates: ServerCertificates | undefined) {
    this.#scheme = certificates ? "https" : "http";
    this.#server = certificates === undefined
      ? createServer()
      : createTlsServer({
        cert: certificates.cert,
        key: certificates.key,
        ...(certificates.clientCa
          ? {
            ca: certificates.clientCa,
            requestCert: true,
            rejectUnauthorized: true,
          }
          : {}),
      });
    this.#server.on("request", (request, response) => {
      this.received++;
      const exchange = new Exchange(request, response);
      const taker = this.#takers.shift();
      if (taker) taker(exchange);
      else this.#queue.push(exchange);
    });
  }

  /** Starts on a free port of the loopback address. */
  static async start(
    certificates?: ServerCertificates,
  ): Promise<ScriptedApiServer> {
    const server = new ScriptedApiServer(certificates);
    await new Promise<void>((resolve) =>
      server.#server.listen(0, "127.0.0.1", resolve)
    );
    return server;
  }

  get url(): URL {
    const address = this.#server.address();
    if (address === null || typeof address === "string") {
      throw new Error("The server does not listen.");
    }
    return new URL(`${this.#scheme}://127.0.0.1:${address.port}`);
  }

  /** The next request, in the order of arrival. */
  next(): Promise<Exchange> {
    const waiting = this.#queue.shift();
    return waiting
      ? Promise.resolve(waiting)
      : new Promise((resolve) => this.#takers.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
