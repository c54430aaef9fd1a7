/** Small random fleet searches: a few layouts a side, targets and budgets near where they bind. @module */

import { capRangeOf } from "../../../../optimizer-wasm/data/cap_range.ts";
import type { Pack } from "../../../../optimizer-wasm/data/pack/mod.ts";
import {
  type EngineCase,
  EngineEstimator,
  EstimatorOpener,
  type Layout,
  loadModule,
  powerCurveOf,
} from "../../../../optimizer-wasm/mod.ts";
import {
  type FleetMode,
  type FleetQuery,
  FleetSearch,
  NO_CORRECTIONS,
  type WorkerSide,
} from "../../../../optimizer-wasm/search/mod.ts";
import type { OpenedLayout } from "../../../../optimizer-wasm/search/rows.ts";
import { Random } from "../../../peer/random.ts";
import {
  randomPack,
  SMALL_DENSE,
  SMALL_EXPERTS,
} from "../../../reference/random_pack.ts";
import { NOTHING_IMPORTED } from "../builtin_opener.ts";
import { type BruteFleet, bruteFleets } from "./brute_fleets.ts";
import { bruteOptions, type CapContext } from "./brute_options.ts";
import { type BruteRow, bruteRows } from "./brute_rows.ts";

const module = await loadModule();

/** Sides of each kind of fleet of a mode. */
export const KINDS: Readonly<
  Record<FleetMode, readonly (readonly WorkerSide[])[]>
> = {
  disagg: [["prefill", "decode"]],
  agg: [["agg"]],
  best: [["prefill", "decode"], ["agg"]],
  prefill: [["prefill"]],
  decode: [["decode"]],
};

const DENSE: readonly (readonly number[])[] = [1, 2, 4, 8].map((
  tp,
) => [tp, 1, 1, 1]);
const EXPERTS = [
  [1, 1, 1, 1],
  [2, 1, 1, 2],
  [2, 1, 2, 1],
  [1, 2, 1, 2],
  [1, 2, 2, 1],
  [2, 2, 1, 4],
  [4, 1, 4, 1],
  [1, 4, 1, 4],
];

/** A search with few layouts, and what the brute force needs of it. */
export interface RandomSearch {
  readonly search: FleetSearch;
  readonly layouts: readonly OpenedLayout[];
  readonly mode: FleetMode;
}

/** Draws a space; undefined when a side of every fleet has no layout that opens. */
export async function randomSearch(
  random: Random,
  wanted?: FleetMode,
  /** The tables were measured at several power limits. */
  withLimits = false,
): Promise<RandomSearch | undefined> {
  const builtin = !withLimits && random.chance(0.4);
  const pack = builtin ? undefined : await randomPack(random);
  const opener = pack ? openerOf(pack) : builtinOpener;
  const isMoe = random.chance(0.5);
  const mode = wanted ?? random.pick(
    ["disagg", "disagg", "agg", "best", "prefill", "decode"] as const,
  );
  const backend = random.pick(["vllm", "trtllm", "sglang"]);
  const model = builtin
    ? random.pick(isMoe ? BIG_EXPERTS : BIG_DENSE)
    : isMoe
    ? "experts"
    : "dense";
  const system = pack?.directory.system.name ??
    random.pick(["h200_sxm", "b200_sxm", "h100_sxm"]);
  const nextn = random.chance(0.1) ? 1 : 0;
  const cases = [...new Set(KINDS[mode].flat())].flatMap((side) =>
    someLayouts(random, isMoe).map((layout) => ({
      side,
      engineCase: {
        ...{ model, system, backend, layout },
        databaseMode: builtin ? "ROOFLINE" : "SILICON",
        ...(nextn === 0 ? {} : { nextn }),
      } satisfies EngineCase,
    }))
  );
  const opened = await opener.openAll(
    cases.map(({ engineCase }) => engineCase),
  );
  const limited: {
    limitWatts: number;
    opened: Awaited<ReturnType<EstimatorOpener["openAll"]>>;
  }[] = [];
  const share = withLimits ? 1 : 0.25;
  for (const limitWatts of pack ? limitsWatts(random, share) : []) {
    const other = openerOf(await randomPack(random, pack));
    limited.push({
      limitWatts,
      opened: await other.openAll(cases.map(({ engineCase }) => engineCase)),
    });
  }
  const layouts = cases.flatMap(({ side }, index): OpenedLayout[] => {
    const estimator = opened[index];
    if (!(estimator instanceof EngineEstimator)) return [];
    if (!isMeasured(side, estimator)) return [];
    const atLimits = limited.flatMap(({ limitWatts, opened }) => {
      const other = opened[index];
      return other instanceof EngineEstimator
        ? [{ limitWatts, estimator: other }]
        : [];
    });
    return [{ side, estimator: estimator.withLimits(atLimits) }];
  });
  const exists = KINDS[mode].some((sides) =>
    sides.every((side) => layouts.some((one) => one.side === side))
  );
  if (!exists) return undefined;
  // sglang exchanges caches rank by rank.
  const tps = (side: WorkerSide) =>
    layouts.filter((one) => one.side === side)
      .map(({ estimator }) => estimator.engineCase.layout.tp);
  const shared = tps("prefill").some((tp) => tps("decode").includes(tp));
  if (mode === "disagg" && backend === "sglang" && !shared) return undefined;
  const space = { model, system, backend, mode, nextn };
  return { search: new FleetSearch(space, layouts, []), layouts, mode };
}

