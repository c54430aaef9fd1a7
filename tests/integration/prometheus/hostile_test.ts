/** The Prometheus source against servers that lie, hang, redirect, refuse and overflow (R19 row 15). @module */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import type { Clock } from "../../../cluster/mod.ts";
import type { PrometheusConfig } from "../../../planner/config/mod.ts";
import type { Observation } from "../../../planner/core/mod.ts";
import {
  type PrometheusDeployment,
  PrometheusSource,
} from "../../../planner/sources/mod.ts";
import { ScriptedPrometheus, vector } from "./scripted_prometheus.ts";

const DEPLOYMENT: PrometheusDeployment = {
  sides: ["prefill", "decode"],
  model: 'Qwen/Qwen3 "32B" (a+b)',
  dynamoNamespace: "team-chat",
  kubernetesNamespace: "team",
  dgdName: "chat",
  backend: "vllm",
  source: "frontend",
};

/** Time that stands still until it is told to pass. */
class HeldClock implements Clock {
  readonly #waiting = new Set<() => void>();
  now = () => 0;
  sleep = (_: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      this.#waiting.add(resolve);
      signal?.addEventListener("abort", () => {
        this.#waiting.delete(resolve);
        resolve();
      });
    });
  /** Everybody's time is over. */
  pass(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

function sourceAt(
  url: string,
  { config = {}, deployment = {}, clock = new HeldClock() }: {
    readonly config?: Partial<PrometheusConfig>;
    readonly deployment?: Partial<PrometheusDeployment>;
    readonly clock?: Clock;
  } = {},
): PrometheusSource {
  return new PrometheusSource({
    config: {
      url,
      bearerToken: undefined,
      bearerTokenFile: undefined,
      caBundle: undefined,
      verify: true,
      extraQueryParams: {},
      timeoutSeconds: 10,
      scrapeIntervalSeconds: 15,
      source: "frontend",
      ...config,
    },
    deployment: { ...DEPLOYMENT, ...deployment },
    clock,
  });
}

function look(
  source: PrometheusSource,
  signal = new AbortController().signal,
): Promise<Observation> {
  return source.observe({
    atMs: 5000,
    windowSeconds: 180,
    due: { throughput: true, load: true },
  }, signal);
}

/** Answers a healthy deployment gives, by what is asked. */
function healthy(query: string): Response {
  if (query.startsWith("time()")) return vector(3);
  if (query.startsWith("max(count_over_time")) return vector(12);
  if (query.includes("__name__")) return vector();
  if (query.includes("requests_started_total")) return vector(90);
  if (query.includes("output_sequence_tokens_sum") && !query.includes(" / ")) {
    return vector(9000);
  }
  if (query.includes("kv_hit_rate")) return vector(0.5);
  if (query.includes("spec_decode")) return vector(2.5);
  if (query.includes("DCGM")) return vector(400);
  return vector(0.5);
}

function kinds({ problems }: Observation): readonly string[] {
  return problems?.map(({ kind }) => kind) ?? [];
}

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

Deno.test("a token is sent, the file wins and is read at every request", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, "first\n");
    await using server = new ScriptedPrometheus(healthy);
    using source = sourceAt(server.url, {
      config: { bearerToken: "other", bearerTokenFile: file },
    });
    await look(source);
    await Deno.writeTextFile(file, "second");
    const before = server.requests.length;
    await look(source);
    const sent = server.requests.map(({ headers }) =>
      headers.get("authorization")
    );
    deepStrictEqual([...new Set(sent.slice(0, before))], ["Bearer first"]);
    deepStrictEqual([...new Set(sent.slice(before))], ["Bearer second"]);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a token that is refused, missing or empty is an authorisation problem that shows no token", async () => {
  const file = await Deno.makeTempFile();
  try {
    await using server = new ScriptedPrometheus(() =>
      new Response(null, { status: 401 })
    );
    for (
      const config of [
        { bearerToken: "very-secret" },
        {},
        { bearerTokenFile: `${file}.none` },
        { bearerTokenFile: file },
      ]
    ) {
      using source = sourceAt(server.url, { config });
      const seen = await look(source);
      deepStrictEqual(kinds(seen), ["unauthorised"]);
      ok(!JSON.stringify(seen).includes("very-secret"));
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("extra query parameters go with every request, a path before the API too", async () => {
  await using server = new ScriptedPrometheus(healthy);
  using source = sourceAt(`${server.url}/prom/`, {
    config: { extraQueryParams: { tenant: "a b", dedup: "true" } },
  });
  await look(source);
  for (const { url } of server.requests) {
    strictEqual(url.pathname, "/prom/api/v1/query");
    strictEqual(url.searchParams.get("tenant"), "a b");
    strictEqual(url.searchParams.get("dedup"), "true");
  }
});

Deno.test("a server that hangs before or within its answer is a timeout", async () => {
  await using server = new ScriptedPrometheus(healthy);
  const never = () =>
    new Promise<Response>((resolve) =>
      server.ended.addEventListener("abort", () => resolve(new Response()))
    );
  const halfway = () =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('{"status":'));
          server.ended.addEventListener("abort", () => controller.error());
        },
      }),
    );
  for (const hang of [never, halfway]) {
    server.answer(hang);
    const clock = new HeldClock();
    using source = sourceAt(server.url, { clock });
    const before = server.requests.length;
    const looking = look(source);
    const passing = setInterval(() => {
      if (server.requests.length > before) clock.pass();
    }, 5);
    const seen = await looking.finally(() => clearInterval(passing));
    strictEqual(seen.requests, undefined);
    deepStrictEqual(kinds(seen), ["timeout"]);
  }
});

