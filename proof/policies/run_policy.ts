/** One policy through one stretch of traffic: what it served, what it drew, what it decided. @module */

import type {
  Listener,
  LoopInput,
  OpenedModel,
  PerSide,
  SimulatedEnvironment,
} from "../../planner/portable_planner.ts";
import {
  BLOCK_TOKENS,
  type Engines,
  type EngineTruth,
  FluidEngines,
  RequestEngines,
} from "../../simulator/mod.ts";
import { BudgetWatch } from "./budget_watch.ts";
import { type DecisionNote, DecisionNotes } from "./decision_notes.ts";
import { drive } from "./drive.ts";
import { MeteredEngines } from "./metered_engines.ts";
import type { Policy } from "./policy.ts";
import { type Score, scoreOf } from "./score.ts";
import type { Traffic } from "./traffic.ts";

/** How finely engines are simulated. */
export type Resolution = "loop" | "request";

/** What one run is made of. */
export interface PolicyRunInput {
  readonly policy: Policy;
  /** What limits are held against, whatever the policy knows of it, watts. */
  readonly budgetWatts: number;
  readonly opened: OpenedModel;
  readonly traffic: Traffic;
  readonly resolution: Resolution;
  readonly seed: number;
  /** Time that counts, and time before it in which the fleet finds its size. */
  readonly seconds: number;
  readonly leadInSeconds: number;
  /** History that the planner starts with. */
  readonly warmHistory?: LoopInput["warmHistory"];
  /** Told beside the score what the loop does. */
  readonly listeners?: readonly Listener[];
  readonly signal?: AbortSignal;
  /** Called now and then with the share that is done. */
  readonly onProgress?: (share: number) => void;
}

/** A run over time. Sums are over the sample that ends at `atSeconds`. */
export interface Sample {
  readonly atSeconds: number;
  readonly drawWatts: number;
  /** Highest sum of limits in it. */
  readonly limitWatts: number;
  readonly ready: PerSide<number>;
  readonly wanted: PerSide<number>;
  readonly capWatts: PerSide<number>;
  readonly ttftMs: number | undefined;
  /** 99th percentile; request resolution only. */
  readonly ttftP99Ms: number | undefined;
  readonly itlMs: number | undefined;
  readonly itlP99Ms: number | undefined;
  readonly askedTokensPerSecond: number;
  readonly inTimeTokensPerSecond: number;
  readonly queued: number;
}

/** A finished run. */
export interface PolicyRun {
  readonly policy: Policy["name"];
  readonly rule: string;
  readonly budgetWatts: number;
  readonly score: Score;
  readonly samples: readonly Sample[];
  readonly decisions: readonly DecisionNote[];
}

/** Steps of the world, milliseconds. */
export const STEP_MS = 5_000;
/** A run has about so many samples; one is at least this long. */
const SAMPLES = 480;
const SHORTEST_SAMPLE_SECONDS = 10;
/** Midnight of an ordinary Monday. */
const START_MS = Date.UTC(2026, 0, 5);
/** Who decides; one planner at a time. */
const HOLDER = "planner";
/** GPUs of a deployment without a limit of its own. */
const UNLIMITED_GPUS = 64;

/** Runs it. */
export async function runPolicy(input: PolicyRunInput): Promise<PolicyRun> {
  const { policy, budgetWatts, traffic, leadInSeconds, seconds } = input;
  const targets = { ttftMs: policy.config.ttftMs, itlMs: policy.config.itlMs };
  let engines: MeteredEngines | undefined;
  let world: SimulatedEnvironment["world"] | undefined;
  const watch = new BudgetWatch(budgetWatts);
  const notes = new DecisionNotes(START_MS + leadInSeconds * 1000);
  const samples: Sample[] = [];
  let joules = 0;
  let from = { joules: 0, started: leadInSeconds === 0 };
  let score: Score | undefined;
  const total = leadInSeconds + seconds;
  const sliceSeconds = Math.max(
    SHORTEST_SAMPLE_SECONDS,
    Math.round(total / SAMPLES / STEP_MS * 1000) * STEP_MS / 1000,
  );
  const listener: Listener = (event) => {
    if (event.kind === "decided") notes.add(event.record.decision);
  };
  await drive({
    simulated: {
      config: policy.config,
      model: policy.model,
      estimators: input.opened.estimators,
      seed: input.seed,
      holder: HOLDER,
      startMs: START_MS,
      stepMs: STEP_MS,
      traffic: traffic.arrivals,
      engines: (truth) =>
        engines = new MeteredEngines(enginesOf(truth, input), targets),
    },
    warmHistory: input.warmHistory,
    endMs: total * 1000,
    sliceMs: sliceSeconds * 1000,
    ...(input.signal ? { signal: input.signal } : {}),
    opened: (environment) => {
      const { world: opened } = environment;
      world = opened;
      opened.onEvent = () => watch.see(opened.nowMs, opened.limitWatts());
      return [listener, ...input.listeners ?? []];
    },
    onSlice: (atMs) => {
      if (!world || !engines) return;
      const sums = engines.sums("recent");
      const drawn = world.meter.totalJoules - joules;
      joules = world.meter.totalJoules;
      samples.push({
        atSeconds: atMs / 1000 - leadInSeconds,
        drawWatts: drawn / Math.max(1e-9, sums.seconds),
        limitWatts: watch.takeHighest(world.limitWatts()),
        ready: readyOf(world),
        wanted: notes.wanted,
        capWatts: notes.capWatts,
        ttftMs: sums.ttftMs.mean,
        ttftP99Ms: sums.ttftMs.p99,
        itlMs: sums.itlMs.mean,
        itlP99Ms: sums.itlMs.p99,
        askedTokensPerSecond: sums.askedTokens / sums.seconds,
        inTimeTokensPerSecond: sums.inTimeTokens / sums.seconds,
        queued: engines.queued,
      });
      engines.clear("recent");
      if (!from.started && atMs >= leadInSeconds * 1000) {
        engines.clear("totals");
        from = { joules, started: true };
      }
      // What ending the planner takes is not counted.
      score = scoreOf({
        sums: engines.sums("totals"),
        overdue: engines.overdue(),
        joules: joules - from.joules,
        budgetWatts,
        violations: watch.told(atMs),
        notes,
      });
      input.onProgress?.(atMs / 1000 / total);
    },
  });
  if (!score) throw new Error("A run has at least one sample.");
  return {
    policy: policy.name,
    rule: policy.rule,
    budgetWatts,
    score,
    samples: samples.filter(({ atSeconds }) => atSeconds > 0),
    decisions: notes.kept,
  };
}

function enginesOf(truth: EngineTruth, input: PolicyRunInput): Engines {
  if (input.resolution === "loop") return new FluidEngines(truth);
  const { config, model } = input.policy;
  const width = model.gpusPerReplica.prefill ?? model.gpusPerReplica.agg ?? 1;
  const replicas = (config.maxGpus ?? UNLIMITED_GPUS) / width;
  return new RequestEngines({
    truth,
    stream: input.traffic.stream(),
    targets: { ttftMs: config.ttftMs, itlMs: config.itlMs },
    blockCount: input.traffic.blockCount,
    // A store in host memory, as large as the caches of all GPUs together.
    prefixBlocks: Math.floor(truth.kvCapacityTokens * replicas / BLOCK_TOKENS),
  });
}

function readyOf(world: SimulatedEnvironment["world"]): PerSide<number> {
  return Object.fromEntries(
    world.api.sides().map((side) => [side, world.ready(side)]),
  );
}
