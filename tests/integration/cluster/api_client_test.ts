import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert";
import {
  ApiClient,
  type ApiClientOptions,
} from "../../../cluster/api_client.ts";
import { ApiError } from "../../../cluster/api_error.ts";
import type { Endpoint } from "../../../cluster/endpoint.ts";
import { ApiTransport } from "../../../cluster/transport.ts";
import { VirtualClock } from "../../unit/cluster/virtual_clock.ts";
import { Authority } from "./certificates.ts";
import { ScriptedApiServer } from "./scripted_api_server.ts";

const POD = "/api/v1/namespaces/prod/pods/worker-0";

class Rig implements AsyncDisposable, Disposable {
  readonly clock = new VirtualClock();
  readonly client: ApiClient;
  readonly server: ScriptedApiServer;
  readonly transport: ApiTransport;

  constructor(
    server: ScriptedApiServer,
    options: Partial<ApiClientOptions>,
    endpoint: Partial<Endpoint>,
  ) {
    this.server = server;
    const { url } = server;
    this.transport = new ApiTransport(() =>
      Promise.resolve({
        server: url,
        caCertificates: [],
        namespace: "prod",
        ...endpoint,
      })
    );
    this.client = new ApiClient(this.transport, {
      clock: this.clock,
      random: () => 0.5,
      ...options,
    });
  }

  static async start(
    options: Partial<ApiClientOptions> = {},
    endpoint: Partial<Endpoint> = {},
  ): Promise<Rig> {
    return new Rig(await ScriptedApiServer.start(), options, endpoint);
  }

  /** Lets the client sleep the delay before its next attempt. */
  async passDelay(): Promise<number> {
    while (this.clock.pendingMs.length < 2) {
      await new Promise((resolve) => setTimeout(resolve));
    }
    const delayMs = this.clock.pendingMs[0] ?? NaN;
    this.clock.advance(delayMs);
    return delayMs;
  }

