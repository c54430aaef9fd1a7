/**
 * An engine whose formulas fit on one line, as truth and as model: no transcendental function, so that a schedule gives
 * the same bytes on every machine, and no table, so that a world costs nothing to open.
 * @module
 */

import type {
  CapacityAnswer,
  CapacityModel,
  CapacityQuestion,
  FleetAnswer,
  FleetChoice,
  FleetQuestion,
  OperatingPoint,
  Side,
} from "../../planner/mod.ts";
import type { EngineTruth } from "../../simulator/mod.ts";

/** Watts that a GPU of this engine wants while it works. */
const WANTED_WATTS = { prefill: 600, decode: 400, agg: 500 } as const;
const PREFILL_MS_PER_TOKEN = 0.1;
const STEP_MS = 10;
const STEP_MS_PER_REQUEST = 0.1;
const BATCHES = [1, 2, 4, 8, 16, 32, 64] as const;
const MOST_BATCH = 64;
/** Caps that the search tries are so far apart, watts. */
const CAP_STEP_WATTS = 50;
/** Replicas that the search tries at most, where nothing limits them. */
const MOST_REPLICAS = 16;

/** The GPU that it runs on. */
export const FORMULA_GPU = {
  minWatts: 200,
  maxWatts: 700,
  tdpWatts: 700,
} as const;

/** Half of any shortage of watts is lost. */
function slowdown(limitWatts: number, wantedWatts: number): number {
  return limitWatts >= wantedWatts ? 1 : (1 + wantedWatts / limitWatts) / 2;
}

/** What the engines do. */
export const FORMULA_TRUTH: EngineTruth = {
  prefill: (islTokens) => ({
    milliseconds: islTokens * PREFILL_MS_PER_TOKEN,
    watts: WANTED_WATTS.prefill,
  }),
  decodeStep: (batchSize) => ({
    milliseconds: STEP_MS + STEP_MS_PER_REQUEST * batchSize,
    watts: WANTED_WATTS.decode,
  }),
  slowdown,
  mostRequests: () => MOST_BATCH,
  kvCapacityTokens: 200_000,
  idleWatts: 110,
};

/** What the planner believes of them. */
export function formulaModel(
  gpusPerReplica: CapacityModel["gpusPerReplica"],
): CapacityModel {
  return {
    gpusPerReplica,
    usualIslTokens: 1_000,
    usualOslTokens: 100,
    gpu: FORMULA_GPU,
    answer: (question) => answer(question),
    searchFleet: (question) => searchFleet(question, gpusPerReplica),
  };
}

function answer(question: CapacityQuestion): CapacityAnswer {
  const points = capsOf(question).flatMap((capWatts) => {
    const point = pointAt(question, capWatts);
    return point ? [point] : [];
  });
  const [first, ...rest] = points;
  if (first) return { kind: "points", points: [first, ...rest] };
  const prefill = question.side === "prefill";
  return {
    kind: "infeasible",
    constraint: prefill ? "ttft_ms" : "itl_ms",
    message: "No batch meets the target.",
    needed: (prefill ? question.ttftMs : question.itlMs) * 2,
    available: prefill ? question.ttftMs : question.itlMs,
    unit: "ms",
  };
}

/** The caps that a question asks for, falling. */
function capsOf(
  { side, caps, coefficients }: CapacityQuestion,
): readonly (number | undefined)[] {
  const c = side === "prefill"
    ? coefficients.powerPrefill
    : side === "decode"
    ? coefficients.powerDecode
    : coefficients.powerAgg;
  const own = withinRange(Math.ceil(WANTED_WATTS[side] * Math.max(1, c)));
  switch (caps.kind) {
    case "none":
      return [undefined];
    case "fixed":
      return [withinRange(caps.capWatts)];
    case "own_draw":
      return [own];
    case "ladder":
      return ladderFrom(own);
  }
}

function ladderFrom(own: number): number[] {
  const caps = [own];
  for (
    let cap = Math.floor((own - 1) / CAP_STEP_WATTS) * CAP_STEP_WATTS;
    cap >= FORMULA_GPU.minWatts;
    cap -= CAP_STEP_WATTS
  ) caps.push(cap);
  return caps;
}

function withinRange(watts: number): number {
  return Math.min(FORMULA_GPU.maxWatts, Math.max(FORMULA_GPU.minWatts, watts));
}

/** The largest batch that meets the targets at a cap. */
function pointAt(
  question: Omit<CapacityQuestion, "caps">,
  capWatts: number | undefined,
): OperatingPoint | undefined {
  const { side, coefficients, islTokens, oslTokens } = question;
  const watts = WANTED_WATTS[side];
  const slow = slowdown(capWatts ?? watts, watts);
  const ttftMs = islTokens * PREFILL_MS_PER_TOKEN * slow *
    Math.max(1, coefficients.ttft);
  if (side !== "decode" && ttftMs > question.ttftMs) return undefined;
  const base = {
    capWatts,
    predictedWatts: watts,
    drawWatts: Math.min(watts, capWatts ?? watts),
    latencySource: "formula",
    powerSource: "formula",
  };
  if (side === "prefill") {
    return {
      ...base,
      batchSize: 1,
      requestsPerSecond: 1000 / ttftMs,
      ttftMs,
      itlMs: undefined,
    };
  }
  // Aggregated engines decode in the time that prompts leave; half of it is a fair guess.
  const share = side === "agg" ? 2 : 1;
  for (let index = BATCHES.length - 1; index >= 0; index--) {
    const batchSize = BATCHES[index]!;
    const itlMs = (STEP_MS + STEP_MS_PER_REQUEST * batchSize) * slow * share *
      Math.max(1, coefficients.itl);
    if (itlMs > question.itlMs) continue;
    return {
      ...base,
      batchSize,
      requestsPerSecond: batchSize * 1000 / (itlMs * Math.max(1, oslTokens)),
      ttftMs: side === "agg" ? ttftMs : undefined,
      itlMs,
    };
  }
  return undefined;
}

