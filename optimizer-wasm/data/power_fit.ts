/** Parameters of the power model, as `data fit --tables` wrote them. @module */

import type { FamilyModel, PowerInterval, PowerModel } from "./power_model.ts";

const flat: FamilyModel = {
  coefficients: [0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  interval: [0.7, 1.4],
};
const each = {
  gemm: flat,
  contextAttention: flat,
  generationAttention: flat,
  moe: flat,
  contextLatent: flat,
  generationLatent: flat,
  memory: flat,
};
const wide: PowerInterval = [0.7, 1.4];
const same = {
  gemm: wide,
  contextAttention: wide,
  generationAttention: wide,
  moe: wide,
  contextLatent: wide,
  generationLatent: wide,
  memory: wide,
};

/** The fitted model. */
export const POWER_MODEL: PowerModel = {
  families: { any: each, vllm: each, trtllm: each },
  measured: same,
  borrowed: same,
};
