/** The Prometheus source against servers that lie, redirect and overflow (R19 row 15). @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { ScriptedPrometheus, vector } from "./scripted_prometheus.ts";
import { healthy, kinds, look, sourceAt } from "./scripted_source.ts";

Deno.test("a healthy server is an observation without a problem", async () => {
  await using server = new ScriptedPrometheus(healthy);
  using source = sourceAt(server.url);
  const seen = await look(source);
  deepStrictEqual(kinds(seen), []);
  strictEqual(seen.atMs, 5000);
  strictEqual(seen.windowSeconds, 180);
  strictEqual(seen.requests, 90);
  strictEqual(seen.live?.ttftMs, 500);
  strictEqual(seen.live?.tokensPerSecond, 50);
  strictEqual(seen.live?.acceptLength, 2.5);
  strictEqual(seen.live?.engines, undefined);
});

Deno.test("queries hold model and namespaces as they are, whatever they contain", async () => {
  await using server = new ScriptedPrometheus(healthy);
  using source = sourceAt(server.url, {
    deployment: { dgdName: "my.chat" },
  });
  await look(source);
  const queries = server.requests.map(({ url }) =>
    url.searchParams.get("query") ?? ""
  );
  ok(
    queries.some((query) =>
      query.includes(
        String.raw`model=~"(?i:Qwen/Qwen3 \"32B\" \\(a\\+b\\))"`,
      )
    ),
    queries.join("\n"),
  );
  ok(queries.some((query) =>
    query.includes(
      String
        .raw`exported_namespace="team",exported_pod=~"^my\\.chat-[0-9]+-.*"`,
    )
  ));
  ok(queries.every((query) => !/[{,]pod=/.test(query)));
  ok(
    queries.some((query) =>
      query.includes(`kv_hit_rate_sum{dynamo_namespace="team_chat"}[180s]`)
    ),
  );
});

Deno.test("the completed counter counts where the started one is absent, and neither is unknown", async () => {
  await using server = new ScriptedPrometheus((query) =>
    query.includes("requests_started_total")
      ? vector()
      : query.includes("dynamo_frontend_requests_total") &&
          !query.startsWith("time()") && !query.includes("count_over_time")
      ? vector(40, 2)
      : healthy(query)
  );
  using source = sourceAt(server.url);
  strictEqual((await look(source)).requests, 42);
  server.answer((query) =>
    /requests(_started)?_total/.test(query) ? vector() : healthy(query)
  );
  const seen = await look(source);
  strictEqual(seen.requests, undefined);
  deepStrictEqual(kinds(seen), ["partial"]);
});

Deno.test("NaN, infinite and negative values are unknown, never a number", async () => {
  for (const value of ["NaN", "+Inf", "-Inf", "-5"]) {
    await using server = new ScriptedPrometheus((query) =>
      query.startsWith("time()") || query.includes("count_over_time")
        ? healthy(query)
        : vector(value)
    );
    using source = sourceAt(server.url);
    const { requests, islTokens, oslTokens, live } = await look(source);
    ok(requests === undefined || requests === 0, `${value}: ${requests}`);
    deepStrictEqual(
      [islTokens, oslTokens, live?.ttftMs, live?.totalDrawWatts],
      [undefined, undefined, undefined, undefined],
      value,
    );
    deepStrictEqual(live?.drawWatts, {});
  }
});

Deno.test("NaN series are left out where others are numbers, and several are averaged", async () => {
  await using server = new ScriptedPrometheus((query) =>
    query.includes("input_sequence_tokens")
      ? vector(400, "NaN", 600)
      : healthy(query)
  );
  using source = sourceAt(server.url);
  const seen = await look(source);
  strictEqual(seen.islTokens, 500);
  deepStrictEqual(kinds(seen), []);
});

Deno.test("a malformed series is left out and told, the valid one counts", async () => {
  await using server = new ScriptedPrometheus((query) =>
    query.includes("input_sequence_tokens")
      ? Response.json({
        status: "success",
        data: {
          resultType: "vector",
          result: [{ metric: {}, value: [0] }, null, 7, {
            metric: {},
            value: [0, "300"],
          }],
        },
      })
      : healthy(query)
  );
  using source = sourceAt(server.url);
  const seen = await look(source);
  strictEqual(seen.islTokens, 300);
  deepStrictEqual(kinds(seen), ["bad_answer"]);
});

Deno.test("a hit rate of NaN ends the search, and one outside 0…1 is unknown", async () => {
  for (const value of ["NaN", 1.5, -0.1]) {
    await using server = new ScriptedPrometheus((query) =>
      query.includes("kv_hit_rate") ? vector(value) : healthy(query)
    );
    using source = sourceAt(server.url);
    const seen = await look(source);
    strictEqual(seen.live?.kvHitRate, undefined);
    strictEqual(
      server.requests.filter(({ url }) => url.search.includes("kv_hit_rate"))
        .length,
      1,
    );
  }
});

Deno.test("a warning of the server means that the window is partial", async () => {
  await using server = new ScriptedPrometheus(async (query) => {
    const answer = await healthy(query).json();
    return Response.json({ ...answer, warnings: ["store gateway 2 is down"] });
  });
  using source = sourceAt(server.url);
  const { problems } = await look(source);
  ok(
    problems?.some(({ kind, message }) =>
      kind === "partial" && message.includes("store gateway 2 is down")
    ),
  );
});

const BAD_ANSWERS: readonly [string, () => Response, string][] = [
  ["HTML", () => new Response("<html>login</html>"), "no JSON"],
  ["half a document", () => new Response('{"status":"succ'), "no JSON"],
  ["null", () => new Response("null"), "status"],
  [
    "an error of the query engine",
    () => Response.json({ status: "error", error: "query timed out" }),
    "query timed out",
  ],
  [
    "a matrix",
    () =>
      Response.json({
        status: "success",
        data: { resultType: "matrix", result: [] },
      }),
    "no instant vector",
  ],
  [
    "a redirect",
    () => Response.redirect("http://127.0.0.1:1/elsewhere"),
    "redirects are not followed",
  ],
  ["500", () => new Response("no", { status: 500 }), "500"],
  [
    "nine megabytes",
    () => new Response(new Uint8Array(9_000_000)),
    "longer than",
  ],
];
for (const [what, answer, told] of BAD_ANSWERS) {
  Deno.test(`${what} instead of an answer is a bad answer, and nothing is known`, async () => {
    await using server = new ScriptedPrometheus(answer);
    using source = sourceAt(server.url);
    const seen = await look(source);
    strictEqual(seen.requests, undefined);
    deepStrictEqual(new Set(kinds(seen)), new Set(["bad_answer"]));
    strictEqual(seen.problems?.length, 1, JSON.stringify(seen.problems));
    ok(seen.problems[0]?.message.includes(told), JSON.stringify(seen));
  });
}

interface Scrapes {
  readonly age: number;
  readonly reach: number;
  readonly seen: number;
  readonly usual: number;
}
const SCRAPES: readonly [string, Scrapes, readonly string[]][] = [
  ["scrapes of every 15 s", { age: 14, reach: 181, seen: 12, usual: 12 }, []],
  ["scrapes of every minute", { age: 59, reach: 230, seen: 3, usual: 3 }, []],
  [
    "a series that began within the window",
    { age: 5, reach: 60, seen: 4, usual: 4 },
    ["partial"],
  ],
  ["7 of 12 scrapes", { age: 5, reach: 181, seen: 7, usual: 12 }, ["partial"]],
  ["8 of 12 scrapes", { age: 5, reach: 181, seen: 8, usual: 12 }, []],
  [
    "a newest sample of 61 s",
    { age: 61, reach: 240, seen: 12, usual: 12 },
    ["stale"],
  ],
];
for (const [what, { age, reach, seen, usual }, wanted] of SCRAPES) {
  Deno.test(`${what}: ${wanted[0] ?? "trusted"}`, async () => {
    await using server = new ScriptedPrometheus((query) =>
      query.startsWith("time() - max")
        ? vector(age)
        : query.startsWith("time() - min")
        ? vector(reach)
        : query.startsWith("max_over_time")
        ? vector(usual)
        : query.startsWith("max(count_over_time")
        ? vector(seen)
        : healthy(query)
    );
    using source = sourceAt(server.url);
    const observation = await look(source);
    deepStrictEqual(kinds(observation), wanted);
    strictEqual(observation.requests, wanted.length === 0 ? 90 : undefined);
  });
}