/** Lower power limits that the tables of a space were measured at. @param share of spaces that have some */
function limitsWatts(random: Random, share: number): number[] {
  if (!random.chance(share)) return [];
  const count = random.integer(1, 3);
  return [
    ...new Set(Array.from({ length: count }, () => random.integer(150, 900))),
  ];
}

/** Made-up tables miss much: a layout that has no answer to an easy question is left out. */
function isMeasured(side: WorkerSide, { program }: EngineEstimator): boolean {
  const prefill = side === "decode" || program.prefill(1, 128, 0) === 0;
  return prefill && (side === "prefill" || program.decode(1, 128) === 0);
}

const BIG_DENSE = [
  "Qwen/Qwen3-32B",
  "Qwen/Qwen3-32B-FP8",
  "meta-llama/Meta-Llama-3.1-70B",
];
const BIG_EXPERTS = ["Qwen/Qwen3-30B-A3B", "Qwen/Qwen3-235B-A22B"];

const builtinOpener = new EstimatorOpener(module, NOTHING_IMPORTED);

function openerOf(pack: Pack): EstimatorOpener {
  return new EstimatorOpener(module, {
    modelNames: () => ["dense", "experts"],
    readModelConfig: (name) =>
      Promise.resolve({
        config: name === "dense" ? SMALL_DENSE : SMALL_EXPERTS,
      }),
    systemNames: () => [pack.directory.system.name],
    readPack: () => Promise.resolve(pack),
  });
}

function someLayouts(random: Random, isMoe: boolean): Layout[] {
  const list = isMoe ? EXPERTS : DENSE;
  const chosen = new Map<string, Layout>();
  for (let left = random.integer(1, 3); left > 0; left--) {
    const [tp = 1, dp = 1, moeTp = 1, moeEp = 1] = random.pick(list);
    const layout = { tp, pp: 1, dp, moeTp, moeEp, cp: 1 };
    chosen.set(Object.values(layout).join(), layout);
  }
  return [...chosen.values()];
}

/** A drawn query with the rows it has, and what the brute force says of it. */
export interface Judgement {
  readonly query: FleetQuery;
  readonly rows: readonly BruteRow[];
  readonly context: CapContext;
  readonly fleets: readonly BruteFleet[];
}

/** Targets ÷ the latency of some row: below it, on it, and where the declared errors of caps decide. */
const FACTORS = [0.9, 1, 1.03, 1.05, 1.08, 1.12, 1.2, 1.25, 1.4, 1.6, 3, 3, 30];

