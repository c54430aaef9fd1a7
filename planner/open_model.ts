/** Opens the performance model that a configuration names. @module */

import type { EngineCase, Estimator } from "../optimizer-wasm/mod.ts";
import { WattkeeperError } from "../service/mod.ts";
import type { EngineChoice, EnginePick, PlannerConfig } from "./config/mod.ts";
import { type CapacityModel, type PerSide, sidesOf } from "./core/mod.ts";
import { capacityModel, noModel } from "./model/mod.ts";

/** Opens one engine case; `EstimatorOpener` of the model, or a stand-in in a test. */
export type OpenEstimator = (engineCase: EngineCase) => Promise<Estimator>;

/** A model, and what a person must know about it. */
export interface OpenedModel {
  readonly model: CapacityModel;
  /** Version of the data, `builtin`, or `none`. */
  readonly dataVersion: string;
  readonly notices: readonly string[];
}

/**
 * Opens an estimator for each side. Imported data answers where there is any; otherwise the built-in roofline does, and
 * a notice says so (R54). Without `aic_interpolation` nothing is estimated, and a notice says that.
 *
 * @throws {WattkeeperError} `unknown_model`, `unknown_backend`, `invalid_layout` and the other codes of the model
 */
export async function openModel(
  config: PlannerConfig,
  open: OpenEstimator,
): Promise<OpenedModel> {
  const { engine } = config;
  if (!engine) return withoutEngine(config);
  if (engine.modelIsPath) {
    throw new WattkeeperError(
      "invalid_value",
      `The model config "${engine.model}" cannot be used yet.`,
      {
        where: "aic_interpolation.model_config",
        remedy: "Write hf_id with the name of a known model instead.",
      },
    );
  }
  const estimators: PerSide<Estimator> = Object.fromEntries(
    await Promise.all(
      sidesOf(config.mode).map(async (side) => {
        const pick = side === "prefill" ? engine.prefill : engine.decode;
        return [side, await openSide(config, engine, { pick, open })] as const;
      }),
    ),
  );
  const opened = Object.values(estimators);
  const builtin = opened.some(({ dataVersion }) => dataVersion === "builtin");
  return {
    model: capacityModel({
      estimators,
      usualIslTokens: engine.islTokens,
      usualOslTokens: engine.oslTokens,
    }),
    dataVersion: [...new Set(opened.map(({ dataVersion }) => dataVersion))]
      .join(", "),
    notices: builtin
      ? [
        `No imported data for ${engine.backend} on ${engine.system}: the built-in roofline model answers. Import measured tables with \`data import pip:aiconfigurator-core==0.12.0\`.`,
      ]
      : [],
  };
}

async function openSide(
  config: PlannerConfig,
  engine: EngineChoice,
  { pick, open }: {
    readonly pick: EnginePick | undefined;
    readonly open: OpenEstimator;
  },
): Promise<Estimator> {
  const measured: EngineCase = {
    model: engine.model,
    system: config.optimizer.system ?? engine.system,
    backend: engine.backend,
    ...(engine.backendVersion === undefined
      ? {}
      : { backendVersion: engine.backendVersion }),
    layout: {
      tp: pick?.tp ?? 1,
      pp: pick?.pp ?? 1,
      dp: pick?.dp ?? 1,
      moeTp: pick?.moeTp ?? 1,
      moeEp: pick?.moeEp ?? 1,
      cp: 1,
    },
    databaseMode: "HYBRID",
  };
  try {
    return await open(measured);
  } catch (error) {
    const absent = error instanceof WattkeeperError &&
      ["not_imported", "unknown_system", "unknown_version"].includes(
        error.code,
      );
    // A pinned version is a wish for those tables; nothing else may stand in for them.
    if (!absent || engine.backendVersion !== undefined) throw error;
    return await open({ ...measured, databaseMode: "ROOFLINE" });
  }
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
    notices: [
      "Without aic_interpolation nothing says what a replica can do: replicas stay at their floors, within the budgets.",
    ],
  };
}
