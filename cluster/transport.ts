/** Requests to one API server over native fetch. @module */

import { VERSION } from "../service/mod.ts";
import { ApiError } from "./api_error.ts";
import type { Endpoint } from "./endpoint.ts";
import { statusError } from "./status_error.ts";

/** One request. */
export interface ApiRequest {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of the body; a patch says which kind it is. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

interface Connection {
  readonly endpoint: Endpoint;
  readonly client: Deno.HttpClient;
}

/** How `fetch` says that no connection came about, so that nothing was sent. */
const NOT_CONNECTED = /client error \(Connect\)|dns error/;

/**
 * Sends requests. HTTP/1.1 on purpose: with HTTP/2 all streams share one connection, so a watch retried after its
 * connection froze would land on the same frozen one.
 */
export class ApiTransport implements Disposable {
  readonly #loadEndpoint: () => Promise<Endpoint>;
  #connection: Promise<Connection> | undefined;

  /** @param loadEndpoint called at first use and after {@linkcode discardConnections} */
  constructor(loadEndpoint: () => Promise<Endpoint>) {
    this.#loadEndpoint = loadEndpoint;
  }

  /**
   * @param path with query, from the API server's root: `/api/v1/pods?limit=1`
   * @returns a response with a 2xx status
   * @throws {ApiError} for everything else, unless `signal` aborted: then its reason, or `unanswered` for a write
   * that had been handed over
   */
  async send(path: string, request: ApiRequest = {}): Promise<Response> {
    const { signal, method = "GET" } = request;
    let response: Response;
    let sent = false;
    let used: Endpoint | undefined;
    try {
      const { endpoint, client } = await this.#connect();
      used = endpoint;
      signal?.throwIfAborted();
      const headers = new Headers({
        ...endpoint.headers,
        accept: "application/json",
        "user-agent": `wattkeeper/${VERSION}`,
      });
      const token = await endpoint.token?.();
      signal?.throwIfAborted();
      if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
      if (request.body !== undefined) {
        headers.set("content-type", request.contentType ?? "application/json");
      }
      sent = true;
      response = await fetch(address(endpoint.server, path), {
        method,
        headers,
        body: method === "GET" ? null : onceSent(request.body),
        redirect: "manual",
        signal: signal ?? null,
        client,
      });
    } catch (cause) {
      const said = messageOf(cause);
      sent &&= !NOT_CONNECTED.test(said);
      if (sent && method !== "GET") {
        throw new ApiError(
          "unanswered",
          `The API server did not answer the ${method} of ${
            plain(path)
          }, which may have landed: ${said}`,
          { cause },
        );
      }
      if (signal?.aborted) throw signal.reason;
      throw new ApiError(
        "unreachable",
        `The API server did not answer ${plain(path)}: ${said}`,
        { cause },
      );
    }
    if (response.ok) return response;
    if (response.status === 401 && used?.refused) {
      used.refused();
      // A certificate is the connection's; a token is asked for with every request.
      if (used.clientCertificate) this.discardConnections();
    }
    throw await statusError(response, method, path);
  }

  /** Breaks all connections; the next request reads certificates anew and connects anew. */
  discardConnections(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.then(({ client }) => client.close(), () => {});
  }

  [Symbol.dispose](): void {
    this.discardConnections();
  }

  async #connect(): Promise<Connection> {
    const kept = await this.#connection;
    const { expiresAtMs = Infinity } = kept?.endpoint ?? {};
    if (kept !== undefined && Date.now() < expiresAtMs) return kept;
    if (kept !== undefined) this.discardConnections();
    return await (this.#connection ??= this.#open().catch((error) => {
      this.#connection = undefined;
      throw error;
    }));
  }

  async #open(): Promise<Connection> {
    const endpoint = await this.#loadEndpoint();
    const options = {
      caCerts: [...endpoint.caCertificates],
      http2: false,
      ...(endpoint.proxy ? { proxy: { url: endpoint.proxy } } : {}),
    };
    const client = Deno.createHttpClient(
      endpoint.clientCertificate === undefined ? options : {
        ...options,
        cert: endpoint.clientCertificate.certificate,
        key: endpoint.clientCertificate.key,
      },
    );
    return { endpoint, client };
  }
}

/**
 * A body that goes out once. `fetch` repeats a request with any other body by itself when a pooled connection breaks
 * before the answer, writes included; what came of the first of two such writes is then lost (C7). It cannot repeat a
 * stream.
 */
function onceSent(body: unknown): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (body !== undefined) {
        controller.enqueue(new TextEncoder().encode(JSON.stringify(body)));
      }
      controller.close();
    },
  });
}

function address(server: URL, path: string): URL {
  return new URL(
    `${server.origin}${server.pathname.replace(/\/+$/, "")}${path}`,
  );
}

/** A path without its query, which may be long. */
function plain(path: string): string {
  return path.split("?", 1)[0] ?? path;
}

/** The message of the innermost cause: "fetch failed" by itself helps nobody. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? messageOf(error.cause) : error.message;
}
