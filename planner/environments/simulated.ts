/** A simulated environment: nodes, agents and engines in this process, a day of traffic, time at any speed. @module */

import { realClock } from "../../cluster/portable.ts";
import type { Estimator } from "../../optimizer-wasm/portable.ts";
import {
  type Arrivals,
  dayOfTraffic,
  type Engines,
  type EngineTruth,
  type HiddenCoefficients,
  NO_SECRET,
  SimulatedWorld,
  withSecret,
  type WorldOptions,
} from "../../simulator/mod.ts";
import { WattkeeperError } from "../../service/portable.ts";
import type { PlannerConfig } from "../config/planner_config.ts";
import { type CapacityModel, type PerSide, sidesOf } from "../core/mod.ts";
import { estimatorTruth, SimulatedFleet } from "../fleets/simulated/mod.ts";
import { type Listener, messageOf } from "../loop/mod.ts";
import type { Environment } from "./environment.ts";
import { SimulatedSource } from "./simulated_source.ts";
import { WorldClock } from "./world_clock.ts";

/** What a simulated environment is made of. */
export interface SimulatedOptions {
  readonly config: PlannerConfig;
  readonly model: CapacityModel;
  /** The engines' truth stands on them. */
  readonly estimators: PerSide<Estimator>;
  readonly seed: number;
  /** Simulated seconds a second; undefined: nobody drives, the caller moves {@linkcode SimulatedEnvironment.clock}. */
  readonly speed: number | undefined;
  /** Wall time at which it begins, milliseconds since 1970. */
  readonly startMs: number;
  /** Requests per second of the busiest hour; absent: a little more than the budgets let the fleet serve. */
  readonly peakRequestsPerSecond?: number | undefined;
  /** What arrives, by seconds since the beginning, in place of the made-up day. */
  readonly traffic?: ((atSeconds: number) => Arrivals) | undefined;
  /** What serves, over the engines' truth; absent: fluids. */
  readonly engines?: ((truth: EngineTruth) => Engines) | undefined;
  /** What the engines do differently from the model. */
  readonly secret?: HiddenCoefficients;
  /** Length of one step of the world, milliseconds. */
  readonly stepMs?: number;
  /** Identity of the planner; absent: a new one. */
  readonly holder?: string;
  /** More about the world: faults, delays, nodes. */
  readonly world?: Partial<WorldOptions>;
}

/** A {@linkcode Environment} with its world. */
export interface SimulatedEnvironment extends Environment {
  readonly world: SimulatedWorld;
  readonly clock: WorldClock;
}

const GPUS_PER_NODE = 8;
/** GPUs of a deployment without a limit of its own. */
const UNLIMITED_GPUS = 64;
const DAY_SECONDS = 86_400;
const WINDOW_SECONDS = 60;
/** Draw of a GPU with a loaded model that waits for work, watts (`power-curves.md` §3). */
const IDLE_WATTS = 110;
/** The peak is over what can be served, so that the budget binds. */
const PEAK_SHARE = 1.1;
/** Real time between two moves of the world, milliseconds. */
const DRIVE_MS = 50;

/**
 * Opens one.
 *
 * @throws {WattkeeperError} `invalid_usage` without a model of the engine: nothing could be simulated
 */
