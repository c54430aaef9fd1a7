/** The Prometheus source against a real Prometheus server that scrapes an exporter (R23, §12). @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { realClock } from "../../../cluster/mod.ts";
import type { Observation } from "../../../planner/core/mod.ts";
import {
  type PrometheusDeployment,
  PrometheusSource,
} from "../../../planner/sources/mod.ts";
import { Authority } from "../cluster/certificates.ts";
import {
  cardSamples,
  draw,
  FRONTEND_LABELS,
  noTraffic,
  serve,
  trafficSamples,
  workerSamples,
} from "./deployment_metrics.ts";
import { type ExportedSample, Exporter, histogram } from "./exporter.ts";
import { PROMETHEUS, PrometheusServer, within } from "./prometheus_server.ts";

const SCRAPE_MS = 100;
const WINDOW_SECONDS = 3;
const PATIENCE_MS = 30_000;

const DEPLOYMENT: PrometheusDeployment = {
  sides: ["prefill", "decode"],
  model: "Qwen/Qwen3-32B",
  dynamoNamespace: "team-chat",
  kubernetesNamespace: "team",
  dgdName: "chat",
  backend: "vllm",
  source: "frontend",
};
const FACTS = {
  runtimeNamespace: "team-chat-abc123",
  components: { prefill: "PrefillWorker", decode: "DecodeWorker" },
};

function sourceAt(
  url: string,
  deployment: Partial<PrometheusDeployment> = {},
  caBundle?: string,
): PrometheusSource {
  return new PrometheusSource({
    config: {
      url,
      bearerToken: undefined,
      bearerTokenFile: undefined,
      caBundle,
      verify: true,
      extraQueryParams: {},
      timeoutSeconds: 10,
      scrapeIntervalSeconds: undefined,
      source: "frontend",
    },
    deployment: { ...DEPLOYMENT, ...deployment },
    facts: () => FACTS,
    clock: realClock,
  });
}

function look(source: PrometheusSource): Promise<Observation> {
  return source.observe({
    atMs: 1000,
    windowSeconds: WINDOW_SECONDS,
    due: { throughput: true, load: true },
  }, new AbortController().signal);
}

/** Looks until the observation is as wanted; the last one is the message when it never is. */
async function until(
  source: PrometheusSource,
  wanted: (observation: Observation) => boolean,
): Promise<Observation> {
  let last: Observation | undefined;
  const found = await within(PATIENCE_MS, async () => {
    last = await look(source);
    return wanted(last) ? last : undefined;
  });
  ok(found, `never seen; the last was ${JSON.stringify(last, null, 1)}`);
  return found;
}

const near = (found: number | undefined, wanted: number, share = 0.25) =>
  found !== undefined && Math.abs(found - wanted) <= share * wanted;

