/** Estimators over the built-in model alone: what a machine without imported data has. @module */

import {
  type DatabaseMode,
  type EngineCase,
  type EngineSource,
  EstimatorOpener,
  type Layout,
  loadModule,
} from "../../../optimizer-wasm/mod.ts";
import { WattkeeperError } from "../../../service/mod.ts";

/** A source that holds nothing. */
export const NOTHING_IMPORTED: EngineSource = {
  modelNames: () => [],
  readModelConfig: (name) =>
    Promise.reject(new WattkeeperError("unknown_model", name)),
  systemNames: () => [],
  readPack: (system) =>
    Promise.reject(
      new WattkeeperError("not_imported", `No data of ${system}.`),
    ),
};

/** An opener over nothing but built-in facts. */
export async function builtinOpener(): Promise<EstimatorOpener> {
  return new EstimatorOpener(await loadModule(), NOTHING_IMPORTED);
}

/** A case on the built-in model; one GPU unless the layout says otherwise. */
export function builtinCase(
  model: string,
  options: {
    readonly system?: string;
    readonly backend?: string;
    readonly layout?: Partial<Layout>;
    readonly mode?: DatabaseMode;
    readonly nextn?: number;
  } = {},
): EngineCase {
  return {
    model,
    system: options.system ?? "h200_sxm",
    backend: options.backend ?? "vllm",
    layout: {
      tp: 1,
      pp: 1,
      dp: 1,
      moeTp: 1,
      moeEp: 1,
      cp: 1,
      ...options.layout,
    },
    databaseMode: options.mode ?? "ROOFLINE",
    ...(options.nextn === undefined ? {} : { nextn: options.nextn }),
  };
}