export function openSimulated(
  options: SimulatedOptions,
): SimulatedEnvironment {
  const { config, model, estimators, seed, startMs } = options;
  if (Object.keys(estimators).length === 0) {
    throw new WattkeeperError(
      "invalid_usage",
      "Without a performance model there are no engines to simulate.",
      {
        where: "aic_interpolation",
        remedy: "Write aic_interpolation, or another environment.",
      },
    );
  }
  const gpus = config.maxGpus ?? UNLIMITED_GPUS;
  const { minWatts, maxWatts } = model.gpu;
  const peak = options.traffic
    ? undefined
    : options.peakRequestsPerSecond ?? peakOf(config, model);
  const truth = withSecret(
    estimatorTruth(estimators, IDLE_WATTS),
    options.secret ?? NO_SECRET,
  );
  const world = new SimulatedWorld({
    seed,
    nodes: Array.from({ length: Math.ceil(gpus / GPUS_PER_NODE) }, (_, i) => ({
      name: `node-${i + 1}`,
      gpus: GPUS_PER_NODE,
      model: config.engine?.system ?? "GPU",
      minWatts,
      maxWatts,
      defaultWatts: maxWatts,
      safeDefaultWatts: config.power?.safeDefaultWatts ?? maxWatts,
      prearm: config.power?.startMode === "prearm",
    })),
    gpusPerReplica: model.gpusPerReplica,
    replicas: Object.fromEntries(
      sidesOf(config.mode).map((side) => [side, config.floors[side]]),
    ),
    gated: config.power?.startMode === "gate",
    truth,
    ...(options.engines ? { engines: options.engines(truth) } : {}),
    traffic: options.traffic ??
      trafficOf({ seed, peak: peak ?? 0, startMs }),
    noise: 0.01,
    ...(options.stepMs === undefined ? {} : { stepMs: options.stepMs }),
    ...options.world,
  });
  world.allowedWatts = config.power?.budgetWatts;
  const clock = new WorldClock(world, startMs);
  const driver = drive(clock, options.speed);
  return {
    world,
    clock,
    fleet: new SimulatedFleet(world, {
      holder: options.holder ?? `planner-${crypto.randomUUID()}`,
      gpusPerReplica: model.gpusPerReplica,
      readOnly: config.advisory,
    }),
    source: new SimulatedSource(
      world,
      Math.max(config.throughputIntervalSeconds, config.loadIntervalSeconds),
    ),
    notices: [
      `A simulated fleet of ${world.nodes.length} nodes with ${GPUS_PER_NODE} GPUs${
        peak === undefined
          ? ""
          : `; traffic is a made-up day with ${
            peak.toFixed(1)
          } requests/s in its busiest hour`
      }.`,
    ],
    listener: watchBudget(world),
    [Symbol.asyncDispose]: () => driver.stop(),
  };
}

/** R41 as the world checks it: the budget in force, the old one until a lower one is complied with (C16). */
function watchBudget(world: SimulatedWorld): Listener {
  return (event) => {
    if (event.kind !== "staged") return;
    const { transition } = event;
    if (!Number.isFinite(transition.budgetInForceWatts)) return;
    world.allowedWatts = transition.cut?.fromWatts ??
      transition.budgetInForceWatts;
  };
}

/** What the fleet could serve within its budgets, at the usual lengths. */
function peakOf(config: PlannerConfig, model: CapacityModel): number {
  const answer = model.searchFleet({
    mode: config.mode,
    islTokens: model.usualIslTokens,
    oslTokens: model.usualOslTokens,
    ttftMs: config.ttftMs,
    itlMs: config.itlMs,
    coefficients: config.optimizer.initialCoefficients,
    demandRequestsPerSecond: undefined,
    budgetWatts: config.power?.budgetWatts,
    maxGpus: config.maxGpus ?? UNLIMITED_GPUS,
    floors: {},
    ceilings: {},
    caps: config.power ? { kind: "free" } : { kind: "none" },
    objective: "throughput",
    maxThetaPrefill: undefined,
    maxThetaDecode: undefined,
  });
  return answer.kind === "fleet"
    ? answer.best.requestsPerSecond * PEAK_SHARE
    : 1;
}

/** The same day again and again, by the time of day. */
function trafficOf(
  { seed, peak, startMs }: {
    readonly seed: number;
    readonly peak: number;
    readonly startMs: number;
  },
) {
  const day = dayOfTraffic({
    seed,
    windowSeconds: WINDOW_SECONDS,
    peakRequestsPerSecond: peak,
  }).slice(1);
  const midnight = (startMs / 1000) % DAY_SECONDS;
  return (atSeconds: number) => {
    const second = (midnight + atSeconds) % DAY_SECONDS;
    const window = day[Math.floor(second / WINDOW_SECONDS)];
    return {
      requestsPerSecond: (window?.requests ?? 0) / WINDOW_SECONDS,
      islTokens: window?.islTokens ?? 1,
      oslTokens: window?.oslTokens ?? 1,
    };
  };
}

/** Moves the world with real time. */
function drive(
  clock: WorldClock,
  speed: number | undefined,
): { stop(): Promise<void> } {
  if (speed === undefined) return { stop: () => Promise.resolve() };
  const stopping = new AbortController();
  const running = (async () => {
    let last = realClock.now();
    while (!stopping.signal.aborted) {
      await realClock.sleep(DRIVE_MS, stopping.signal);
      const now = realClock.now();
      const passed = Math.min(1_000, now - last) * speed;
      last = now;
      await clock.runTo(clock.now() + passed, stopping.signal);
    }
  })();
  running.catch((error: unknown) => {
    throw new Error(`The simulated world stopped: ${messageOf(error)}`, {
      cause: error,
    });
  });
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