/** Draws a query whose targets, demand and budget lie near what the rows reach. */
export function randomQuery(
  random: Random,
  { layouts, mode }: RandomSearch,
): FleetQuery {
  const [first] = layouts;
  if (!first) throw new Error("A drawn search has a layout.");
  const { system } = first.estimator;
  const isl = random.logInteger(8, random.chance(0.15) ? 60_000 : 6000);
  const known = capRangeOf(system);
  const low = random.integer(known.minWatts, known.tdpWatts - 50);
  const shape = {
    isl,
    osl: random.logInteger(2, random.chance(0.15) ? 20_000 : 1500),
    ...(random.chance(0.2) ? { prefix: random.integer(0, isl - 1) } : {}),
    ...(random.chance(0.3) ? { corrections: NO_CORRECTIONS } : {}),
    ...(random.chance(0.4) ? { coefficients: coefficients(random) } : {}),
    ...(random.chance(0.1) ? { maxThetaPrefill: random.next() } : {}),
    ...(random.chance(0.1) ? { maxThetaDecode: random.next() } : {}),
    ...(random.chance(0.3) ? { allowUnmeasuredCaps: true } : {}),
    ...(random.chance(0.3)
      ? {
        capRange: {
          minWatts: low + random.pick([0, 0.5]),
          maxWatts: random.integer(low + 2, known.tdpWatts),
        },
      }
      : {}),
    caps: capsOf(random, known),
    objective: random.chance(0.3) ? "efficiency" : "throughput",
    ttftMs: Infinity,
    itlMs: Infinity,
  } as const;
  const rows = bruteRows(layouts, shape);
  const near = (pick: (row: BruteRow) => number, sides: WorkerSide[]) => {
    const values = rows.filter(({ side }) => sides.includes(side)).map(pick);
    const value = values.length > 0 ? random.pick(values) : 100;
    return Math.max(
      value * random.pick(FACTORS),
      1e-6,
    );
  };
  const unbounded = [1, 1];
  const targets = {
    ttftMs: near((row) => row.measure(unbounded).ttftMs, ["prefill", "agg"]),
    itlMs: near((row) => row.measure(unbounded).itlMs, ["decode", "agg"]),
  };
  const sides = KINDS[mode].flat();
  const pair = sides.length > 1;
  const counts = (most: number) =>
    Object.fromEntries(
      sides.filter(() => random.chance(0.6)).map((
        side,
      ) => [side, random.integer(0, most)]),
    );
  const bounded = random.chance(0.85);
  const drawn = {
    ...shape,
    ...targets,
    ...(bounded ? { totalGpus: random.integer(pair ? 4 : 2, 16) } : {}),
    ...(!bounded || random.chance(0.4)
      ? { budgetWatts: random.logInteger(400, bounded ? 16_000 : 5000) }
      : {}),
    ...(random.chance(0.2) ? { floors: counts(3) } : {}),
    top: random.pick([1, 2, 5, 20]),
  };
  const demand = demandOf(random, rows, drawn);
  return {
    ...drawn,
    ...(demand === undefined ? {} : { requestRate: demand }),
    ...(random.chance(0.4) ? { ceilings: ceilings(random, sides, drawn) } : {}),
  };
}

function coefficients(random: Random): NonNullable<FleetQuery["coefficients"]> {
  const c = () => 0.5 + 1.5 * random.next();
  return {
    ttft: c(),
    itl: c(),
    power: { prefill: c(), decode: c(), agg: c() },
  };
}

function capsOf(
  random: Random,
  { minWatts, tdpWatts }: { minWatts: number; tdpWatts: number },
): FleetQuery["caps"] {
  const kind = random.pick(
    ["own_draw", "free", "free", "none", "fixed"] as const,
  );
  if (kind !== "fixed") return { kind };
  const sides = (["prefill", "decode", "agg"] as const)
    .filter(() => random.chance(0.7));
  const watts = Object.fromEntries(
    sides.map((side) => [side, random.integer(minWatts - 20, tdpWatts + 20)]),
  );
  return { kind, watts };
}

/** None, none at all, what some row does exactly, or anything. */
function demandOf(
  random: Random,
  rows: readonly BruteRow[],
  { totalGpus = 8 }: { readonly totalGpus?: number },
): number | undefined {
  if (random.chance(0.5) || rows.length === 0) return undefined;
  if (random.chance(0.05)) return 0;
  const row = random.pick(rows);
  const { rate } = row.measure([1, 1]);
  const most = Math.max(1, Math.floor(totalGpus / row.gpus / 2));
  return random.chance(0.3)
    ? rate * random.integer(1, most)
    : rate * most * 2 * random.next();
}

function ceilings(
  random: Random,
  sides: readonly WorkerSide[],
  { floors = {} }: Pick<FleetQuery, "floors">,
): NonNullable<FleetQuery["ceilings"]> {
  return Object.fromEntries(
    sides.map((side) => {
      const floor = floors[side] ?? 1;
      return [side, floor + random.pick([0, 0, 1, 4])];
    }),
  );
}

/** Range and curve of a query. */
export function capContext(
  { layouts: [first] }: RandomSearch,
  query: FleetQuery,
): CapContext {
  if (!first) throw new Error("A drawn search has a layout.");
  const { system } = first.estimator;
  return {
    system,
    curve: powerCurveOf(system),
    range: query.capRange ?? capRangeOf(system),
  };
}

/** What the brute force says. */
export function judge(drawn: RandomSearch, query: FleetQuery): Judgement {
  const rows = bruteRows(drawn.layouts, query);
  const context = capContext(drawn, query);
  const options = rows.flatMap((row) => bruteOptions(row, query, context));
  const { backend } = drawn.search.space;
  const tps = (side: WorkerSide) =>
    drawn.layouts.filter((one) => one.side === side)
      .map(({ estimator }) => estimator.engineCase.layout.tp);
  const bySide = {
    prefill: tps("prefill"),
    decode: tps("decode"),
    agg: tps("agg"),
  };
  const fleets = bruteFleets(KINDS[drawn.mode], options, {
    query,
    ...(backend === "sglang"
      ? { tpOf: ({ row }) => bySide[row.side][row.layout] ?? 0 }
      : {}),
  });
  return { query, rows, context, fleets };
}