interface Option {
  readonly replicas: number;
  readonly point: OperatingPoint;
  readonly gpus: number;
  readonly watts: number;
  readonly rate: number;
}

/** The true optimum over all counts and caps (R16, R16a). */
function searchFleet(
  question: FleetQuestion,
  gpusPerReplica: CapacityModel["gpusPerReplica"],
): FleetAnswer {
  const sides: readonly Side[] = question.mode === "disagg"
    ? ["prefill", "decode"]
    : [question.mode];
  const options = sides.map((side) =>
    optionsOf(side, question, gpusPerReplica[side] ?? 1)
  );
  const { maxGpus = Infinity, budgetWatts = Infinity } = question;
  const demand = question.demandRequestsPerSecond ?? Infinity;
  let best:
    | { readonly options: Option[]; readonly score: number[] }
    | undefined;
  let candidates = 0;
  const [first = [], second] = options;
  for (const a of first) {
    if (a.watts > budgetWatts || a.gpus > maxGpus) continue;
    for (const b of second ?? [undefined]) {
      candidates++;
      const watts = a.watts + (b?.watts ?? 0);
      const gpus = a.gpus + (b?.gpus ?? 0);
      if (watts > budgetWatts || gpus > maxGpus) continue;
      const served = Math.min(a.rate, b?.rate ?? Infinity, demand);
      const score = question.objective === "efficiency"
        ? [served / Math.max(1, watts), -gpus]
        : [served, -watts, -gpus];
      if (best && !isBetter(score, best.score)) continue;
      best = { options: b ? [a, b] : [a], score };
    }
  }
  if (!best) return infeasible(question, options);
  return {
    kind: "fleet",
    best: choiceOf(sides, best.options, question),
    candidates,
    searchMs: 0,
  };
}

function isBetter(a: readonly number[], b: readonly number[]): boolean {
  for (let index = 0; index < a.length; index++) {
    if (a[index]! > b[index]!) return true;
    if (a[index]! < b[index]!) return false;
  }
  return false;
}

function optionsOf(
  side: Side,
  question: FleetQuestion,
  gpus: number,
): Option[] {
  const { caps } = question;
  const asked = { ...question, side, caps: { kind: "ladder" } as const };
  const watts = caps.kind === "fixed" ? caps.watts[side] : undefined;
  const tried = caps.kind === "none"
    ? [undefined]
    : caps.kind === "fixed"
    ? [watts]
    : caps.kind === "own_draw"
    ? capsOf(asked).slice(0, 1)
    : capsOf(asked);
  const fewest = question.floors[side] ?? 0;
  const most = Math.max(
    fewest,
    Math.min(
      question.ceilings[side] ?? MOST_REPLICAS,
      Math.floor((question.maxGpus ?? Infinity) / gpus),
      MOST_REPLICAS,
    ),
  );
  const options: Option[] = [];
  for (const cap of tried) {
    const point = pointAt(asked, cap);
    if (!point) continue;
    for (let replicas = fewest; replicas <= most; replicas++) {
      const all = replicas * gpus;
      options.push({
        replicas,
        point,
        gpus: all,
        watts: all * (cap ?? point.drawWatts),
        rate: replicas * point.requestsPerSecond,
      });
    }
  }
  return options;
}

function infeasible(
  question: FleetQuestion,
  options: readonly (readonly Option[])[],
): FleetAnswer {
  if (options.some((side) => side.length === 0)) {
    return {
      kind: "infeasible",
      constraint: "ttft_ms",
      message: "No batch meets the targets.",
      needed: question.ttftMs * 2,
      available: question.ttftMs,
      unit: "ms",
    };
  }
  const least = (pick: (option: Option) => number) =>
    options.reduce((sum, side) => sum + Math.min(...side.map(pick)), 0);
  const watts = least((option) => option.watts);
  const byWatts = watts > (question.budgetWatts ?? Infinity);
  return {
    kind: "infeasible",
    constraint: byWatts ? "watts" : "gpus",
    message: "Not even the floors fit.",
    needed: byWatts ? watts : least((option) => option.gpus),
    available: (byWatts ? question.budgetWatts : question.maxGpus) ?? 0,
    unit: byWatts ? "watts" : "gpus",
  };
}

function choiceOf(
  sides: readonly Side[],
  options: readonly Option[],
  { oslTokens }: FleetQuestion,
): FleetChoice {
  const rate = Math.min(...options.map((option) => option.rate));
  const points = options.map(({ point }) => point);
  return {
    sides: Object.fromEntries(
      sides.map((side, index) => [side, {
        replicas: options[index]!.replicas,
        point: options[index]!.point,
      }]),
    ),
    requestsPerSecond: rate,
    tokensPerSecond: rate * oslTokens,
    gpus: options.reduce((sum, option) => sum + option.gpus, 0),
    watts: options.reduce((sum, option) => sum + option.watts, 0),
    ttftMs: points.find(({ ttftMs }) => ttftMs !== undefined)?.ttftMs,
    itlMs: points.find(({ itlMs }) => itlMs !== undefined)?.itlMs,
    thetaPrefill: undefined,
    thetaDecode: undefined,
  };
}
