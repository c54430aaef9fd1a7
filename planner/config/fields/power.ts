/** Fields about watts. @module */

import { field, whole } from "../field.ts";
import { choice, flag, WATTS } from "./shared_words.ts";

export const power = {
  enable_power_awareness: flag(
    false,
    "Keep the sum of the caps within the watt budget.",
  ),
  total_gpu_power_limit: field(
    whole(1).optional(),
    "Watt budget of all GPUs of the deployment.",
    `${WATTS}: rack watts × headroom (0.9; 0.85 when several replicas may start at once) − watts of everything that is not a GPU (R30).`,
  ),
  prefill_engine_gpu_power_limit: field(
    whole(1, 100_000).optional(),
    "Cap of one prefill GPU while the optimizer does not set it.",
    `${WATTS} per GPU.`,
  ),
  decode_engine_gpu_power_limit: field(
    whole(1, 100_000).optional(),
    "Cap of one decode GPU while the optimizer does not set it.",
    `${WATTS} per GPU.`,
  ),
  power_agent_safe_default_watts: field(
    whole(1, 100_000).optional(),
    "Cap that the agents fall back to.",
    `${WATTS}, about 70 % of the GPU's TDP, for example 490 for an H200.`,
  ),
  power_cap_owner: choice(
    ["planner", "deployment"],
    "planner",
    "Who authors the caps.",
  ),
  power_clamp: choice(
    ["exact", "compatible"],
    "exact",
    "How a target that is over the watts is reduced.",
  ),
  budget_below_floor: choice(
    ["shed", "hold_floor"],
    "shed",
    "What a budget below the floor footprint means (R12).",
  ),
  start_mode: choice(
    ["gate", "prearm", "none"],
    "gate",
    "How starts are kept inside the budget (R42).",
  ),
};
