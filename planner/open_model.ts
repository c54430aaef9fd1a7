/** Opens the performance model that a configuration names. @module */

import {
  type Estimator,
  type EstimatorOpener,
  type FleetSearch,
  type FleetSpace,
  type Layout,
  openFleetSearch,
} from "../optimizer-wasm/portable.ts";
import { WattkeeperError } from "../service/portable.ts";
import type { EngineChoice, EnginePick, PlannerConfig } from "./config/mod.ts";
import { type CapacityModel, type PerSide, sidesOf } from "./core/mod.ts";
import { capacityModel, noModel } from "./model/mod.ts";

/** Opens the fleet search of a space; a stand-in in a test. */
export type OpenSearch = (space: FleetSpace) => Promise<FleetSearch>;

/** A model, and what a person must know about it. */
export interface OpenedModel {
  readonly model: CapacityModel;
  /** Version of the data, `builtin`, or `none`. */
  readonly dataVersion: string;
  readonly notices: readonly string[];
  /** The estimators of the deployed layouts, by side; empty without an engine. */
  readonly estimators: PerSide<Estimator>;
}

/** The usual way to open a search: over an opener of estimators. */
export function searchWith(opener: EstimatorOpener): OpenSearch {
  return (space) => openFleetSearch(opener, space);
}

/**
 * Opens the fleet search with the layouts that are deployed. Imported data answers where there is any, with transfers
 * where a layout has gaps; otherwise the built-in roofline does, and a notice says so (R54). Without
 * `aic_interpolation` nothing is estimated, and a notice says that.
 *
 * @throws {WattkeeperError} `unknown_model`, `unknown_backend`, `invalid_layout` and the other codes of the model
 */
export async function openModel(
  config: PlannerConfig,
  open: OpenSearch,
): Promise<OpenedModel> {
  const { engine } = config;
  if (!engine) return withoutEngine(config);
  const { search, transfers } = await openPinned(config, engine, open);
  const { dataVersion } = search.estimator;
  return {
    model: capacityModel({
      search,
      usualIslTokens: engine.islTokens,
      usualOslTokens: engine.oslTokens,
    }),
    dataVersion,
    estimators: Object.fromEntries(
      sidesOf(config.mode).map((side) => [side, search.estimatorOf(side, 0)]),
    ),
    notices: [
      ...(dataVersion === "builtin"
        ? [
          `No imported data for ${engine.backend} on ${engine.system}: the built-in roofline model answers. Import measured tables with \`data import pip:aiconfigurator-core==0.12.0\`.`,
        ]
        : []),
      ...(transfers
        ? [
          "The tables have gaps for the deployed layouts; HYBRID fills them by transfer from the nearest measurements.",
        ]
        : []),
    ],
  };
}

/** Measured rows alone where they answer, so that the answer is `sweep`'s; transfers where they leave a gap. */
async function openPinned(
  config: PlannerConfig,
  engine: EngineChoice,
  open: OpenSearch,
): Promise<{ readonly search: FleetSearch; readonly transfers: boolean }> {
  const space = spaceOf(config, engine);
  try {
    const search = await open(space);
    probe(search, engine);
    return { search, transfers: false };
  } catch (error) {
    const isGap = error instanceof WattkeeperError &&
      error.code === "not_measured";
    if (!isGap) throw error;
    const search = await open({ ...space, databaseMode: "HYBRID" });
    return { search, transfers: true };
  }
}

/** Asks once at the usual lengths: some gaps only show when a question is asked. */
function probe(search: FleetSearch, { islTokens, oslTokens }: EngineChoice) {
  search.run({
    isl: Math.max(1, islTokens),
    osl: Math.max(2, oslTokens),
    ttftMs: Number.MAX_VALUE,
    itlMs: Number.MAX_VALUE,
    caps: { kind: "own_draw" },
    requestRate: 0,
  });
}

function spaceOf(config: PlannerConfig, engine: EngineChoice): FleetSpace {
  return {
    model: engine.model,
    system: config.optimizer.system ?? engine.system,
    backend: engine.backend,
    ...(engine.backendVersion === undefined
      ? {}
      : { backendVersion: engine.backendVersion }),
    mode: config.mode,
    pins: {
      prefill: layoutOf(engine.prefill),
      decode: layoutOf(engine.decode),
      agg: layoutOf(engine.decode),
    },
  };
}

function layoutOf(pick: EnginePick | undefined): Layout {
  return {
    tp: pick?.tp ?? 1,
    pp: pick?.pp ?? 1,
    dp: pick?.dp ?? 1,
    moeTp: pick?.moeTp ?? 1,
    moeEp: pick?.moeEp ?? 1,
    cp: 1,
  };
}

function withoutEngine(config: PlannerConfig): OpenedModel {
  const { prefill, decode } = config.gpusPerReplica;
  const missing = sidesOf(config.mode).filter((side) =>
    (side === "prefill" ? prefill : decode) === undefined
  );
  if (missing.length > 0) {
    throw new WattkeeperError(
      "invalid_value",
      `Nothing says how many GPUs a ${missing.join(" or ")} replica has.`,
      {
        where: "aic_interpolation",
        remedy:
          "Write aic_interpolation, or prefill_engine_num_gpu and decode_engine_num_gpu.",
      },
    );
  }
  return {
    model: noModel(config),
    dataVersion: "none",
    estimators: {},
    notices: [
      "Without aic_interpolation nothing says what a replica can do: replicas stay at their floors, within the budgets.",
    ],
  };
}
