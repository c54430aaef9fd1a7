/** Requests to an API server with nothing between: status, message and warnings as the server gives them. @module */

import type { Endpoint } from "../../../cluster/mod.ts";

/** One answer. */
export interface RawAnswer {
  readonly status: number;
  /** Of a `Status` body; empty on success. */
  readonly message: string;
  /** Texts of `Warning` headers. */
  readonly warnings: readonly string[];
  readonly body: unknown;
}

/** What is sent. */
export interface RawRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
}

/** Speaks as one account. */
export class RawApi implements Disposable {
  readonly #endpoint: Endpoint;
  readonly #client: Deno.HttpClient;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    const certificate = endpoint.clientCertificate;
    this.#client = Deno.createHttpClient({
      caCerts: [...endpoint.caCertificates],
      http2: false,
      ...(certificate
        ? { cert: certificate.certificate, key: certificate.key }
        : {}),
    });
  }

  async send(request: RawRequest): Promise<RawAnswer> {
    const headers = new Headers({ accept: "application/json" });
    const token = await this.#endpoint.token?.();
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    if (request.body !== undefined) {
      headers.set("content-type", request.contentType ?? "application/json");
    }
    const response = await fetch(new URL(request.path, this.#endpoint.server), {
      method: request.method,
      headers,
      body: request.body === undefined ? null : JSON.stringify(request.body),
      client: this.#client,
    });
    const body: unknown = JSON.parse(await response.text() || "null");
    const warning = response.headers.get("warning");
    return {
      status: response.status,
      message: response.ok ? "" : messageOf(body),
      warnings: warning === null ? [] : [warning],
      body,
    };
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function messageOf(body: unknown): string {
  return typeof body === "object" && body !== null && "message" in body
    ? String(body.message)
    : "";
}
