/** Real servers against real clients that are slow, large, many or rude. @module */

import assert from "node:assert/strict";
import {
  errorAnswer,
  EventStream,
  type HttpLimits,
  readBody,
  serveHttp,
} from "../../../service/mod.ts";

interface Place extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

function place(
  handler: (request: Request) => Response | Promise<Response>,
  limits: Partial<HttpLimits> = {},
): Place {
  const server = serveHttp(
    { hostname: "127.0.0.1", port: 0, limits, part: "test" },
    handler,
  );
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    [Symbol.asyncDispose]: () => server.close(100),
  };
}

const echo = async (request: Request) => {
  const body = await readBody(request, { bodyBytes: 100, bodyMs: 50 });
  return body.kind === "text" ? new Response(body.text) : body.answer;
};

async function codeOf(response: Response): Promise<unknown> {
  const { error } = await response.json();
  return error.code;
}

Deno.test("a body within the limits is read whole, UTF-8 cut anywhere included", async () => {
  await using it = place(echo);
  const response = await fetch(it.url, { method: "POST", body: "watts ≤ 500" });
  assert.equal(await response.text(), "watts ≤ 500");
});

Deno.test("a body that is too large is refused, declared or streamed", async () => {
  await using it = place(echo);
  const declared = await fetch(it.url, {
    method: "POST",
    body: "x".repeat(101),
  });
  assert.equal(declared.status, 413);
  assert.equal(await codeOf(declared), "body_too_large");
  const streamed = await fetch(it.url, {
    method: "POST",
    body: ReadableStream.from([
      new Uint8Array(60),
      new Uint8Array(60),
    ]),
  });
  assert.equal(streamed.status, 413);
  await streamed.body?.cancel();
});

Deno.test("a body that does not arrive is given up", async () => {
  await using it = place(echo);
  using socket = await Deno.connect({ hostname: "127.0.0.1", port: it.port });
  await socket.write(
    new TextEncoder().encode(
      "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\nhalf",
    ),
  );
  const answer = new Uint8Array(200);
  const length = await socket.read(answer);
  assert.match(
    new TextDecoder().decode(answer.subarray(0, length ?? 0)),
    /^HTTP\/1\.1 408/,
  );
});

Deno.test("an address that is too long is refused", async () => {
  await using it = place(() => new Response("ok"), { urlLength: 50 });
  const response = await fetch(`${it.url}/${"a".repeat(60)}`);
  assert.equal(response.status, 414);
  await response.body?.cancel();
});

Deno.test("more requests at a time than allowed are told so, and room comes back", async () => {
  const gate = Promise.withResolvers<void>();
  await using it = place(async () => {
    await gate.promise;
    return new Response("ok");
  }, { activeRequests: 2 });
  const held = [fetch(it.url), fetch(it.url)];
  let refused = await fetch(it.url);
  while (refused.status !== 503) {
    await refused.body?.cancel();
    refused = await fetch(it.url);
  }
  assert.equal(await codeOf(refused), "too_many_requests");
  gate.resolve();
  for (const response of await Promise.all(held)) {
    assert.equal(await response.text(), "ok");
  }
  const after = await fetch(it.url);
  assert.equal(await after.text(), "ok");
});

Deno.test("a handler that throws is a 500 without its secrets", async () => {
  await using it = place(() => {
    throw new Error("secret");
  });
  const response = await fetch(it.url);
  assert.equal(response.status, 500);
  assert(!(await response.text()).includes("secret"));
});

Deno.test("200 connections that never finish their headers hold up nobody", async () => {
  await using it = place(() => new Response("ok"));
  const sockets: Deno.Conn[] = [];
  try {
    for (let i = 0; i < 200; i++) {
      const socket = await Deno.connect({
        hostname: "127.0.0.1",
        port: it.port,
      });
      sockets.push(socket);
      await socket.write(new TextEncoder().encode("GET / HTTP/1.1\r\nx: "));
    }
    const response = await fetch(it.url);
    assert.equal(await response.text(), "ok");
  } finally {
    for (const socket of sockets) socket.close();
  }
});

