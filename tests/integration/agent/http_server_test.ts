/** Probes are answered whatever other clients do: silent ones, slow ones, many, odd ones. @module */

import assert from "node:assert/strict";
import {
  CONNECTION_MS,
  MAX_CONNECTIONS,
  serveHttp,
} from "../../../agent/http_server.ts";
import { VirtualClock } from "../../unit/cluster/virtual_clock.ts";

/** A server on a clock of its own. */
class House implements Disposable {
  readonly clock = new VirtualClock();
  readonly #stopping = new AbortController();
  readonly server = serveHttp({
    hostname: "127.0.0.1",
    port: 0,
    signal: this.#stopping.signal,
    clock: this.clock,
  }, ({ url, method }) => new Response(`${method} ${new URL(url).pathname}\n`));

  get port(): number {
    return this.server.addr.port;
  }
  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ port: this.port });
  }
  async probe(): Promise<string> {
    return await (await fetch(`http://127.0.0.1:${this.port}/readyz`)).text();
  }
  [Symbol.dispose](): void {
    this.#stopping.abort();
  }
}

async function say(connection: Deno.TcpConn, text: string): Promise<void> {
  await connection.write(new TextEncoder().encode(text));
}

async function all(connection: Deno.TcpConn): Promise<string> {
  try {
    return await new Response(connection.readable).text();
  } catch {
    return "";
  }
}

/** Resolves once `condition` holds, looking each turn of the event loop. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

Deno.test("a silent client does not delay the next probe, and is closed after its time", async () => {
  using house = new House();
  const silent = await house.connect();
  await until(() => house.server.connections === 1);
  assert.equal(await house.probe(), "GET /readyz\n");
  await house.clock.untilSleeping();
  house.clock.advance(CONNECTION_MS);
  assert.equal(await all(silent), "");
});

Deno.test("a client that drips bytes does not delay the next probe, and does not outlive its time", async () => {
  using house = new House();
  const slow = await house.connect();
  for (const byte of "GET /readyz HTTP/1.1\r\nx: ") await say(slow, byte);
  assert.equal(await house.probe(), "GET /readyz\n");
  await house.clock.untilSleeping();
  house.clock.advance(CONNECTION_MS - 1);
  await say(slow, "a");
  assert.equal(await house.probe(), "GET /readyz\n");
  house.clock.advance(1);
  assert.equal(await all(slow), "");
});

Deno.test("clients without end do not keep a probe out: the oldest make room", async () => {
  using house = new House();
  const crowd: Deno.TcpConn[] = [];
  for (let i = 0; i < MAX_CONNECTIONS; i++) crowd.push(await house.connect());
  await until(() => house.server.connections === MAX_CONNECTIONS);
  assert.equal(await house.probe(), "GET /readyz\n");
  assert.equal(await all(crowd[0]!), "");
  for (const one of crowd.slice(1)) one.close();
});

Deno.test("a client that goes in the middle leaves nothing behind", async () => {
  using house = new House();
  const client = await house.connect();
  await say(client, "GET /rea");
  client.close();
  await until(() => house.server.connections === 0);
  assert.equal(await house.probe(), "GET /readyz\n");
});

for (
  const [what, request] of [
    ["no HTTP", "hello\r\n\r\n"],
    ["another protocol", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["a whole address", "GET http://evil/ HTTP/1.1\r\n\r\n"],
    ["a forbidden method", "TRACE / HTTP/1.1\r\n\r\n"],
    ["a head without end", `GET / HTTP/1.1\r\nx: ${"a".repeat(9_000)}`],
  ] as const
) {
  Deno.test(`${what} is a bad request, and the next probe is answered`, async () => {
    using house = new House();
    const client = await house.connect();
    await say(client, request);
    assert.match(await all(client), /^HTTP\/1\.1 400 |^$/);
    assert.equal(await house.probe(), "GET /readyz\n");
  });
}

Deno.test("HEAD, queries and bare line ends are understood", async () => {
  using house = new House();
  const client = await house.connect();
  await say(client, "HEAD /readyz?verbose HTTP/1.0\n\n");
  const answer = await all(client);
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(answer, /content-length: 13\r\n/);
  assert.ok(answer.endsWith("\r\n\r\n"), "a HEAD has no body");
});

Deno.test("an address in use is an error", () => {
  using house = new House();
  assert.throws(
    () =>
      serveHttp({
        hostname: "127.0.0.1",
        port: house.port,
        signal: new AbortController().signal,
        clock: house.clock,
      }, () => new Response()),
    Deno.errors.AddrInUse,
  );
});
