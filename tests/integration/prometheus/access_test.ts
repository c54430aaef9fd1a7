/** How the Prometheus source asks: tokens, parameters, time, one collection at a time, what is due. @module */

import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert";
import { parsePlannerConfig } from "../../../planner/config/mod.ts";
import {
  openPrometheusSource,
  prometheusDeployment,
  PrometheusSource,
} from "../../../planner/sources/mod.ts";
import { WattkeeperError } from "../../../service/mod.ts";
import { ScriptedPrometheus, vector } from "./scripted_prometheus.ts";
import {
  DEPLOYMENT,
  healthy,
  HeldClock,
  kinds,
  look,
  sourceAt,
} from "./scripted_source.ts";

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
      scrapeIntervalSeconds: undefined,
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

Deno.test("a metric that nobody scrapes is named once at the start, with what to do", async () => {
  const absent = (query: string) =>
    query.startsWith("absent(") ? vector(1) : healthy(query);
  await using server = new ScriptedPrometheus(absent);
  const { signal } = new AbortController();
  using router = sourceAt(server.url, { deployment: { source: "router" } });
  const [told = "", ...more] = await router.missingMetrics(signal);
  deepStrictEqual(more, []);
  ok(told.includes("dynamo_component_router_requests_started_total"), told);
  ok(told.includes("DYN_SYSTEM_PORT=9090"));
  server.answer(() => vector());
  deepStrictEqual(await router.missingMetrics(signal), []);
  server.answer(() => new Response(null, { status: 500 }));
  deepStrictEqual(await router.missingMetrics(signal), []);
});

Deno.test("a configuration that does not say whom to ask about is refused, and a CA bundle must be there", async () => {
  const configOf = (text: string) =>
    parsePlannerConfig({ text: `environment: virtual\n${text}`, name: "p" })
      .config;
  throws(
    () => prometheusDeployment(configOf("")),
    /served_model_name and dynamo_namespace/,
  );
  const named = configOf(
    "served_model_name: m\nnamespace: team\ndgd_name: chat\nprometheus_ca_bundle: /nowhere/ca.pem",
  );
  deepStrictEqual(prometheusDeployment(named), {
    sides: ["prefill", "decode"],
    model: "m",
    dynamoNamespace: "team-chat",
    kubernetesNamespace: "team",
    dgdName: "chat",
    backend: undefined,
    source: "frontend",
  });
  await rejects(
    openPrometheusSource({ config: named, clock: new HeldClock() }),
    (error: unknown) =>
      error instanceof WattkeeperError && error.code === "file_not_found",
  );
});