Deno.test("headers without end are refused by the server", async () => {
  await using it = place(() => new Response("ok"));
  using socket = await Deno.connect({ hostname: "127.0.0.1", port: it.port });
  const part = new TextEncoder().encode(`GET / HTTP/1.1\r\nx: `);
  const more = new TextEncoder().encode("a".repeat(65_536));
  let written = 0;
  try {
    await socket.write(part);
    for (; written < 64; written++) await socket.write(more);
  } catch {
    // Refused while we still wrote.
  }
  const answer = new Uint8Array(200);
  const length = await socket.read(answer).catch(() => null);
  const text = new TextDecoder().decode(answer.subarray(0, length ?? 0));
  assert(length === null || /^HTTP\/1\.1 4/.test(text), text);
});

Deno.test("rubbish instead of HTTP is refused", async () => {
  await using it = place(() => new Response("ok"));
  using socket = await Deno.connect({ hostname: "127.0.0.1", port: it.port });
  await socket.write(new Uint8Array([0, 255, 13, 10, 13, 10]));
  const answer = new Uint8Array(200);
  const length = await socket.read(answer).catch(() => null);
  const text = new TextDecoder().decode(answer.subarray(0, length ?? 0));
  assert(length === null || /^HTTP\/1\.1 4/.test(text), text);
  const response = await fetch(it.url);
  assert.equal(await response.text(), "ok");
});

async function readSome(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  until: (text: string) => boolean,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  while (!until(text)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  return text;
}

Deno.test("events arrive with ids, and who comes back gets what it missed", async () => {
  const stream = new EventStream({}, "run1");
  await using it = place((request) =>
    new Response(stream.open(request.headers.get("last-event-id")), {
      headers: { "content-type": "text/event-stream" },
    })
  );
  const first = await fetch(it.url);
  const reader = first.body!.getReader();
  await readSome(reader, (text) => text.includes("retry"));
  stream.publish("decision", { id: 1 });
  assert.match(
    await readSome(reader, (text) => text.includes("data")),
    /id: run1-1\nevent: decision\ndata: \{"id":1\}\n\n/,
  );
  await reader.cancel();
  stream.publish("decision", { id: 2 });
  stream.publish("decision", { id: 3 });
  const second = await fetch(it.url, {
    headers: { "last-event-id": "run1-1" },
  });
  const again = second.body!.getReader();
  const text = await readSome(again, (t) => t.includes('{"id":3}'));
  assert(!text.includes('{"id":1}') && text.includes('{"id":2}'));
  await again.cancel();
  stream.close();
});

Deno.test("an id of another run gives everything that is kept", () => {
  const stream = new EventStream({ keptEvents: 2 }, "run2");
  for (const id of [1, 2, 3]) stream.publish("decision", { id });
  const body = stream.open("run1-2");
  assert(body);
  stream.close();
});

Deno.test("a reader that does not read is dropped; publishing goes on and others get everything", async () => {
  const stream = new EventStream({ pendingEvents: 20, heartbeatMs: 60_000 });
  const slow = stream.open()!;
  const quick = stream.open()!;
  const reader = quick.getReader();
  const seen: Promise<string> = readSome(
    reader,
    (text) => text.includes("data: 99\n"),
  );
  for (let i = 0; i < 100; i++) {
    stream.publish("n", i);
    await Promise.resolve();
    await new Promise<void>((resolve) => queueMicrotask(resolve));
  }
  await seen;
  assert.equal(stream.dropped, 1);
  assert.equal(stream.clients, 1);
  await assert.rejects(async () => {
    for await (const _ of slow);
  });
  await reader.cancel();
  stream.close();
});

Deno.test("more readers than allowed are refused, one that leaves makes room", async () => {
  const stream = new EventStream({ clients: 2 });
  const bodies = [stream.open(), stream.open()];
  assert.equal(stream.open(), undefined);
  await bodies[0]!.cancel();
  assert(stream.open());
  stream.close();
  assert.equal(stream.clients, 0);
});

Deno.test("errors are JSON with a code", async () => {
  const answer = errorAnswer(404, "not_found", "Nothing is here.");
  assert.deepEqual(await answer.json(), {
    error: { code: "not_found", message: "Nothing is here." },
  });
});
