/** How long one estimate takes, beside the peer's in the same run (`SPEC.md` §14). @module */

import type { EngineEstimator } from "../../optimizer-wasm/mod.ts";
import { FLAG, STATUS } from "../../optimizer-wasm/program/wasm_exports.ts";
import { Random } from "../peer/random.ts";
import { openBenchPacks } from "./packs.ts";

type Kind = "prefill" | "decode_step" | "decode_step_even" | "decode_phase";
type Query = readonly [batch: number, isl: number];

interface TimedEngine {
  readonly name: string;
  readonly model: string;
  readonly layout: { tp: number; moe_tp: number; moe_ep: number };
}

/** One row of the table. */
export interface SpeedRow {
  readonly what: string;
  readonly peerUs: number;
  readonly oursUs: number;
  /** What `SPEC.md` §14 asks for. */
  readonly wanted: number;
  /** Largest relative difference of the two answers. */
  readonly difference: number;
}

const SYSTEM = "h200_sxm";
const BACKEND = "vllm";
const VERSION = "0.24.0";
const OSL = 1000;
const STRIDE = 32;
const KINDS: readonly Kind[] = [
  "prefill",
  "decode_step",
  "decode_step_even",
  "decode_phase",
];
/** Questions that both sides answer, and further ones for ours alone, whose single answers are too short to time. */
const SHARED_QUERIES = 300;
const OWN_QUERIES = 20_000;
const GROUP = 100;

const ENGINES: readonly TimedEngine[] = [
  {
    name: "dense",
    model: "Qwen/Qwen3-32B",
    layout: { tp: 2, moe_tp: 1, moe_ep: 1 },
  },
  {
    name: "MoE",
    model: "Qwen/Qwen3-235B-A22B",
    layout: { tp: 8, moe_tp: 1, moe_ep: 8 },
  },
  {
    name: "MLA",
    model: "deepseek-ai/DeepSeek-V3",
    layout: { tp: 8, moe_tp: 1, moe_ep: 8 },
  },
];
const WANTED: Readonly<Record<string, number>> = {
  "decode phase dense": 50,
  "decode phase MoE": 50,
  "decode phase MLA": 25,
};

/** `even`: every batch and length equally likely, which lies beyond the tables more often. */
function distinctQueries(random: Random, count: number, even = false): Query[] {
  const seen = new Map<string, Query>();
  while (seen.size < count) {
    const query: Query = even
      ? [random.integer(1, 256), random.integer(64, 16_384)]
      : [random.logInteger(1, 256), random.logInteger(64, 16_384)];
    seen.set(query.join(), query);
  }
  return [...seen.values()];
}

type Program = EngineEstimator["program"];

/** Asks once: milliseconds, or NaN when refused. This is what is timed: one host call and reading its answer. */
function ask(program: Program, kind: Kind, [batch, isl]: Query): number {
  switch (kind) {
    case "prefill":
      return program.prefill(batch, isl, 0) === STATUS.ok
        ? program.output[0] ?? NaN
        : NaN;
    case "decode_phase":
      return program.decodeAll(batch, isl, OSL, STRIDE) === STATUS.ok
        ? program.output[3] ?? NaN
        : NaN;
    default:
      return program.decode(batch, isl + 1) === STATUS.ok
        ? program.output[0] ?? NaN
        : NaN;
  }
}

