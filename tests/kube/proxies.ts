/** Proxies between a client and a server, which count where they were asked to connect to. @module */

import { createServer } from "node:http";
import {
  connect,
  createServer as createTcpServer,
  type Socket,
} from "node:net";

/** A running proxy. */
export interface TestProxy extends AsyncDisposable {
  readonly url: string;
  /** `HOST:PORT` of each connection asked for. */
  readonly asked: readonly string[];
}

/** An HTTP proxy that takes CONNECT. */
export async function httpProxy(): Promise<TestProxy> {
  const asked: string[] = [];
  const server = createServer();
  server.on("connect", (request, socket: Socket) => {
    const address = request.url ?? "";
    asked.push(address);
    const at = address.lastIndexOf(":");
    forward(
      socket,
      address.slice(0, at),
      Number(address.slice(at + 1)),
      () => socket.write("HTTP/1.1 200 Connection Established\r\n\r\n"),
    );
  });
  return await started("http", server, asked);
}

/** A SOCKS5 proxy without authentication (RFC 1928). */
export async function socksProxy(): Promise<TestProxy> {
  const asked: string[] = [];
  const server = createTcpServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", () => {
      socket.write(Uint8Array.of(5, 0));
      socket.once("data", (request: Uint8Array) => {
        const [host, port] = socksTarget(request);
        asked.push(`${host}:${port}`);
        forward(
          socket,
          host,
          port,
          () => socket.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)),
        );
      });
    });
  });
  return await started("socks5", server, asked);
}

/** Address and port of a SOCKS5 CONNECT: IPv4 or a name. */
function socksTarget(request: Uint8Array): [string, number] {
  const [, , , type, length = 0] = request;
  const end = type === 1 ? 8 : 5 + length;
  const host = type === 1
    ? request.slice(4, 8).join(".")
    : new TextDecoder().decode(request.slice(5, end));
  return [host, (request[end] ?? 0) * 256 + (request[end + 1] ?? 0)];
}

function forward(
  socket: Socket,
  host: string,
  port: number,
  open: () => void,
): void {
  const onward = connect(port, host, () => {
    open();
    onward.pipe(socket);
    socket.pipe(onward);
  });
  onward.on("error", () => socket.destroy());
  socket.on("error", () => onward.destroy());
  socket.on("close", () => onward.destroy());
}

async function started(
  scheme: string,
  server: ReturnType<typeof createTcpServer>,
  asked: readonly string[],
): Promise<TestProxy> {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error("The proxy does not listen.");
  }
  return {
    url: `${scheme}://127.0.0.1:${address.port}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
