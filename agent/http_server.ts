/**
 * A small HTTP server for probes and scrapes that no client can hold up: one answer a connection, each connection for a
 * few seconds at most, a bounded number of them. `Deno.serve` has no such limits: a client that sends nothing, or a byte
 * now and then, stays for ever (decision 0104).
 *
 * @module
 */

import type { Clock } from "./ports.ts";

/** From the connection to the end of the answer, milliseconds. */
export const CONNECTION_MS = 5_000;
/** More clients than any node has; the oldest that has not asked yet makes room. */
export const MAX_CONNECTIONS = 64;
/** A request's head; a probe's is a few hundred bytes. */
const MAX_HEAD_BYTES = 8_192;

/** Where and how to serve. */
export interface HttpServerOptions {
  readonly hostname: string;
  readonly port: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** A server that listens. */
export interface HttpServer {
  readonly addr: Deno.NetAddr;
  /** Open connections. */
  readonly connections: number;
}

/**
 * Serves until the signal aborts.
 *
 * @param answer must not wait for anything
 * @throws when the address cannot be bound
 */
export function serveHttp(
  options: HttpServerOptions,
  answer: (request: Request) => Response,
): HttpServer {
  const { hostname, port, signal, clock } = options;
  const listener = Deno.listen({ hostname, port });
  const open = new Set<Deno.TcpConn>();
  const close = (connection: Deno.TcpConn) => {
    if (!open.delete(connection)) return;
    try {
      connection.close();
    } catch { /* it is closed */ }
  };
  signal.addEventListener("abort", () => {
    listener.close();
    for (const connection of [...open]) close(connection);
  }, { once: true });
  const serve = async (connection: Deno.TcpConn) => {
    const over = new AbortController();
    clock.sleep(CONNECTION_MS, over.signal).then(() => close(connection));
    try {
      const request = await requestOf(connection);
      const response = request
        ? answer(request)
        : new Response("bad request\n", { status: 400 });
      await send(connection, response, request?.method !== "HEAD");
    } catch {
      // The client has gone, or was cut off.
    } finally {
      over.abort();
      close(connection);
    }
  };
  const accept = async () => {
    while (!signal.aborted) {
      try {
        const connection = await listener.accept();
        const [oldest] = open;
        if (oldest && open.size >= MAX_CONNECTIONS) close(oldest);
        open.add(connection);
        serve(connection);
      } catch {
        // No descriptor is left: one is free again soon, for every connection ends.
        if (!signal.aborted) await clock.sleep(100, signal);
      }
    }
  };
  accept();
  return {
    addr: listener.addr,
    get connections() {
      return open.size;
    },
  };
}

/** Reads a request's head; bodies are nobody's business here. @returns undefined for what is none */
async function requestOf(
  connection: Deno.TcpConn,
): Promise<Request | undefined> {
  const bytes = new Uint8Array(MAX_HEAD_BYTES);
  let length = 0;
  let head = "";
  while (!/\r?\n\r?\n/.test(head)) {
    if (length === bytes.length) return undefined;
    const read = await connection.read(bytes.subarray(length));
    if (read === null) return undefined;
    length += read;
    head = new TextDecoder().decode(bytes.subarray(0, length));
  }
  const [, method, target] =
    /^([A-Z]+) (\/[\x21-\x7e]*) HTTP\/1\.[01]\r?\n/.exec(head) ?? [];
  if (method === undefined || target === undefined) return undefined;
  try {
    return new Request(new URL(target, "http://agent"), { method });
  } catch {
    return undefined;
  }
}

async function send(
  connection: Deno.TcpConn,
  response: Response,
  withBody: boolean,
): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  const headers = [...response.headers].map(([name, value]) =>
    `${name}: ${value}\r\n`
  ).join("");
  const head = new TextEncoder().encode(
    `HTTP/1.1 ${response.status} ${REASONS[response.status] ?? ""}\r\n` +
      `${headers}content-length: ${body.length}\r\nconnection: close\r\n\r\n`,
  );
  const all = new Uint8Array(head.length + (withBody ? body.length : 0));
  all.set(head);
  if (withBody) all.set(body, head.length);
  let rest = all.subarray(0);
  while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
}

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  503: "Service Unavailable",
};