/** Whether every look-up of a question lies inside the tables. */
function isInside(program: Program, kind: Kind, query: Query): boolean {
  if (Number.isNaN(ask(program, kind, query))) return false;
  const flags = program.output[kind === "decode_phase" ? 5 : 2] ?? 0;
  return (flags & FLAG.beyondTables) === 0;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean microseconds of distinct questions, group by group, so that the clock's grain does not show. */
function ownTimes(
  program: Program,
  kind: Kind,
  queries: readonly Query[],
): number[] {
  const times: number[] = [];
  for (let first = 0; first + GROUP <= queries.length; first += GROUP) {
    const group = queries.slice(first, first + GROUP);
    const start = performance.now();
    for (const query of group) ask(program, kind, query);
    times.push((performance.now() - start) * 1000 / GROUP);
  }
  return times;
}

async function peerTimes(
  python: string,
  queries: ReadonlyMap<string, Record<Kind, readonly Query[]>>,
): Promise<Record<string, Record<string, (number | null)[]>>> {
  const child = new Deno.Command(python, {
    args: [new URL("peer_timing.py", import.meta.url).pathname],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  const order = {
    osl: OSL,
    engines: ENGINES.map((engine) => ({
      ...engine,
      system: SYSTEM,
      backend: BACKEND,
      version: VERSION,
      queries: queries.get(engine.name),
    })),
  };
  await writer.write(new TextEncoder().encode(JSON.stringify(order)));
  await writer.close();
  const { stdout, success } = await child.output();
  if (!success) throw new Error("The peer's timing ended with an error.");
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Times all rows; `seed` draws the questions. */
export async function measureEstimates(
  python: string,
  seed: number,
): Promise<SpeedRow[]> {
  const opener = await openBenchPacks(python, {
    systems: [SYSTEM],
    backends: [BACKEND],
  });
  const random = new Random(seed);
  const queries = new Map<string, Record<Kind, Query[]>>();
  for (const { name } of ENGINES) {
    queries.set(name, {
      prefill: distinctQueries(random, SHARED_QUERIES),
      decode_step: distinctQueries(random, SHARED_QUERIES),
      decode_step_even: distinctQueries(random, SHARED_QUERIES, true),
      decode_phase: distinctQueries(random, SHARED_QUERIES),
    });
  }
  const peer = await peerTimes(python, queries);
  const rows: SpeedRow[] = [];
  for (const engine of ENGINES) {
    const { tp, moe_tp: moeTp, moe_ep: moeEp } = engine.layout;
    const estimator = await opener.open({
      model: engine.model,
      system: SYSTEM,
      backend: BACKEND,
      backendVersion: VERSION,
      layout: { tp, pp: 1, dp: 1, moeTp, moeEp, cp: 1 },
      databaseMode: "SILICON",
    });
    for (const kind of KINDS) {
      rows.push(
        ...rowsOf(estimator, engine.name, kind, {
          shared: queries.get(engine.name)?.[kind] ?? [],
          own: distinctQueries(
            random,
            OWN_QUERIES,
            kind === "decode_step_even",
          ),
          peer: peer[engine.name] ?? {},
        }),
      );
    }
  }
  return rows;
}

function rowsOf(
  { program }: EngineEstimator,
  name: string,
  kind: Kind,
  { shared, own, peer }: {
    shared: readonly Query[];
    own: readonly Query[];
    peer: Record<string, (number | null)[]>;
  },
): SpeedRow[] {
  const peerUs = peer[`${kind}_us`] ?? [];
  const peerMs = peer[`${kind}_ms`] ?? [];
  let difference = 0;
  const answered = shared.map((query, index) => {
    const ms = ask(program, kind, query);
    const theirs = peerMs[index];
    if (typeof theirs === "number" && !Number.isNaN(ms)) {
      difference = Math.max(difference, Math.abs(ms / theirs - 1));
    }
    return { inside: isInside(program, kind, query), us: peerUs[index] };
  });
  const timed = answered.filter((one): one is typeof one & { us: number } =>
    typeof one.us === "number"
  );
  if (kind === "decode_step_even") {
    return name !== "dense" ? [] : [{
      what: `decode step ${name}, mean over all`,
      peerUs: mean(timed.map((one) => one.us)),
      oursUs: mean(ownTimes(program, kind, own)),
      wanted: 200,
      difference,
    }];
  }
  const what = `${kind.replace("_", " ")} ${name}`;
  const inside = own.filter((query) => isInside(program, kind, query));
  return [{
    what: `${what}, median inside the tables`,
    peerUs: median(timed.filter((one) => one.inside).map((one) => one.us)),
    oursUs: median(ownTimes(program, kind, inside)),
    wanted: WANTED[what] ?? 10,
    difference,
  }];
}
