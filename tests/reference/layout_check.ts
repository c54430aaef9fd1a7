/** Which layouts a model can have (`aic-engine.md` §6.1). @module */

import type { Layout } from "../../optimizer-wasm/estimate_case.ts";
import { type Model, objectOf } from "./model.ts";
import type { Quant } from "./quant_choice.ts";
import { Refusal } from "./refusal.ts";

/** @throws {Refusal} `invalid_layout` */
export function checkLayout(
  model: Model,
  layout: Layout,
  backend: string,
  quant: Quant,
): void {
  const { tp, dp, moeTp, moeEp, cp } = layout;
  const refuse = (why: string) => {
    throw new Refusal("invalid_layout", why);
  };
  if (model.heads % tp !== 0) refuse(`${model.heads} heads over tp ${tp}`);
  if (cp > 1 && (backend !== "sglang" || tp !== 1 || dp !== 1)) {
    refuse(`cp ${cp} on ${backend}, tp ${tp}, dp ${dp}`);
  }
  if (model.family === "LLAMA" || model.family === "GPT") return;
  if (tp * dp * cp !== moeTp * moeEp) {
    refuse(`width ${tp * dp * cp}, experts over ${moeTp * moeEp}`);
  }
  if (model.experts < moeEp) refuse(`${model.experts} experts over ${moeEp}`);
  const blocks =
    objectOf(model.config, "quantization_config")["weight_block_size"];
  const block = Array.isArray(blocks) ? Number(blocks[0]) : 128;
  if (
    model.family === "MOE" && quant.moe === "fp8_block" &&
    Math.floor(model.expertInter / moeTp) % block !== 0
  ) {
    refuse(`blocks of ${block} in ${model.expertInter} over moe_tp ${moeTp}`);
  }
}
