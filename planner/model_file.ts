/** A model by its `config.json`, for models that no table names (`aic_interpolation.model_config`). @module */

import { dirname, join } from "node:path";
import type { ModelConfig, OtherModels } from "../optimizer-wasm/mod.ts";
import { WattkeeperError } from "../service/mod.ts";
import type { PlannerConfig } from "./config/mod.ts";

/** No `config.json` is larger. */
const LARGEST_BYTES = 4_000_000;

/**
 * The model that the configuration names by a path, read from disk; an `hf_quant_config.json` beside it is read too.
 *
 * @returns by the path as written; empty when the model has a name
 * @throws {WattkeeperError} `file_not_found`, `file_unreadable`, `invalid_file`
 */
export async function configuredModels(
  { engine }: Pick<PlannerConfig, "engine">,
): Promise<OtherModels> {
  if (!engine?.modelIsPath) return {};
  const config = await readJson(engine.model);
  if (config === undefined) {
    throw new WattkeeperError(
      "file_not_found",
      `There is no model configuration "${engine.model}".`,
      {
        where: "aic_interpolation.model_config",
        remedy: "Name a model's config.json, or write hf_id instead.",
      },
    );
  }
  const quant = await readJson(
    join(dirname(engine.model), "hf_quant_config.json"),
  );
  return { [engine.model]: { config, hfQuantConfig: quant ?? null } };
}

/** @returns undefined when there is no such file */
async function readJson(
  path: string,
): Promise<ModelConfig["config"] | undefined> {
  let text: string;
  try {
    const { size } = await Deno.stat(path);
    if (size > LARGEST_BYTES) throw invalid(path, `it has ${size} bytes`);
    text = await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof WattkeeperError) throw cause;
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new WattkeeperError(
      "file_unreadable",
      `The model configuration "${path}" could not be read: ${
        cause instanceof Error ? cause.message : cause
      }.`,
      { where: "aic_interpolation.model_config", cause },
    );
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw invalid(path, cause instanceof Error ? cause.message : String(cause));
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw invalid(path, "it is no object");
  }
  return { ...parsed };
}

function invalid(path: string, why: string): WattkeeperError {
  return new WattkeeperError(
    "invalid_file",
    `The file "${path}" is no model configuration: ${why}.`,
    {
      where: "aic_interpolation.model_config",
      remedy: "Name a config.json as Hugging Face publishes it.",
    },
  );
}