  [Symbol.dispose](): void {
    this.transport[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

async function fails(
  call: Promise<unknown>,
  kind: ApiError["kind"],
  message: RegExp = /./,
): Promise<ApiError> {
  let found: ApiError | undefined;
  await rejects(call, (error) => {
    ok(error instanceof ApiError, String(error));
    strictEqual(error.kind, kind, error.message);
    match(error.message, message);
    found = error;
    return true;
  });
  ok(found);
  return found;
}

Deno.test("each way to write is sent as Kubernetes wants it", async () => {
  await using rig = await Rig.start();
  const { client } = rig;
  const operations = [
    { op: "test", path: "/metadata/uid", value: "u" },
    { op: "add", path: "/metadata/labels/a", value: "b" },
  ] as const;
  const sent: [
    () => Promise<unknown>,
    method: string,
    path: string,
    type: string | undefined,
    body: unknown,
  ][] = [
    [
      () => client.create("/api/v1/namespaces/prod/pods", { a: 1 }),
      "POST",
      "/api/v1/namespaces/prod/pods",
      "application/json",
      { a: 1 },
    ],
    [
      () => client.replace(POD, { a: 2 }),
      "PUT",
      POD,
      "application/json",
      { a: 2 },
    ],
    [
      () => client.jsonPatch(POD, operations),
      "PATCH",
      POD,
      "application/json-patch+json",
      operations,
    ],
    [
      () => client.mergePatch(POD, { a: null }),
      "PATCH",
      POD,
      "application/merge-patch+json",
      { a: null },
    ],
    [
      () => client.apply(POD, { a: 3 }, { fieldManager: "w k", force: true }),
      "PATCH",
      `${POD}?fieldManager=w+k&force=true`,
      "application/apply-patch+yaml",
      { a: 3 },
    ],
    [
      () => client.delete(POD, { uid: "u", resourceVersion: "7" }),
      "DELETE",
      POD,
      "application/json",
      {
        kind: "DeleteOptions",
        apiVersion: "v1",
        preconditions: { uid: "u", resourceVersion: "7" },
      },
    ],
    [() => client.get(POD), "GET", POD, undefined, undefined],
  ];
  for (const [call, method, path, type, body] of sent) {
    const calling = call();
    const exchange = await rig.server.next();
    strictEqual(exchange.method, method);
    strictEqual(exchange.url.pathname + exchange.url.search, path);
    strictEqual(exchange.header("content-type"), type);
    match(exchange.header("user-agent") ?? "", /^wattkeeper\//);
    if (body !== undefined) deepStrictEqual(await exchange.json(), body);
    exchange.answer(200, { answered: method });
    const result = await calling;
    if (method !== "DELETE") deepStrictEqual(result, { answered: method });
  }
  strictEqual(client.counts.requests, sent.length);
});

Deno.test("409 is a conflict with the server's reason, and is not repeated", async () => {
  await using rig = await Rig.start();
  const writing = rig.client.replace(POD, {});
  (await rig.server.next()).answer(409, {
    reason: "Conflict",
    message: "the object has been modified",
  });
  const error = await fails(writing, "conflict", /has been modified/);
  strictEqual(error.reason, "Conflict");
  deepStrictEqual(rig.client.counts, {
    requests: 1,
    throttled: 0,
    retried: 0,
    conflicts: 1,
  });
});

for (const status of [404, 410]) {
  Deno.test(`${status} is gone, and is not repeated`, async () => {
    await using rig = await Rig.start();
    const reading = rig.client.get(POD);
    (await rig.server.next()).answer(status, { message: "not found" });
    strictEqual((await fails(reading, "gone")).status, status);
    strictEqual(rig.client.counts.requests, 1);
  });
}

Deno.test("429 is repeated after what the server asks for, writes too", async () => {
  await using rig = await Rig.start();
  const writing = rig.client.mergePatch(POD, {});
  (await rig.server.next()).answer(429, {}, { "retry-after": "3" });
  strictEqual(await rig.passDelay(), 3_150);
  (await rig.server.next()).answer(200, { done: true });
  deepStrictEqual(await writing, { done: true });
  deepStrictEqual(rig.client.counts, {
    requests: 2,
    throttled: 1,
    retried: 1,
    conflicts: 0,
  });
});

Deno.test("a Retry-After beyond the deadline is for the caller to honour", async () => {
  await using rig = await Rig.start();
  const writing = rig.client.mergePatch(POD, {});
  (await rig.server.next()).answer(429, {}, { "retry-after": "3600" });
  const error = await fails(writing, "throttled", /fewer requests/);
  strictEqual(error.retryAfterMs, 3_600_000);
  strictEqual(rig.client.counts.requests, 1);
});

Deno.test("a read is repeated after 500, five times at most", async () => {
  await using rig = await Rig.start();
  const reading = rig.client.get(POD);
  const delays: number[] = [];
  for (let attempt = 1; attempt <= 5; attempt++) {
    (await rig.server.next()).answer(500, { message: "etcd is away" });
    if (attempt < 5) delays.push(await rig.passDelay());
  }
  await fails(reading, "status", /answered 500 .* "etcd is away"/);
  deepStrictEqual(delays, [75, 150, 300, 600]);
});

for (const status of [500, 503, 504]) {
  Deno.test(`a write answered with ${status} may have landed: it is not repeated`, async () => {
    await using rig = await Rig.start();
    const writing = rig.client.mergePatch(POD, {});
    (await rig.server.next()).answer(status, { message: "timeout" });
    await fails(writing, "unanswered", /The PATCH may have landed/);
    strictEqual(rig.client.counts.requests, 1);
  });
}

Deno.test("a connection cut in the middle of a write leaves it unanswered", async () => {
  await using rig = await Rig.start();
  const writing = rig.client.mergePatch(POD, {});
  (await rig.server.next()).reset();
  await fails(writing, "unanswered", /may have landed/);
  strictEqual(rig.client.counts.requests, 1);
});

for (const write of ["create", "replace", "mergePatch", "delete"] as const) {
  Deno.test(`${write}() on a connection that served before is sent once, also when that breaks`, async () => {
    await using rig = await Rig.start();
    const reading = rig.client.get(POD);
    (await rig.server.next()).answer(200, {});
    await reading;
    const writing = write === "delete"
      ? rig.client.delete(POD)
      : rig.client[write](POD, {});
    (await rig.server.next()).reset();
    await fails(writing, "unanswered");
    strictEqual(rig.server.received, 2, "the read and one write");
  });
}

Deno.test("an answer to a write that breaks off leaves it unanswered", async () => {
  await using rig = await Rig.start();
  const writing = rig.client.mergePatch(POD, {});
  const exchange = await rig.server.next();
  exchange.open().raw('{"metadata":{"resourceV');
  await new Promise((resolve) => setTimeout(resolve));
  exchange.reset();
  await fails(writing, "unanswered");
});

Deno.test("a read cut off is repeated", async () => {
  await using rig = await Rig.start();
  const reading = rig.client.get(POD);
  (await rig.server.next()).reset();
  await rig.passDelay();
  (await rig.server.next()).answer(200, { ok: 1 });
  deepStrictEqual(await reading, { ok: 1 });
});

Deno.test("a server that hangs: a read times out, a write is unanswered", async () => {
  await using rig = await Rig.start({ requestTimeoutMs: 4_000 });
  const reading = rig.client.get(POD);
  const heard = await rig.server.next();
  rig.clock.advance(4_000);
  await fails(reading, "timeout", /GET of .*worker-0 .* within 4000 ms/);
  await heard.closed();
  const writing = rig.client.replace(POD, {});
  await rig.server.next();
  rig.clock.advance(4_000);
  await fails(writing, "unanswered");
});

Deno.test("where nothing listens, a write is repeated and then known not to have landed", async () => {
  const server = await ScriptedApiServer.start();
  using rig = new Rig(server, {}, {});
  await server[Symbol.asyncDispose]();
  const writing = fails(
    rig.client.mergePatch(POD, {}),
    "unreachable",
    /[Cc]onnection refused/,
  );
  for (let attempt = 1; attempt < 5; attempt++) await rig.passDelay();
  await writing;
  strictEqual(rig.client.counts.requests, 5);
});

Deno.test("a caller that gives up before anything was sent gets its own reason; later, the truth", async () => {
  await using rig = await Rig.start();
  const early = AbortSignal.abort(new Error("stopping"));
  await rejects(rig.client.replace(POD, {}, early), /stopping/);
  const stop = new AbortController();
  const writing = rig.client.replace(POD, {}, stop.signal);
  await rig.server.next();
  stop.abort(new Error("stopping"));
  await fails(writing, "unanswered");
  strictEqual(rig.client.counts.requests, 1);
});

Deno.test("the client's own limit: a burst at once, then the rate, and nobody waits beyond a deadline", async () => {
  await using rig = await Rig.start({
    requestsPerSecond: 1,
    burst: 2,
    requestTimeoutMs: 1_500,
  });
  const calls = [1, 2, 3].map(() => rig.client.get(POD));
  const late = fails(rig.client.get(POD), "throttled", /Nothing was sent/);
  for (let i = 0; i < 2; i++) (await rig.server.next()).answer(200, {});
  await Promise.all(calls.slice(0, 2));
  await late;
  rig.clock.advance(1_000);
  (await rig.server.next()).answer(200, {});
  await calls[2];
  deepStrictEqual(rig.client.counts, {
    requests: 3,
    throttled: 2,
    retried: 0,
    conflicts: 0,
  });
});

Deno.test("an object of 2 MB is read and written whole", async () => {
  await using rig = await Rig.start();
  const body = { metadata: { annotations: { a: "ä".repeat(1 << 20) } } };
  const writing = rig.client.replace(POD, body);
  const exchange = await rig.server.next();
  const sent = await exchange.json();
  exchange.answer(200, sent);
  deepStrictEqual(await writing, body);
});

Deno.test("an answer that never ends is cut off", async () => {
  await using rig = await Rig.start();
  const reading = rig.client.get(POD);
  const exchange = (await rig.server.next()).open();
  for (let mib = 0; mib <= 16; mib++) exchange.raw("x".repeat(1 << 20));
  await fails(reading, "protocol", /longer than/);
});

Deno.test("an answer that is not JSON is named", async () => {
  await using rig = await Rig.start();
  const reading = rig.client.get(POD);
  (await rig.server.next()).answer(200, "<html>");
  await fails(reading, "protocol", /is not JSON/);
});

Deno.test("a token that has expired is named, and the next call asks for one anew", async () => {
  const tokens = ["old", "new"];
  await using rig = await Rig.start({}, {
    token: () => Promise.resolve(tokens.shift() ?? ""),
  });
  const reading = rig.client.get(POD);
  (await rig.server.next()).answer(401, { message: "Unauthorized" });
  await fails(reading, "unauthorized", /token or certificate .* expired/);
  const again = rig.client.get(POD);
  const exchange = await rig.server.next();
  strictEqual(exchange.header("authorization"), "Bearer new");
  exchange.answer(200, {});
  await again;
});

Deno.test("a server of another authority gets nothing, and the write has not landed", async () => {
  await using authority = await Authority.make();
  await using other = await Authority.make();
  const server = await ScriptedApiServer.start(await other.sign("apiserver"));
  await using rig = new Rig(server, {}, {
    caCertificates: [await authority.certificate()],
  });
  const writing = fails(
    rig.client.replace(POD, {}),
    "unreachable",
    /certificate|issuer/i,
  );
  for (let attempt = 1; attempt < 5; attempt++) await rig.passDelay();
  await writing;
});

Deno.test("403 by RBAC comes with the rule to add; by an admission policy, without", async () => {
  await using rig = await Rig.start();
  const byRole = rig.client.mergePatch(POD, {});
  (await rig.server.next()).answer(403, {
    message:
      'pods "worker-0" is forbidden: User "u" cannot patch resource "pods" in API group "" in the namespace "prod"',
  });
  await fails(
    byRole,
    "forbidden",
    /namespace "prod".*\n- apiGroups: \[""\]\n {2}resources: \["pods"\]\n {2}verbs: \["patch"\]$/,
  );
  const byPolicy = rig.client.mergePatch(POD, {});
  (await rig.server.next()).answer(403, {
    message: 'pods "worker-0" is forbidden: ValidatingAdmissionPolicy denied',
  });
  const error = await fails(byPolicy, "forbidden");
  ok(!error.message.includes("apiGroups"), error.message);
});
