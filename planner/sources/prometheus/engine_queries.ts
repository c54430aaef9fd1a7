/** The load of each engine rank from the gauges that frontends export for each worker. @module */

import type { EngineLoad, Side } from "../../core/mod.ts";
import type { Sample } from "./answer.ts";
import type { PrometheusDeployment } from "./deployment.ts";
import { equals, equalsAnyCase, selector } from "./selector.ts";

const WORKER = "dynamo_frontend_worker_";
const MODEL = "dynamo_frontend_model_";

/** Gauges of a worker; the first of each list that exists counts. */
const WORKER_GAUGES = {
  prefillTokens: ["active_prefill_tokens"],
  decodeBlocks: ["active_decode_blocks"],
  requests: ["request_active_slots"],
  waiting: ["num_requests_waiting", "waiting_requests"],
  ttftSeconds: ["last_time_to_first_token_seconds"],
  itlSeconds: ["last_inter_token_latency_seconds"],
} as const;
/** What the model's card declares. */
const MODEL_GAUGES = {
  blockSize: "kv_cache_block_size",
  totalBlocks: "total_kv_blocks",
  contextLength: "context_length",
  batchedTokens: "max_num_batched_tokens",
} as const;

type Gauge = keyof typeof WORKER_GAUGES;

const RANK = "__name__,worker_id,dp_rank,worker_type";

/** The queries: counts of the workers, their last latencies, declarations of the model. */
export function engineQueries(
  { dynamoNamespace, model }: PrometheusDeployment,
): {
  readonly counts: string;
  readonly latencies: string;
  readonly model: string;
} {
  const { ttftSeconds, itlSeconds, ...counts } = WORKER_GAUGES;
  const gauges = (prefix: string, suffixes: readonly string[]) => [
    `__name__=~"${prefix}(${suffixes.join("|")})"`,
    equals("dynamo_namespace", dynamoNamespace),
  ];
  const ofWorkers = (suffixes: readonly string[]) =>
    selector(gauges(WORKER, suffixes));
  return {
    // Each frontend counts what went through it, so counts add up; a frontend that is scraped twice counts once (P82).
    counts: `sum by(${RANK}) (max by(${RANK},pod,instance) (${
      ofWorkers(Object.values(counts).flat())
    }))`,
    latencies: `max by(${RANK}) (${
      ofWorkers([...ttftSeconds, ...itlSeconds])
    })`,
    model: `max by(__name__) (${
      selector([
        ...gauges(MODEL, Object.values(MODEL_GAUGES)),
        equalsAnyCase("model", model),
      ])
    })`,
  };
}

/** What else an engine's load depends on. */
export interface EngineContext {
  readonly sides: readonly Side[];
  /** Mean input tokens; a waiting decode request will hold at least these. */
  readonly islTokens: number | undefined;
}

/** One load a rank; undefined when no frontend exports any. */
export function engineLoads(
  workers: readonly Sample[],
  model: readonly Sample[],
  context: EngineContext,
): readonly EngineLoad[] | undefined {
  const ranks = new Map<string, Map<string, number>>();
  for (const { labels, value } of workers) {
    const { __name__: name = "", worker_id = "", worker_type = "" } = labels;
    if (worker_id === "" || !Number.isFinite(value) || value < 0) continue;
    const key = JSON.stringify([worker_type, worker_id, labels.dp_rank ?? "0"]);
    const gauges = ranks.get(key) ?? new Map<string, number>();
    ranks.set(key, gauges.set(name.slice(WORKER.length), value));
  }
  if (ranks.size === 0) return undefined;
  const declared = (name: keyof typeof MODEL_GAUGES) => {
    const value = model.find(({ labels }) =>
      labels.__name__ === MODEL + MODEL_GAUGES[name]
    )?.value;
    return value !== undefined && value > 0 && Number.isFinite(value)
      ? value
      : undefined;
  };
  const card = {
    blockSize: declared("blockSize"),
    totalBlocks: declared("totalBlocks"),
    contextLength: declared("contextLength"),
    batchedTokens: declared("batchedTokens"),
  };
  return [...ranks].flatMap(([key, gauges]) => {
    const load = loadOf(key, gauges, { ...context, card });
    return load ? [load] : [];
  });
}

interface Card {
  readonly blockSize: number | undefined;
  readonly totalBlocks: number | undefined;
  readonly contextLength: number | undefined;
  readonly batchedTokens: number | undefined;
}

function loadOf(
  key: string,
  gauges: ReadonlyMap<string, number>,
  { sides, islTokens, card }: EngineContext & {
    readonly card: Card;
  },
): EngineLoad | undefined {
  const [type = "", workerId = "", rank = "0"]: readonly string[] = JSON.parse(
    key,
  );
  const side = sideOf(type, sides);
  // Blocks of unknown size are no tokens, and unknown load is not no load.
  if (!side || side !== "prefill" && card.blockSize === undefined) {
    return undefined;
  }
  const gauge = (name: Gauge) => {
    for (const suffix of WORKER_GAUGES[name]) {
      const value = gauges.get(suffix);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const prefillTokens = gauge("prefillTokens") ?? 0;
  const scheduled = Math.min(prefillTokens, card.batchedTokens ?? 0);
  const waiting = gauge("waiting") ?? 0;
  const queued = prefillTokens - scheduled;
  return {
    side,
    workerId,
    dpRank: Number(rank) || 0,
    scheduledPrefillTokens: scheduled,
    queuedPrefillTokens: queued,
    scheduledDecodeKvTokens: (gauge("decodeBlocks") ?? 0) *
      (card.blockSize ?? 1),
    queuedDecodeKvTokens: side === "prefill" ? 0 : waiting * (islTokens ?? 0),
    scheduledRequests: gauge("requests") ?? 0,
    queuedRequests: waiting,
    // A TTFT with a queue before it is no step; 0 is a heartbeat, which is load and no sample (P29).
    wallTimeMs: side !== "prefill"
      ? (gauge("itlSeconds") ?? 0) * 1000
      : queued === 0
      ? (gauge("ttftSeconds") ?? 0) * 1000
      : 0,
    contextLengthTokens: card.contextLength,
    kvCapacityTokens: card.totalBlocks !== undefined && card.blockSize
      ? card.totalBlocks * card.blockSize
      : undefined,
    maxBatchedTokens: card.batchedTokens,
  };
}

/** A worker without a known type belongs to the only side there is. */
function sideOf(type: string, sides: readonly Side[]): Side | undefined {
  const named = sides.find((side) => side === type.toLowerCase());
  return named ?? (sides.length === 1 ? sides[0] : undefined);
}
