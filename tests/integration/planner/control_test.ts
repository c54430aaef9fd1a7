/** The runtime control API over real HTTP: complete, atomic, only for who has the token. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import { request as httpRequest } from "node:http";
import type { PlannerConfig } from "../../../planner/config/mod.ts";
import { Lock, Settings } from "../../../planner/loop/mod.ts";
import { controlHandler } from "../../../planner/serve/mod.ts";
import { type HttpServer, serveHttp } from "../../../service/mod.ts";
import { CONFIG, LoopTestClock, MODEL } from "../../unit/planner/loop/world.ts";
import { configOf, modelOf } from "../../unit/planner/stand_in.ts";
import { problemsOf } from "./openapi.ts";

const TOKEN = "a-token-that-nobody-guesses";

interface Control extends AsyncDisposable {
  readonly settings: Settings;
  readonly lock: Lock;
  readonly clock: LoopTestClock;
  readonly server: HttpServer;
  ask(
    method: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ readonly status: number; readonly body: unknown }>;
}

function control(config: PlannerConfig = configOf(CONFIG)): Control {
  const model = config.mode === "agg"
    ? modelOf({ agg: { requestsPerSecond: 1, drawWatts: 500 } })
    : MODEL;
  const settings = new Settings(config, model);
  const lock = new Lock();
  const clock = new LoopTestClock();
  const server = serveHttp(
    { hostname: "127.0.0.1", port: 0, part: "test" },
    controlHandler({ settings, lock, clock, token: () => TOKEN }),
  );
  return {
    settings,
    lock,
    clock,
    server,
    async ask(method, body, headers = {}) {
      const response = await fetch(
        `http://127.0.0.1:${server.port}/v1/min-endpoints`,
        {
          method,
          headers: { authorization: `Bearer ${TOKEN}`, ...headers },
          ...(body === undefined
            ? {}
            : { body: typeof body === "string" ? body : JSON.stringify(body) }),
        },
      );
      const answer: unknown = await response.json();
      assert.deepEqual(
        problemsOf({
          path: "/v1/min-endpoints",
          method: method.toLowerCase(),
          status: response.status,
          contentType: response.headers.get("content-type") ?? "",
          body: answer,
        }),
        [],
      );
      return { status: response.status, body: answer };
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

Deno.test("GET shows the fields of the mode and both budgets", async () => {
  await using it = control();
  assert.deepEqual((await it.ask("GET")).body, {
    mode: "disagg",
    prefill_min_endpoint: 1,
    decode_min_endpoint: 1,
    min_gpu_budget: -1,
    max_gpu_budget: 64,
  });
});

Deno.test("PATCH changes one side, answers with everything, and is in force at once", async () => {
  await using it = control();
  const before = it.settings.current().generation;
  const { status, body } = await it.ask("PATCH", { decode_min_endpoint: 3 });
  assert.equal(status, 200);
  assert.deepEqual(body, (await it.ask("GET")).body);
  const { config, generation } = it.settings.current();
  assert.deepEqual([config.floors.prefill, config.floors.decode], [1, 3]);
  assert.equal(generation, before + 1);
});

Deno.test("budgets and floors change together, -1 removes a bound", async () => {
  await using it = control();
  await it.ask("PATCH", {
    prefill_min_endpoint: 2,
    min_gpu_budget: 4,
    max_gpu_budget: -1,
  });
  const { config } = it.settings.current();
  assert.deepEqual([config.minGpus, config.maxGpus], [4, undefined]);
  await it.ask("PATCH", { min_gpu_budget: -1 });
  assert.equal(it.settings.current().config.minGpus, undefined);
});

Deno.test("aggregated workers have one floor, 5 and 0 alike", async () => {
  const agg = `
mode: agg
enable_power_awareness: true
power_agent_safe_default_watts: 490
total_gpu_power_limit: 12000
decode_engine_num_gpu: 1
`;
  await using it = control(configOf(agg));
  for (const floor of [5, 0]) {
    const { body } = await it.ask("PATCH", { min_endpoint: floor });
    assert.deepEqual(body, {
      mode: "agg",
      min_endpoint: floor,
      min_gpu_budget: -1,
      max_gpu_budget: 8,
    });
  }
});

for (
  const [what, body, status, code] of [
    ["no JSON", "{", 400, "invalid_json"],
    ["a list", [], 400, "invalid_body"],
    ["nothing", {}, 400, "empty"],
    ["an unknown field", { replicas: 2 }, 400, "unknown_field"],
    [
      "an unknown field beside a known one",
      { decode_min_endpoint: 2, watts: 3 },
      400,
      "unknown_field",
    ],
    ["a field of the prototype", { constructor: 2 }, 400, "unknown_field"],
    ["a field of another mode", { min_endpoint: 2 }, 422, "inactive_field"],
    [
      "that beside a budget",
      { min_endpoint: 2, max_gpu_budget: 20 },
      422,
      "inactive_field",
    ],
    ["null", { decode_min_endpoint: null }, 422, "invalid_value"],
    ["zero", { decode_min_endpoint: 0 }, 422, "invalid_value"],
    ["a text", { decode_min_endpoint: "2" }, 422, "invalid_value"],
    ["true", { decode_min_endpoint: true }, 422, "invalid_value"],
    ["a fraction", { decode_min_endpoint: 2.5 }, 422, "invalid_value"],
    ["a negative floor", { decode_min_endpoint: -2 }, 422, "invalid_value"],
    ["a budget below -1", { max_gpu_budget: -2 }, 422, "invalid_value"],
    ["an enormous number", { decode_min_endpoint: 1e15 }, 422, "invalid_value"],
    [
      "a minimum over the maximum",
      { min_gpu_budget: 24, max_gpu_budget: 16 },
      422,
      "min_over_max",
    ],
    [
      "floors over the new maximum",
      { prefill_min_endpoint: 8, decode_min_endpoint: 8, max_gpu_budget: 15 },
      422,
      "gpu_footprint",
    ],
    [
      "floors over the watts",
      { prefill_min_endpoint: 40, decode_min_endpoint: 24 },
      422,
      "power_footprint",
    ],
  ] as const
) {
  Deno.test(`${what} is refused with ${status} ${code}, and nothing is changed`, async () => {
    await using it = control();
    const before = it.settings.current();
    const answer = await it.ask("PATCH", body);
    assert.equal(answer.status, status);
    assert.equal(
      Object(answer.body).error.code,
      code,
      JSON.stringify(answer.body),
    );
    assert.equal(it.settings.current(), before);
  });
}

Deno.test("whatever JSON is sent: it is taken whole or refused whole", async () => {
  await using it = control();
  await fc.assert(
    fc.asyncProperty(fc.json(), async (body) => {
      const before = it.settings.current();
      const { status } = await it.ask("PATCH", body);
      if (status !== 200) assert.equal(it.settings.current(), before);
    }),
    { numRuns: 50 },
  );
});

Deno.test("without the token, with another one, or half of it: 401", async () => {
  await using it = control();
  for (
    const authorization of ["", "Bearer ", "Bearer x", TOKEN, `Basic ${TOKEN}`]
  ) {
    for (const method of ["GET", "PATCH"]) {
      const { status } = await it.ask(
        method,
        method === "PATCH" ? { decode_min_endpoint: 3 } : undefined,
        { authorization },
      );
      assert.equal(status, 401, `${method} with "${authorization}"`);
    }
  }
  assert.equal(it.settings.current().generation, 1);
});

Deno.test("a page that points its own name at 127.0.0.1 is refused", async () => {
  await using it = control();
  const status = await new Promise((resolve, reject) => {
    httpRequest({
      port: it.server.port,
      host: "127.0.0.1",
      path: "/v1/min-endpoints",
      headers: { host: "evil.example", authorization: `Bearer ${TOKEN}` },
    }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on("error", reject).end();
  });
  assert.equal(status, 403);
});

Deno.test("a change waits for the decision in progress, and gives up after ten seconds", async () => {
  await using it = control();
  const decision = Promise.withResolvers<void>();
  const deciding = it.lock.with(() => decision.promise);
  const first = it.ask("PATCH", { decode_min_endpoint: 3 });
  await it.clock.untilSleeping();
  assert.equal(it.settings.current().generation, 1);
  decision.resolve();
  await deciding;
  assert.equal((await first).status, 200);

  const slow = Promise.withResolvers<void>();
  const second = it.lock.with(() => slow.promise);
  const refused = it.ask("PATCH", { decode_min_endpoint: 4 });
  await it.clock.untilSleeping();
  it.clock.advance(10_000);
  const answer = await refused;
  assert.equal(answer.status, 503);
  assert.equal(it.settings.current().config.floors.decode, 3);
  slow.resolve();
  await second;
  assert.equal((await it.ask("GET")).status, 200);
});

Deno.test("a reload of the file keeps what the API changed, except where the file changed too", async () => {
  await using it = control();
  await it.ask("PATCH", { decode_min_endpoint: 3, max_gpu_budget: 40 });
  it.settings.reload(
    configOf(CONFIG.replace("max_gpu_budget: 64", "max_gpu_budget: 32")),
  );
  const { config } = it.settings.current();
  assert.deepEqual([config.floors.decode, config.maxGpus], [3, 32]);
});

Deno.test("other methods and paths", async () => {
  await using it = control();
  const url = `http://127.0.0.1:${it.server.port}`;
  const headers = { authorization: `Bearer ${TOKEN}` };
  const put = await fetch(`${url}/v1/min-endpoints`, {
    method: "PUT",
    headers,
  });
  assert.equal(put.status, 405);
  await put.body?.cancel();
  const other = await fetch(`${url}/v1/other`, { headers });
  assert.equal(other.status, 404);
  await other.body?.cancel();
});