Deno.test("an abort ends the observation with its reason, and the next one works", async () => {
  await using server = new ScriptedPrometheus(healthy);
  server.answer(() =>
    new Promise<Response>((resolve) =>
      server.ended.addEventListener("abort", () => resolve(new Response()))
    )
  );
  using source = sourceAt(server.url);
  const caller = new AbortController();
  const looking = look(source, caller.signal);
  const next = look(source);
  server.answer(healthy);
  caller.abort(new Error("stopped by the caller"));
  await rejects(looking, /stopped by the caller/);
  strictEqual((await next).requests, 90);
});

Deno.test("one collection at a time, against one set of facts", async () => {
  let open = 0;
  let most = 0;
  await using server = new ScriptedPrometheus((query) => {
    if (query.startsWith("sum by(model,dynamo_namespace) (max without")) {
      most = Math.max(most, ++open);
      open--;
    }
    return healthy(query);
  });
  let asked = 0;
  using source = new PrometheusSource({
    config: {
      url: server.url,
      bearerToken: undefined,
      bearerTokenFile: undefined,
      caBundle: undefined,
      verify: true,
      extraQueryParams: {},
      timeoutSeconds: 10,
      scrapeIntervalSeconds: 15,
      source: "frontend",
    },
    deployment: DEPLOYMENT,
    facts: () => {
      asked++;
      return { components: { prefill: "P", decode: "" } };
    },
    clock: new HeldClock(),
  });
  const [first, second] = await Promise.all([look(source), look(source)]);
  strictEqual(asked, 2);
  deepStrictEqual(first, second);
  // An empty component is not asked for.
  deepStrictEqual(Object.keys(first.live?.drawWatts ?? {}), ["prefill"]);
});

Deno.test("a load tick asks for no traffic, a throughput tick for no engines", async () => {
  await using server = new ScriptedPrometheus(healthy);
  using source = sourceAt(server.url);
  const observe = async (throughput: boolean, load: boolean) => {
    server.requests.length = 0;
    const seen = await source.observe({
      atMs: 0,
      windowSeconds: 5,
      due: { throughput, load },
    }, new AbortController().signal);
    return {
      seen,
      asked: server.requests.map(({ url }) => url.searchParams.get("query"))
        .join("\n"),
    };
  };
  const loadOnly = await observe(false, true);
  ok(!loadOnly.asked.includes("requests_started"));
  ok(loadOnly.asked.includes("[5s]"));
  strictEqual(loadOnly.seen.requests, undefined);
  deepStrictEqual(kinds(loadOnly.seen), []);
  strictEqual(loadOnly.seen.live?.kvHitRate, 0.5);
  const throughputOnly = await observe(true, false);
  ok(!throughputOnly.asked.includes("frontend_worker_"));
});
