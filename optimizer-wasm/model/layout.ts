/** Which layouts a model allows (`aic-engine.md` §6.1, checks). @module */

import { WattkeeperError } from "../../service/portable.ts";
import type { Layout } from "../estimate_case.ts";
import { isMoeFamily, type ModelSpec } from "./model_spec.ts";
import type { QuantChoice } from "./quant_choice.ts";

/** Rows of a quantised weight block that may not be split between GPUs. */
const DEFAULT_WEIGHT_BLOCK = 128;
/** Largest value of one parallel size; beyond it a layout is a slip of the pen. */
const MOST_RANKS = 4096;

/** Fields of a layout with the names people write. */
const FIELDS: readonly (readonly [keyof Layout, string])[] = [
  ["tp", "tp"],
  ["pp", "pp"],
  ["dp", "dp"],
  ["moeTp", "moe_tp"],
  ["moeEp", "moe_ep"],
  ["cp", "cp"],
];

/** GPUs that one replica occupies. */
export function gpusOf({ tp, pp, dp, cp }: Layout): number {
  return tp * pp * dp * cp;
}

function refuse(where: string, message: string): WattkeeperError {
  return new WattkeeperError("invalid_layout", message, { where });
}

function checkSizes(layout: Layout): void {
  for (const [field, name] of FIELDS) {
    const value = layout[field];
    if (!Number.isSafeInteger(value) || value < 1 || value > MOST_RANKS) {
      throw refuse(
        name,
        `${name} must be an integer from 1 to ${MOST_RANKS}, found ${value}.`,
      );
    }
  }
}

/**
 * Checks a layout against a model and a backend.
 *
 * @throws {WattkeeperError} `invalid_layout`, naming the field
 */
export function checkLayout(
  model: ModelSpec,
  layout: Layout,
  options: { readonly backend: string; readonly quant: QuantChoice },
): void {
  checkSizes(layout);
  const { tp, pp, dp, moeTp, moeEp, cp } = layout;
  if (model.heads % tp !== 0) {
    throw refuse(
      "tp",
      `tp = ${tp} does not divide the ${model.heads} attention heads of "${model.name}".`,
    );
  }
  if (pp > model.layers) {
    throw refuse(
      "pp",
      `pp = ${pp} is more than the ${model.layers} layers of "${model.name}".`,
    );
  }
  if (cp > 1 && (options.backend !== "sglang" || tp > 1 || dp > 1)) {
    throw refuse(
      "cp",
      `cp = ${cp} needs sglang with tp = 1 and dp = 1; found ${options.backend}, tp = ${tp}, dp = ${dp}.`,
    );
  }
  if (!isMoeFamily(model.family)) return;
  if (tp * dp * cp !== moeTp * moeEp) {
    throw refuse(
      "moe_tp",
      `tp × dp × cp = ${tp * dp * cp} must equal moe_tp × moe_ep = ${
        moeTp * moeEp
      }.`,
    );
  }
  if (moeEp > model.experts) {
    throw refuse(
      "moe_ep",
      `moe_ep = ${moeEp} is more than the ${model.experts} experts of "${model.name}".`,
    );
  }
  const block = model.weightBlock ?? DEFAULT_WEIGHT_BLOCK;
  if (
    model.family === "MOE" && options.quant.moe === "fp8_block" &&
    Math.floor(model.moeInter / moeTp) % block !== 0
  ) {
    throw refuse(
      "moe_tp",
      `moe_tp = ${moeTp} splits the expert width ${model.moeInter} into parts that are no multiple of ` +
        `the ${block}-row weight blocks.`,
    );
  }
}