Deno.test({
  name: "the Prometheus source, against a real server",
  ignore: PROMETHEUS === undefined,
  async fn(t) {
    const frontend = noTraffic();
    const other = noTraffic();
    const router = noTraffic();
    let hits = { sum: 0, count: 0 };
    let spec = { accepted: 0, drafts: 0 };
    let inputIsBroken = false;
    const feeds = new Map([[frontend, 20]]);
    let fedAt = performance.now();
    /** Requests per second of each counter, whenever somebody looks. */
    const feed = () => {
      const seconds = (performance.now() - fedAt) / 1000;
      fedAt += seconds * 1000;
      for (const [counters, rate] of feeds) serve(counters, rate * seconds);
    };
    const samples = (): readonly ExportedSample[] => (feed(), [
      ...trafficSamples("dynamo_frontend_", FRONTEND_LABELS, {
        ...frontend,
        isl: inputIsBroken ? NaN : frontend.isl,
      }),
      ...trafficSamples("dynamo_frontend_", {
        dynamo_namespace: "team-chat",
        model: "another/model",
      }, other),
      ...trafficSamples("dynamo_frontend_", {
        ...FRONTEND_LABELS,
        dynamo_namespace: "team-chat2",
      }, other),
      ...trafficSamples("dynamo_component_router_", {
        dynamo_namespace: "team_chat",
      }, router),
      ...histogram("dynamo_component_router_kv_hit_rate", {
        dynamo_namespace: "team_chat_abc123",
      }, hits),
      [
        "vllm:spec_decode_num_accepted_tokens_total",
        WORKER,
        spec.accepted,
      ],
      ["vllm:spec_decode_num_drafts_total", WORKER, spec.drafts],
      draw("chat-0-prefillworker-a1", 0, 480),
      draw("chat-0-prefillworker-a1", 1, 520),
      draw("chat-1-decodeworker-b2", 0, 300),
      draw("chat-9-frontend-c3", 0, 40),
      draw("other-0-decodeworker-z9", 0, 999),
      ...workerSamples("prefill", "11", {
        active_prefill_tokens: 10_000,
        num_requests_waiting: 3,
        last_time_to_first_token_seconds: 0.4,
      }),
      ...workerSamples("prefill", "12", {
        active_prefill_tokens: 4000,
        last_time_to_first_token_seconds: 0.3,
      }),
      ...workerSamples("decode", "22", {
        active_decode_blocks: 100,
        request_active_slots: 7,
        waiting_requests: 2,
        last_inter_token_latency_seconds: 0.03,
      }),
      ...cardSamples({
        kv_cache_block_size: 16,
        total_kv_blocks: 5000,
        context_length: 32_768,
        max_num_batched_tokens: 8192,
      }),
    ]);
    await using exporter = new Exporter(samples);
    await using server = await PrometheusServer.start(PROMETHEUS ?? "", {
      // The same exporter twice: every series is there in duplicate.
      targets: [
        { job: "pods", address: exporter.address },
        { job: "services", address: exporter.address },
      ],
      scrapeMs: SCRAPE_MS,
    });
    using source = sourceAt(server.url);

    await t.step(
      "a window that is not scraped through is unknown, not zero",
      async () => {
        const first = await look(source);
        strictEqual(first.requests, undefined);
        strictEqual(first.problems?.[0]?.kind, "partial");
      },
    );

    await t.step(
      "traffic and latencies are those of the window, duplicates and others left out",
      async () => {
        const seen = await until(
          source,
          ({ requests, islTokens, problems }) =>
            near(requests, 60) && islTokens !== undefined && !problems,
        );
        deepStrictEqual(
          [seen.islTokens, seen.oslTokens].map((x) => Math.round(x ?? 0)),
          [512, 128],
        );
        const { live } = seen;
        strictEqual(Math.round(live?.ttftMs ?? 0), 250);
        strictEqual(Math.round(live?.itlMs ?? 0), 20);
        strictEqual(Math.round(live?.requestDurationMs ?? 0), 2500);
        ok(near(live?.tokensPerSecond, 20 * 128), `${live?.tokensPerSecond}`);
        ok(live?.prefillActive && live.decodeActive);
      },
    );

    await t.step(
      "power is attributed to pods by the exported labels, each GPU once",
      async () => {
        const { live } = await until(
          source,
          (seen) => near(seen.live?.drawWatts.prefill, 500, 0.001),
        );
        deepStrictEqual(live?.drawWatts, { prefill: 500, decode: 300 });
        strictEqual(live?.totalDrawWatts, 480 + 520 + 300 + 40);
      },
    );

    await t.step("engine load comes from the frontends' gauges", async () => {
      const { live } = await look(source);
      deepStrictEqual(
        live?.engines?.toSorted((a, b) => a.workerId < b.workerId ? -1 : 1),
        [
          {
            side: "prefill",
            workerId: "11",
            dpRank: 0,
            scheduledPrefillTokens: 8192,
            queuedPrefillTokens: 1808,
            scheduledDecodeKvTokens: 0,
            queuedDecodeKvTokens: 0,
            scheduledRequests: 0,
            queuedRequests: 3,
            wallTimeMs: 0,
            contextLengthTokens: 32_768,
            kvCapacityTokens: 80_000,
            maxBatchedTokens: 8192,
          },
          {
            side: "prefill",
            workerId: "12",
            dpRank: 0,
            scheduledPrefillTokens: 4000,
            queuedPrefillTokens: 0,
            scheduledDecodeKvTokens: 0,
            queuedDecodeKvTokens: 0,
            scheduledRequests: 0,
            queuedRequests: 0,
            wallTimeMs: 300,
            contextLengthTokens: 32_768,
            kvCapacityTokens: 80_000,
            maxBatchedTokens: 8192,
          },
          {
            side: "decode",
            workerId: "22",
            dpRank: 0,
            scheduledPrefillTokens: 0,
            queuedPrefillTokens: 0,
            scheduledDecodeKvTokens: 1600,
            queuedDecodeKvTokens: 1024,
            scheduledRequests: 7,
            queuedRequests: 2,
            wallTimeMs: 30,
            contextLengthTokens: 32_768,
            kvCapacityTokens: 80_000,
            maxBatchedTokens: 8192,
          },
        ],
      );
    });

    await t.step(
      "hit rate and accept length come from the workers' namespace",
      async () => {
        hits = { sum: 75, count: 100 };
        spec = { accepted: 250, drafts: 100 };
        const { live } = await until(
          source,
          (seen) =>
            seen.live?.kvHitRate !== undefined &&
            seen.live.acceptLength !== undefined,
        );
        ok(near(live?.kvHitRate, 0.75, 1e-6), `${live?.kvHitRate}`);
        ok(near(live?.acceptLength, 3.5, 1e-6), `${live?.acceptLength}`);
      },
    );

    await t.step(
      "the router's metrics count where they are the source",
      async () => {
        using ofRouter = sourceAt(server.url, { source: "router" });
        feeds.set(router, 40);
        const seen = await until(
          ofRouter,
          ({ requests, problems }) => near(requests, 120) && !problems,
        );
        strictEqual(Math.round(seen.islTokens ?? 0), 512);
        strictEqual(seen.live?.requestDurationMs, undefined);
      },
    );

    await t.step("a model that is not there has unknown demand", async () => {
      using absent = sourceAt(server.url, { model: "qwen/qwen3-32" });
      const seen = await look(absent);
      strictEqual(seen.requests, undefined);
      ok(seen.problems?.some(({ kind }) => kind === "partial"));
    });

    await t.step(
      "a counter that starts again counts nothing twice and nothing negative",
      async () => {
        Object.assign(frontend, noTraffic());
        const end = performance.now() + WINDOW_SECONDS * 1000;
        await within(PATIENCE_MS, async () => {
          const { requests } = await look(source);
          if (requests !== undefined) {
            ok(requests >= 0 && requests < 90, `${requests}`);
          }
          return performance.now() > end ? true : undefined;
        });
      },
    );

    await t.step("a mean that is no number is said to be so", async () => {
      inputIsBroken = true;
      const seen = await until(
        source,
        ({ problems }) =>
          problems?.some(({ kind }) => kind === "not_a_number") ?? false,
      );
      strictEqual(seen.islTokens, undefined);
      ok((seen.requests ?? 0) > 0);
      inputIsBroken = false;
    });

    await t.step(
      "an idle window is zero requests and no problem",
      async () => {
        feeds.clear();
        const seen = await until(
          source,
          ({ requests, problems }) => requests === 0 && !problems,
        );
        strictEqual(seen.islTokens, undefined);
      },
    );

    await t.step(
      "an exporter that stops is stale demand, not idle demand",
      async () => {
        exporter.stop();
        const seen = await until(
          source,
          ({ problems }) =>
            problems?.some(({ kind }) => kind === "stale") ?? false,
        );
        strictEqual(seen.requests, undefined);
        // Long enough to be missed afterwards.
        const end = performance.now() + WINDOW_SECONDS * 600;
        await within(PATIENCE_MS, async () => {
          strictEqual((await look(source)).requests, undefined);
          return performance.now() > end ? true : undefined;
        });
      },
    );

    await t.step("a gap in the scrapes is a partial window", async () => {
      exporter.start(samples);
      const seen = await until(
        source,
        ({ problems }) =>
          problems?.some(({ kind, message }) =>
            kind === "partial" && message.includes("fewer than 60 %")
          ) ?? false,
      );
      strictEqual(seen.requests, undefined);
      await until(source, ({ requests }) => requests === 0);
    });

    await t.step("a server that is gone is one problem", async () => {
      await server.kill();
      const seen = await look(source);
      strictEqual(seen.requests, undefined);
      strictEqual(seen.problems?.length, 1);
      strictEqual(seen.problems?.[0]?.kind, "unreachable");
    });
  },
});

Deno.test({
  name:
    "the Prometheus source speaks TLS with a CA bundle, and refuses without",
  ignore: PROMETHEUS === undefined,
  async fn() {
    await using authority = await Authority.make();
    await using exporter = new Exporter(() => [["up_to_date", {}, 1]]);
    await using server = await PrometheusServer.start(PROMETHEUS ?? "", {
      targets: [{ job: "pods", address: exporter.address }],
      scrapeMs: SCRAPE_MS,
      tls: await authority.sign("prometheus"),
    });
    const bundle = await Deno.makeTempFile();
    try {
      using without = sourceAt(server.url);
      const refused = await look(without);
      strictEqual(refused.problems?.[0]?.kind, "tls");

      await Deno.writeTextFile(bundle, await authority.certificate());
      using withBundle = sourceAt(server.url, {}, bundle);
      const { problems } = await look(withBundle);
      deepStrictEqual(problems?.map(({ kind }) => kind), ["partial"]);
    } finally {
      await Deno.remove(bundle);
    }
  },
});

const WORKER = {
  dynamo_namespace: "team-chat-abc123",
  dynamo_endpoint: "generate",
  dynamo_component: "backend",
  model: "Qwen/Qwen3-32B",
};
