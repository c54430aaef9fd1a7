/** What a scenario's planner believes of its engines, and what is true of them. @module */

import { type CapacityModel, estimatorTruth } from "../../../planner/mod.ts";
import {
  type Arrivals,
  BLOCK_TOKENS,
  type Engines,
  type EngineTruth,
  PoissonStream,
  RequestEngines,
  type RequestStream,
  seededRandom,
  type SimulatedWorld,
  TraceStream,
} from "../../../simulator/mod.ts";
import { readRequests } from "../../policies/mod.ts";
import type { Scenario } from "../schema/mod.ts";
import { rowTruth } from "../truth/row_truth.ts";
import { IDLE_WATTS, type SystemRow } from "../truth/systems.ts";
import { TableEngines } from "../truth/table_engines.ts";
import { tableModel } from "../truth/table_model.ts";
import { builtInModel } from "./built_in_model.ts";
import { gpusPerReplica } from "./layout.ts";
import { arrivalsOf } from "./load.ts";

/** Belief and truth. */
export interface OpenedEngines {
  readonly model: CapacityModel;
  readonly truth: EngineTruth;
  /** Absent: fluids of the truth. */
  readonly served: Engines | undefined;
  /** Absent: engines whose truth is no table. */
  readonly table: TableEngines | undefined;
}

/** Share of a fleet's cache that prefixes may keep. */
const PREFIX_SHARE = 0.5;

/**
 * Opens them. A replay serves every request by itself, with the product's own engine model; everything else is a fluid or
 * the table's closed form.
 *
 * @param world the world that they will be in: its faults bias the truth
 */
export async function openEngines(
  scenario: Scenario,
  row: SystemRow,
  world: () => SimulatedWorld,
): Promise<OpenedEngines> {
  const { fleet, planner: { config } } = scenario;
  const gamma = scenario.class === "gamma";
  if (gamma || fleet.engines === "built_in") {
    const { model, estimators } = await builtInModel(config);
    const truth = estimatorTruth(estimators, IDLE_WATTS);
    const served = gamma
      ? await requestEngines(scenario, truth, world)
      : undefined;
    return { model, truth, served, table: undefined };
  }
  const table = new TableEngines(row, {
    floorWatts: fleet.decode_power_floor_w,
    bias: (signal) => world().faults.bias(signal, world().nowMs),
  });
  return {
    model: tableModel({
      row,
      gpusPerReplica: gpusPerReplica(scenario),
      usualIslTokens: config.engine?.islTokens ?? scenario.load.isl,
      usualOslTokens: config.engine?.oslTokens ?? scenario.load.osl,
    }),
    truth: rowTruth(row),
    served: table,
    table,
  };
}

async function requestEngines(
  scenario: Scenario,
  truth: EngineTruth,
  world: () => SimulatedWorld,
): Promise<Engines> {
  const { mocker, seed, planner: { config } } = scenario;
  const { stream, blockCount } = await streamOf(mocker, seed);
  const prefillArgs = mocker?.prefill_engine_args ?? {};
  const decodeArgs = mocker?.decode_engine_args ?? {};
  const batched = prefillArgs["max_num_batched_tokens"];
  const batch = decodeArgs["max_num_seqs"];
  return new RequestEngines({
    truth,
    stream,
    targets: { ttftMs: config.ttftMs, itlMs: config.itlMs },
    blockCount,
    prefixBlocks: Math.floor(
      truth.kvCapacityTokens * PREFIX_SHARE / BLOCK_TOKENS,
    ),
    bias: (signal) => world().faults.bias(signal, world().nowMs),
    ...(batched === undefined ? {} : { maxBatchedTokens: batched }),
    ...(batch === undefined ? {} : { mostRequestsPerBatch: batch }),
  });
}

async function streamOf(
  mocker: Scenario["mocker"],
  seed: number,
): Promise<{ readonly stream: RequestStream; readonly blockCount: number }> {
  const file = mocker?.trace_file ?? null;
  if (file === null) {
    return { stream: new PoissonStream(seededRandom(seed)), blockCount: 0 };
  }
  const opened = await Deno.open(file);
  const { trace } = await readRequests({
    name: file,
    chunks: opened.readable.pipeThrough(new TextDecoderStream()),
  });
  return {
    stream: new TraceStream(trace, mocker?.arrival_speedup_ratio ?? 1),
    blockCount: trace.blockCount,
  };
}

/** `arrival_rate` is requests a minute: 200 a second would be more than any row's prefill can take. */
export function mockerArrivals(
  { mocker, load, interval_s }: Scenario,
): (atSeconds: number) => Arrivals {
  if (!mocker) throw new Error("There is no mocker block.");
  const { isl, osl } = mocker;
  if (load.profile !== "constant") {
    return arrivalsOf({ ...load, isl, osl }, interval_s);
  }
  const requestsPerSecond = mocker.arrival_rate *
    mocker.arrival_speedup_ratio / 60;
  return () => ({ requestsPerSecond, islTokens: isl, oslTokens: osl });
}
