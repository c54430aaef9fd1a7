/** The planner over real HTTP: what it answers is what docs/planner.openapi.yaml says. @module */

import assert from "node:assert/strict";
import { PlanServer } from "../../../planner/serve/mod.ts";
import { type World, world } from "../../unit/planner/loop/world.ts";
import { configOf } from "../../unit/planner/stand_in.ts";
import {
  CONFIG,
  patch,
  settledTransition,
} from "../../unit/planner/loop/world.ts";
import { API, describedProperties, problemsOf } from "./openapi.ts";

interface Served extends AsyncDisposable {
  readonly w: World;
  readonly server: PlanServer<unknown>;
  readonly url: string;
  get(
    path: string,
    template?: string,
  ): Promise<{ readonly status: number; readonly body: unknown }>;
}

function serve(
  options: Parameters<typeof world>[0] = {},
  legacyNames = false,
): Served {
  const w = world(options);
  const server = new PlanServer({ loop: w.loop, legacyNames });
  const { port } = server.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${port}`;
  return {
    w,
    server,
    url,
    async get(path, template = path.split("?")[0] ?? path) {
      const response = await fetch(url + path);
      const contentType = response.headers.get("content-type") ?? "";
      const body: unknown = contentType.startsWith("application/json")
        ? await response.json()
        : await response.text();
      assert.deepEqual(
        problemsOf({
          path: template,
          method: "get",
          status: response.status,
          contentType,
          body,
        }),
        [],
        path,
      );
      return { status: response.status, body };
    },
    async [Symbol.asyncDispose]() {
      await w.stop();
      await server[Symbol.asyncDispose]();
    },
  };
}

function at(body: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null
        ? Object.getOwnPropertyDescriptor(value, key)?.value
        : undefined,
    body,
  );
}

Deno.test("before the first decision: alive, not ready, an empty list, a state without targets", async () => {
  await using it = serve();
  assert.equal((await it.get("/healthz")).body, "ok\n");
  assert.deepEqual(await it.get("/readyz"), {
    status: 503,
    body: "not ok\ndecision: none yet\n",
  });
  assert.deepEqual(
    (await it.get("/api/v1/decisions")).body,
    { decisions: [], next_before: null, kept: 0 },
  );
  assert.equal(at((await it.get("/api/v1/state")).body, "transition"), null);
  await it.get("/metrics");
});

Deno.test("every answer of a planner at work is as described", async () => {
  await using it = serve();
  it.w.start();
  await it.w.clock.run(300_000);
  assert.equal((await it.get("/readyz")).status, 200);
  const page = await it.get("/api/v1/decisions?limit=2");
  assert.equal(at(page.body, "decisions", 0, "id"), 6);
  assert.equal(at(page.body, "next_before"), 5);
  const next = await it.get("/api/v1/decisions?limit=200&before=5");
  assert.equal(at(next.body, "decisions", "length"), 4);
  assert.equal(at(next.body, "next_before"), null);
  const one = await it.get("/api/v1/decisions/3", "/api/v1/decisions/{id}");
  assert.equal(at(one.body, "id"), 3);
  const state = await it.get("/api/v1/state");
  assert.equal(at(state.body, "last_decision_id"), 6);
  assert.equal(at(state.body, "sides", "prefill", "rollout"), "settled");
});

Deno.test("what is sent is described, field by field", async () => {
  await using it = serve();
  it.w.start();
  await it.w.clock.run(1_000);
  const { body } = await it.get(
    "/api/v1/decisions/1",
    "/api/v1/decisions/{id}",
  );
  const unknown = Object.keys(Object(body)).filter((name) =>
    !describedProperties("Decision").includes(name)
  );
  assert.deepEqual(unknown, []);
});

for (
  const [path, status, code] of [
    ["/api/v1/decisions/77", 404, "not_found"],
    ["/api/v1/decisions/x", 400, "invalid_id"],
    ["/api/v1/decisions?limit=0", 400, "invalid_limit"],
    ["/api/v1/decisions?limit=201", 400, "invalid_limit"],
    ["/api/v1/decisions?limit=1e9", 400, "invalid_limit"],
    ["/api/v1/decisions?before=-1", 400, "invalid_before"],
  ] as const
) {
  Deno.test(`${path} is ${status} ${code}`, async () => {
    await using it = serve();
    const template = path.startsWith("/api/v1/decisions/")
      ? "/api/v1/decisions/{id}"
      : undefined;
    const answer = await it.get(path, template);
    assert.equal(answer.status, status);
    assert.equal(at(answer.body, "error", "code"), code);
  });
}

Deno.test("other paths are 404, other methods 405 with what is allowed", async () => {
  await using it = serve();
  const missing = await fetch(`${it.url}/api/v2`);
  assert.equal(missing.status, 404);
  await missing.body?.cancel();
  const written = await fetch(`${it.url}/api/v1/state`, { method: "DELETE" });
  assert.equal(written.status, 405);
  assert.equal(written.headers.get("allow"), "GET, HEAD");
  await written.body?.cancel();
});

Deno.test("every described path answers", async () => {
  await using it = serve();
  const own = Object.keys(API.paths).filter((path) =>
    path !== "/v1/min-endpoints"
  );
  for (const path of own) {
    const response = await fetch(it.url + path.replace("{id}", "1"), {
      method: "HEAD",
    });
    assert.notEqual(response.status, 405, path);
  }
});

Deno.test("the stream tells decisions, transitions and steps as they happen", async () => {
  await using it = serve();
  const response = await fetch(`${it.url}/api/v1/stream`);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const reader = response.body!.getReader();
  it.w.start();
  await it.w.clock.run(2_000);
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes("event: step")) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  const events = Array.from(text.matchAll(/event: (\w+)/g), ([, name]) => name);
  assert.deepEqual(events.slice(0, 3), ["decision", "transition", "step"]);
  await reader.cancel();
});

Deno.test("a reader that hangs is dropped and the loop goes on", async () => {
  const steps = [patch("a", "lower")];
  await using it = serve({
    brain: {
      stage: (ledger) => ({
        ledger,
        transition: { ...settledTransition(12_000), steps },
      }),
    },
  });
  const body = it.server.stream.open()!;
  it.w.start();
  await it.w.clock.run(600_000);
  assert.equal(it.server.stream.dropped, 1);
  assert.equal(it.w.eventsOf("decided").length, 11);
  await assert.rejects(async () => {
    for await (const _ of body);
  });
});

Deno.test("not ready while the fleet cannot be read, with the reason; a source that is down is no reason", async () => {
  await using it = serve();
  it.w.start();
  await it.w.clock.run(1_000);
  it.w.source.answer = () => Promise.reject(new Error("refused"));
  await it.w.clock.run(60_000);
  assert.equal((await it.get("/readyz")).status, 200);
  it.w.fleet.look = () => Promise.reject(new Error("forbidden"));
  await it.w.clock.run(2_000);
  const { status, body } = await it.get("/readyz");
  assert.equal(status, 503);
  assert.match(String(body), /snapshot: scripted fleet: forbidden/);
});

Deno.test("advisory lists the writes it would make, in the decision and in the state", async () => {
  await using it = serve({ config: configOf(`${CONFIG}\nadvisory: true`) });
  it.w.start();
  await it.w.clock.run(2_000);
  const state = await it.get("/api/v1/state");
  assert.equal(at(state.body, "withheld"), "advisory");
  const listed = at(state.body, "transition", "steps");
  assert(Array.isArray(listed) && listed.length > 0);
  const { body } = await it.get(
    "/api/v1/decisions/1",
    "/api/v1/decisions/{id}",
  );
  assert.deepEqual(at(body, "transition", "steps"), listed);
  assert.deepEqual(it.w.fleet.applied, []);
});
