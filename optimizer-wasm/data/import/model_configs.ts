/** Model configurations of a source: `model_configs/<org>--<name>_config.json`. @module */

import { z } from "zod";
import type { StoredModelConfig } from "../store/mod.ts";
import { invalidFile, readText, type SourceTree } from "./source_tree.ts";

const CONFIG_FILE =
  /^model_configs\/([A-Za-z0-9][A-Za-z0-9._-]*?--[A-Za-z0-9._-]+)_config\.json$/;
const QUANT_SUFFIX = "_hf_quant_config.json";

const jsonObject = z.record(z.string(), z.unknown());
const heads = z.object({ num_attention_heads: z.number().int().positive() });

/** Names of all models, `org/name`, sorted. */
export function listModels(tree: SourceTree): string[] {
  return tree.files.flatMap((path) => {
    const stem = path.endsWith(QUANT_SUFFIX)
      ? undefined
      : CONFIG_FILE.exec(path)?.[1];
    return stem === undefined ? [] : [stem.replace("--", "/")];
  }).sort();
}

/** Reads one model's files. @throws {WattkeeperError} `invalid_file` */
export async function readModel(
  tree: SourceTree,
  name: string,
): Promise<StoredModelConfig> {
  const stem = `model_configs/${name.replace("/", "--")}`;
  const quantPath = stem + QUANT_SUFFIX;
  return {
    config: await readJson(tree, `${stem}_config.json`),
    hfQuantConfig: tree.files.includes(quantPath)
      ? await readJson(tree, quantPath)
      : null,
  };
}

/** Attention heads of a model, from its config or the text part of it; null when it does not say. */
export function attentionHeads({ config }: StoredModelConfig): number | null {
  for (const part of [config, config["text_config"]]) {
    const parsed = heads.safeParse(part);
    if (parsed.success) return parsed.data.num_attention_heads;
  }
  return null;
}

async function readJson(
  tree: SourceTree,
  path: string,
): Promise<Record<string, unknown>> {
  const text = await readText(tree, path);
  let content: unknown;
  try {
    content = JSON.parse(withoutInfinity(text));
  } catch (error) {
    throw invalidFile(tree.locate(path), "It is not JSON.", error);
  }
  if (isDeeperThan(content, MOST_NESTED)) {
    throw invalidFile(
      tree.locate(path),
      `It is nested deeper than ${MOST_NESTED} levels.`,
    );
  }
  const parsed = jsonObject.safeParse(content);
  if (parsed.success) return parsed.data;
  throw invalidFile(tree.locate(path), "It is not a JSON object.");
}

/** Levels that a configuration may have; shipped ones have six. */
const MOST_NESTED = 64;

function isDeeperThan(content: unknown, most: number): boolean {
  if (typeof content !== "object" || content === null) return false;
  return most === 0 ||
    Object.values(content).some((inner) => isDeeperThan(inner, most - 1));
}

/** Python writes `Infinity` and `NaN` into JSON, and upstream's files have them; they become null. */
function withoutInfinity(text: string): string {
  return text.replace(
    /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g,
    (token) => token.startsWith('"') ? token : "null",
  );
}
